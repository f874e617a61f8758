/** The drops of a session as a table of any length: filtered and sorted by the Host, live in the rows that are shown. */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import type { DropRow } from '../../engine/api/contract.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import '../components/state-badge.ts';
import type { Column, WeirVirtualTable } from '../components/virtual-table.ts';
import '../components/virtual-table.ts';
import type { Client } from '../data/client.ts';
import { PagedRows } from '../data/paged-rows.ts';
import type { SessionUpdate } from '../data/session-feed.ts';
import { Throttle } from '../data/throttle.ts';
import { formatBytes, formatClock, formatDateTime, formatDuration, NOTHING } from '../format.ts';
import { go, linkToDrop, linkToSession, type Query } from '../router.ts';
import { stateOfRow, wordOf } from '../states.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { dropsParams, sortOf } from './drops-query.ts';
import { viewStyles } from './view-styles.ts';

/** States of drops; RUNNING is one of applications. */
export const DROP_STATUSES = [
  'INITIALIZED',
  'RUNNING',
  'WRITING',
  'COMPLETED',
  'ERROR',
  'CANCELLED',
  'SKIPPED',
  'EXPIRED',
  'DELETED',
];
const REFRESH_MS = 2000;

const durationOf = ({ startedAt, finishedAt }: DropRow): number | null =>
  startedAt === null || finishedAt === null ? null : finishedAt - startedAt;

/**
 * @prop client - where to ask
 * @prop sessionId - which session
 * @prop drops - how many there are in all
 * @prop query - filters: `text`, `status`, `kind`, `lgKey` (with `lgName` for people), `sort` (`-` before: descending)
 */
export class WeirSessionDrops extends LitElement {
  static override properties = {
    client: { attribute: false },
    sessionId: { attribute: false },
    query: { attribute: false },
    drops: { attribute: false },
  };
  static override styles = [
    base,
    controls,
    viewStyles,
    css`
      .chip {
        display: inline-flex;
        align-items: center;
        gap: var(--space-1);
        max-width: 280px;
        min-height: 32px;
        padding-inline-start: var(--space-3);
        border: 1px solid var(--color-line);
        border-radius: 999px;
        background: var(--color-selected);
      }

      .chip button {
        width: 28px;
        min-height: 28px;
        border-radius: 999px;
      }
    `,
  ];

  declare client: Client;
  declare sessionId: string;
  declare query: Query;
  declare drops: number;
  readonly #rows = new PagedRows<DropRow>(
    () => Promise.resolve({ items: [], total: 0 }),
    () => this.requestUpdate(),
  );
  readonly #refresh = new Throttle(async () => this.#rows.refresh(), REFRESH_MS);
  #queried = '';

  constructor() {
    super();
    this.sessionId = '';
    this.query = {};
    this.drops = 0;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#refresh.stop();
  }

  override willUpdate(_changed: PropertyValues<this>): void {
    const params = dropsParams(this.sessionId, this.query);
    const key = JSON.stringify(params);
    if (key === this.#queried) return;
    this.#queried = key;
    this.#rows.query(async (offset, limit) => {
      const { rows, total } = await this.client.call('sessions.drops', { ...params, offset, limit });
      return { items: rows, total };
    });
    this.#table?.scrollToRow(0);
  }

  override updated(): void {
    this.#table?.refresh();
  }

  get #table(): WeirVirtualTable<DropRow> | null {
    return this.renderRoot.querySelector<WeirVirtualTable<DropRow>>('weir-virtual-table');
  }

  /** Puts the cursor in the filter. */
  focusFilter(): boolean {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
    return true;
  }

  /** New states go into the rows that are held; times, sizes and filters are the Host's to say. */
  applyUpdate({ changes, isIncomplete }: SessionUpdate): void {
    if (changes.size > 0) {
      this.#rows.patch((row) => {
        const change = changes.get(row.row);
        return change === undefined ? row : { ...row, ...change };
      });
    }
    if (changes.size > 0 || isIncomplete) this.#refresh.request();
  }

  override render() {
    const { error, total, isLoaded } = this.#rows;
    const isFiltered = ['text', 'status', 'kind', 'lgKey'].some((key) => this.query[key]);
    return html`<div class="toolbar bar">
        <input
          class="grow"
          type="search"
          aria-label=${S.drops.filterText}
          placeholder=${S.drops.filterText}
          .value=${this.query['text'] ?? ''}
          @input=${(event: Event) => this.#set('text', (event.target as HTMLInputElement).value)}
        />
        ${this.#select(
          'status',
          S.drops.status,
          S.drops.anyStatus,
          DROP_STATUSES.map((s) => [s, wordOf(s)]),
        )}
        ${this.#select('kind', S.drops.kind, S.drops.anyKind, Object.entries(S.drops.kinds))}
        ${this.query['lgKey'] ? this.#chip() : nothing}
        <span class="muted small count" role="status"
          >${
            !isLoaded
              ? S.loading
              : isFiltered && this.drops > 0
                ? S.drops.countOf(total, this.drops)
                : S.drops.count(total)
          }</span
        >
      </div>
      ${
        error
          ? html`<div class="bar">
              <weir-notice tone="error" heading=${S.drops.failed} message=${error.message} code=${error.code}>
                <div><button type="button" @click=${() => this.#rows.refresh()}>${S.retry}</button></div>
              </weir-notice>
            </div>`
          : nothing
      }
      ${
        isLoaded && total === 0
          ? html`<p class="nothing muted">${S.drops.none}</p>`
          : html`<weir-virtual-table
              label=${S.drops.tableLabel}
              .columns=${columnsOf(this.sessionId)}
              .rows=${this.#rows}
              .sort=${sortOf(this.query)}
              @weir-sort=${this.#sorted}
              @weir-activate=${(event: CustomEvent<DropRow>) => go(linkToDrop(this.sessionId, event.detail.uid))}
            ></weir-virtual-table>`
      }`;
  }

  #select(key: string, label: string, any: string, options: readonly (readonly [string, string])[]) {
    const value = this.query[key] ?? '';
    return html`<select
      aria-label=${label}
      @change=${(event: Event) => this.#set(key, (event.target as HTMLSelectElement).value)}
    >
      <option value="" ?selected=${value === ''}>${any}</option>
      ${options.map(([id, word]) => html`<option value=${id} ?selected=${value === id}>${word}</option>`)}
    </select>`;
  }

  #chip() {
    const name = this.query['lgName'] || (this.query['lgKey'] ?? '');
    return html`<span class="chip"
      ><span class="truncate" title=${name}>${S.drops.logical(name)}</span>
      <button
        type="button"
        class="quiet icon"
        aria-label=${S.drops.clearLogical}
        title=${S.drops.clearLogical}
        @click=${() => this.#go({ ...this.query, lgKey: '', lgName: '' })}
      >
        <weir-icon name="close"></weir-icon></button
    ></span>`;
  }

  #set(key: string, value: string): void {
    this.#go({ ...this.query, [key]: value });
  }

  #go(query: Query): void {
    go(linkToSession(this.sessionId, 'drops', query), true);
  }

  /** First press: ascending, second: descending, third: the graph's own order. */
  #sorted = (event: CustomEvent<string>): void => {
    const sort = sortOf(this.query);
    const next = sort?.by !== event.detail ? event.detail : sort.descending ? '' : `-${event.detail}`;
    this.#set('sort', next);
  };
}

const columnsBySession = new Map<string, readonly Column<DropRow>[]>();

/** The table's columns; the same array for the same session, so that nothing is drawn anew without need. */
function columnsOf(sessionId: string): readonly Column<DropRow>[] {
  let columns = columnsBySession.get(sessionId);
  if (columns !== undefined) return columns;
  const labels = S.drops.columns;
  columns = [
    {
      id: 'status',
      label: labels.status,
      track: '116px',
      isSortable: true,
      cell: (row) => html`<weir-state-badge state=${stateOfRow(row)}></weir-state-badge>`,
    },
    {
      id: 'name',
      label: labels.name,
      track: 'minmax(120px, 2fr)',
      isSortable: true,
      cell: (row) =>
        html`<a tabindex="-1" href=${linkToDrop(sessionId, row.uid)} title=${row.name}>${row.name}</a>`,
    },
    {
      id: 'uid',
      label: labels.uid,
      track: 'minmax(100px, 2fr)',
      isSortable: true,
      minTablePx: 700,
      cell: (row) => html`<span class="mono" title=${row.uid}>${row.uid}</span>`,
    },
    {
      id: 'dropclass',
      label: labels.dropclass,
      track: 'minmax(100px, 1.2fr)',
      isSortable: true,
      minTablePx: 960,
      cell: (row) => html`<span title=${row.dropclass}>${row.dropclass.split('.').at(-1) ?? ''}</span>`,
    },
    {
      id: 'startedAt',
      label: labels.startedAt,
      track: '104px',
      isSortable: true,
      minTablePx: 560,
      cell: (row) => html`<span title=${formatDateTime(row.startedAt)}>${formatClock(row.startedAt)}</span>`,
    },
    {
      id: 'durationMs',
      label: labels.durationMs,
      track: '96px',
      isSortable: true,
      isNumeric: true,
      cell: (row) => formatDuration(durationOf(row)),
    },
    {
      id: 'sizeBytes',
      label: labels.sizeBytes,
      track: '88px',
      isSortable: true,
      isNumeric: true,
      cell: (row) => (row.kind === 'app' ? NOTHING : formatBytes(row.sizeBytes)),
    },
  ];
  columnsBySession.clear();
  columnsBySession.set(sessionId, columns);
  return columns;
}

customElements.define('weir-session-drops', WeirSessionDrops);

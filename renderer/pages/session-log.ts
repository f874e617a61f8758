/** What a session logged: a long list, newest last, that follows its end while the end is in view. */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import type { LogEntry } from '../../engine/api/contract.ts';
import '../components/code-block.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Column, WeirVirtualTable } from '../components/virtual-table.ts';
import '../components/virtual-table.ts';
import type { Client } from '../data/client.ts';
import { PagedRows } from '../data/paged-rows.ts';
import type { SessionUpdate } from '../data/session-feed.ts';
import { Throttle } from '../data/throttle.ts';
import { formatClock, formatDateTime } from '../format.ts';
import { go, linkToDrop, linkToSession, type Query } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { viewStyles } from './view-styles.ts';

const REFRESH_MS = 500;

/**
 * @prop client - where to ask
 * @prop sessionId - which session
 * @prop droppedAt - when retention last took something from the session
 * @prop query - filters: `text`, `level`
 */
export class WeirSessionLog extends LitElement {
  static override properties = {
    client: { attribute: false },
    sessionId: { attribute: false },
    droppedAt: { attribute: false },
    query: { attribute: false },
    opened: { state: true },
  };
  static override styles = [
    base,
    controls,
    viewStyles,
    css`
      .opened {
        display: grid;
        flex: none;
        gap: var(--space-2);
        max-height: 45%;
        padding: var(--space-3) var(--space-4);
        border-top: 1px solid var(--color-line);
        background: var(--color-canvas);
        overflow: auto;
      }
    `,
  ];

  declare client: Client;
  declare sessionId: string;
  declare droppedAt: number | undefined;
  declare query: Query;
  declare opened: LogEntry | undefined;
  readonly #rows = new PagedRows<LogEntry>(
    () => Promise.resolve({ items: [], total: 0 }),
    () => this.#changed(),
  );
  readonly #refresh = new Throttle(async () => this.#rows.refresh(), REFRESH_MS);
  #queried = '';
  #total = 0;

  constructor() {
    super();
    this.sessionId = '';
    this.droppedAt = undefined;
    this.query = {};
    this.opened = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#refresh.stop();
  }

  override willUpdate(_changed: PropertyValues<this>): void {
    const { text, level } = this.query;
    const params = { sessionId: this.sessionId, ...(text ? { text } : {}), ...(level ? { level } : {}) };
    const key = JSON.stringify(params);
    if (key === this.#queried) return;
    this.#queried = key;
    this.#total = 0;
    this.opened = undefined;
    this.#rows.query(async (offset, limit) => {
      const { entries, total } = await this.client.call('sessions.logs', { ...params, offset, limit });
      return { items: entries, total };
    });
  }

  get #table(): WeirVirtualTable<LogEntry> | null {
    return this.renderRoot.querySelector<WeirVirtualTable<LogEntry>>('weir-virtual-table');
  }

  /** Puts the cursor in the filter. */
  focusFilter(): boolean {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
    return true;
  }

  applyUpdate({ logs, isIncomplete }: SessionUpdate): void {
    if (logs.length > 0 || isIncomplete) this.#refresh.request();
  }

  /** New entries at the end: stays with the end when that is what the person sees. */
  #changed(): void {
    const table = this.#table;
    const isGrown = this.#rows.total > this.#total && this.#total > 0;
    const isFollowing = isGrown && (table?.isAtEnd ?? false);
    this.#total = this.#rows.total;
    this.requestUpdate();
    if (!isFollowing) return;
    void this.updateComplete.then(async () => {
      table?.refresh();
      await table?.updateComplete;
      table?.scrollToRow(this.#rows.total - 1);
    });
  }

  override updated(): void {
    this.#table?.refresh();
  }

  override render() {
    const { error, total, isLoaded } = this.#rows;
    const level = this.query['level'] ?? '';
    const isFiltered = level !== '' || Boolean(this.query['text']);
    return html`<div class="toolbar bar">
        <input
          class="grow"
          type="search"
          aria-label=${S.log.filterText}
          placeholder=${S.log.filterText}
          .value=${this.query['text'] ?? ''}
          @input=${(event: Event) => this.#set('text', (event.target as HTMLInputElement).value)}
        />
        <select
          aria-label=${S.log.level}
          @change=${(event: Event) => this.#set('level', (event.target as HTMLSelectElement).value)}
        >
          <option value="" ?selected=${level === ''}>${S.log.anyLevel}</option>
          ${Object.entries(S.log.levels).map(
            ([id, word]) => html`<option value=${id} ?selected=${level === id}>${word}</option>`,
          )}
        </select>
        <span class="muted small count" role="status">${isLoaded ? S.log.count(total) : S.loading}</span>
      </div>
      ${
        error
          ? html`<div class="bar">
              <weir-notice
                tone="error"
                heading=${S.log.failed}
                message=${error.message}
                code=${error.code}
              ></weir-notice>
            </div>`
          : nothing
      }
      ${
        isLoaded && total === 0
          ? html`<p class="nothing muted">
              ${isFiltered ? S.log.noMatch : this.droppedAt === undefined ? S.log.none : S.log.dropped(this.droppedAt)}
            </p>`
          : html`<weir-virtual-table
              label=${S.log.label}
              .columns=${COLUMNS}
              .rows=${this.#rows}
              @weir-activate=${(event: CustomEvent<LogEntry>) => (this.opened = event.detail)}
            ></weir-virtual-table>`
      }
      ${this.opened ? this.#entry(this.opened) : nothing}`;
  }

  #entry({ at, level, uid, message }: LogEntry) {
    return html`<section class="opened" aria-label=${S.details}>
      <div class="toolbar">
        <strong>${S.log.levels[level]}</strong>
        <span class="muted">${formatDateTime(at)}</span>
        ${uid === null ? nothing : html`<a href=${linkToDrop(this.sessionId, uid)}>${uid}</a>`}
        <span class="spacer"></span>
        <button
          type="button"
          class="quiet icon"
          aria-label=${S.close}
          title=${S.close}
          @click=${() => (this.opened = undefined)}
        >
          <weir-icon name="close"></weir-icon>
        </button>
      </div>
      <weir-code-block wraps copyable .text=${message} label=${S.log.columns.message}></weir-code-block>
    </section>`;
  }

  #set(key: string, value: string): void {
    go(linkToSession(this.sessionId, 'log', { ...this.query, [key]: value }), true);
  }
}

/** The icon of a level; the word is in the next column. */
const LEVEL_STATE: Readonly<Record<LogEntry['level'], string>> = {
  debug: 'deleted',
  info: 'info',
  warn: 'interrupted',
  error: 'error',
};

const COLUMNS: readonly Column<LogEntry>[] = [
  {
    id: 'at',
    label: S.log.columns.at,
    track: '104px',
    cell: ({ at }) => html`<span title=${formatDateTime(at)}>${formatClock(at)}</span>`,
  },
  {
    id: 'level',
    label: S.log.columns.level,
    track: '96px',
    cell: ({ level }) => html`<weir-log-level level=${level}></weir-log-level>`,
  },
  {
    id: 'uid',
    label: S.log.columns.uid,
    track: 'minmax(80px, 1fr)',
    minTablePx: 640,
    cell: ({ uid }) => html`<span class="mono" title=${uid ?? ''}>${uid ?? ''}</span>`,
  },
  {
    id: 'message',
    label: S.log.columns.message,
    track: 'minmax(160px, 4fr)',
    cell: ({ message }) => html`<span title=${message}>${message}</span>`,
  },
];

/** @attr level - a log level, as shape, colour and word */
export class WeirLogLevel extends LitElement {
  static override properties = { level: { type: String } };
  static override styles = css`
    span {
      display: flex;
      align-items: center;
      gap: 6px;
    }

    weir-icon {
      color: var(--color-muted);
    }

    .warn {
      color: var(--state-interrupted);
    }

    .error {
      color: var(--state-error);
    }
  `;

  declare level: LogEntry['level'];

  constructor() {
    super();
    this.level = 'info';
  }

  override render() {
    const { level } = this;
    return html`<span
      ><weir-icon class=${level} name=${LEVEL_STATE[level]}></weir-icon>${S.log.levels[level]}</span
    >`;
  }
}

customElements.define('weir-log-level', WeirLogLevel);
customElements.define('weir-session-log', WeirSessionLog);

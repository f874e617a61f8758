/** Drops of all sessions by name, status or content: "what made this file?" for those who know its hash. */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import type { MethodParams, MethodResult } from '../../engine/api/contract.ts';
import '../components/empty-state.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import '../components/state-badge.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { Throttle } from '../data/throttle.ts';
import { announce, askForGraph } from '../events.ts';
import { formatBytes, formatDateTime, NOTHING } from '../format.ts';
import { go, linkToDrop, linkToFind, linkToSession, type Query } from '../router.ts';
import { stateOfRow, wordOf } from '../states.ts';
import { S } from '../strings.ts';
import { base, controls, listTable, page, panel } from '../styles/shared.ts';
import { DROP_STATUSES } from './session-drops.ts';

type Found = MethodResult<'history.drops'>['found'][number];

const PAGE_DROPS = 100;
const SEARCH_MS = 250;
const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * @prop client - where to ask
 * @prop query - `text`, `status`, `hash`
 */
export class WeirFindPage extends LitElement {
  static override properties = {
    client: { attribute: false },
    query: { attribute: false },
    found: { state: true },
    next: { state: true },
    isLooking: { state: true },
    error: { state: true },
  };
  static override styles = [
    base,
    controls,
    panel,
    page,
    listTable,
    css`
      .hash {
        flex: 2 1 320px;
        min-width: 200px;
      }

      .scroll {
        overflow: auto;
      }

      th,
      td {
        padding: var(--space-2) var(--space-3);
        vertical-align: middle;
      }

      th:first-child {
        width: 128px;
      }

      th:nth-child(4) {
        width: 208px;
      }

      th:nth-child(5) {
        width: 92px;
      }

      td .truncate {
        display: block;
      }

      footer {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        padding: var(--space-3) var(--space-4);
      }
    `,
  ];

  declare client: Client;
  declare query: Query;
  declare found: readonly Found[] | undefined;
  /** Where to go on; null: there are no more. */
  declare next: number | null;
  declare isLooking: boolean;
  declare error: HostError | undefined;
  #asked = 0;
  readonly #search = new Throttle(() => this.#find(), SEARCH_MS);

  constructor() {
    super();
    this.query = {};
    this.found = undefined;
    this.next = null;
    this.isLooking = false;
    this.error = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = `${S.find.title} – ${S.appName}`;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#search.stop();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('query')) this.#search.request();
  }

  focusFilter(): boolean {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
    return true;
  }

  get #filters(): Omit<MethodParams<'history.drops'>, 'limit' | 'before'> | undefined {
    const { text = '', status = '', hash = '' } = this.query;
    if (text === '' && status === '' && hash === '') return undefined;
    if (hash !== '' && !SHA256.test(hash)) return undefined;
    return {
      ...(text === '' ? {} : { text }),
      ...(status === '' ? {} : { status }),
      ...(hash === '' ? {} : { contentHash: hash }),
    };
  }

  /** The first page, or with `before` the next. A call may find nothing and still say where to go on. */
  async #find(before?: number): Promise<void> {
    const asked = ++this.#asked;
    const filters = this.#filters;
    this.error = undefined;
    if (filters === undefined) {
      this.found = undefined;
      this.next = null;
      this.isLooking = false;
      return;
    }
    this.isLooking = true;
    const found = before === undefined ? [] : [...(this.found ?? [])];
    const wanted = found.length + PAGE_DROPS;
    try {
      let next: number | null | undefined = before;
      do {
        const answer: MethodResult<'history.drops'> = await this.client.call('history.drops', {
          ...filters,
          limit: wanted - found.length,
          ...(next === undefined ? {} : { before: next }),
        });
        if (asked !== this.#asked) return;
        found.push(...answer.found);
        next = answer.next;
        this.found = [...found];
        this.next = next;
      } while (next !== null && found.length < wanted);
      announce(this, S.find.shown(found.length, next !== null));
    } catch (error) {
      if (asked === this.#asked) this.error = toHostError(error);
    } finally {
      if (asked === this.#asked) this.isLooking = false;
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    const { text = '', status = '', hash = '' } = this.query;
    return html`<div class="page">
      <div class="toolbar">
        <h1>${S.find.title}</h1>
        <span class="spacer"></span>
        <button type="button" @click=${() => askForGraph(this)}>
          <weir-icon name="open"></weir-icon>${S.find.file}
        </button>
      </div>
      <div class="toolbar" role="search">
        ${this.#input('text', S.find.text, text, 'grow')}
        ${this.#input('hash', S.find.hash, hash, 'hash mono')}
        <select
          aria-label=${S.find.status}
          @change=${(event: Event) => this.#set('status', (event.target as HTMLSelectElement).value)}
        >
          <option value="" ?selected=${status === ''}>${S.find.anyStatus}</option>
          ${DROP_STATUSES.map(
            (one) => html`<option value=${one} ?selected=${one === status}>${wordOf(one)}</option>`,
          )}
        </select>
      </div>
      ${this.#body(hash)}
    </div>`;
  }

  #input(key: string, label: string, value: string, classes: string) {
    return html`<input
      type="search"
      class=${classes}
      aria-label=${label}
      placeholder=${label}
      .value=${value}
      @input=${(event: Event) => this.#set(key, (event.target as HTMLInputElement).value.trim())}
    />`;
  }

  #body(hash: string) {
    if (this.error) {
      return html`<weir-notice
        tone="error"
        heading=${S.find.failed}
        message=${this.error.message}
        code=${this.error.code}
      >
        <div><button type="button" @click=${() => void this.#find()}>${S.retry}</button></div>
      </weir-notice>`;
    }
    if (hash !== '' && !SHA256.test(hash)) return html`<p class="muted" role="status">${S.find.badHash}</p>`;
    const { found } = this;
    if (found === undefined || (found.length === 0 && this.isLooking)) {
      return html`<p class="muted" role="status">${this.isLooking ? S.find.looking : S.find.start}</p>`;
    }
    if (found.length === 0) {
      return html`<weir-empty-state
        class="panel"
        heading=${S.find.none}
        message=${S.find.noneText}
      ></weir-empty-state>`;
    }
    return this.#table(found);
  }

  #table(found: readonly Found[]) {
    const { columns } = S.find;
    return html`<div class="panel">
      <div class="scroll" role="region" tabindex="0" aria-label=${S.find.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">${columns.status}</th>
              <th scope="col">${columns.name}</th>
              <th scope="col">${columns.session}</th>
              <th scope="col">${columns.finished}</th>
              <th scope="col" class="numeric">${columns.size}</th>
            </tr>
          </thead>
          <tbody>
            ${found.map((drop) => this.#row(drop))}
          </tbody>
        </table>
      </div>
      <footer>
        <span class="muted small">${S.find.shown(found.length, this.next !== null)}</span>
        ${
          this.next === null
            ? nothing
            : html`<button type="button" @click=${() => void this.#find(this.next ?? undefined)}>
                ${this.isLooking ? S.find.looking : S.find.more}
              </button>`
        }
      </footer>
    </div>`;
  }

  #row(drop: Found) {
    const { sessionId, uid, name, kind, finishedAt, sizeBytes } = drop;
    return html`<tr>
      <td><weir-state-badge state=${stateOfRow(drop)}></weir-state-badge></td>
      <td>
        <a class="truncate" href=${linkToDrop(sessionId, uid)} title=${name}>${name}</a>
        <span class="mono muted small truncate" title=${uid}>${uid}</span>
      </td>
      <td><a class="truncate" href=${linkToSession(sessionId)} title=${sessionId}>${sessionId}</a></td>
      <td class="small">${formatDateTime(finishedAt)}</td>
      <td class="numeric">${kind === 'app' ? NOTHING : formatBytes(sizeBytes)}</td>
    </tr>`;
  }

  #set(key: string, value: string): void {
    go(linkToFind({ ...this.query, [key]: value }), true);
  }
}

customElements.define('weir-find-page', WeirFindPage);

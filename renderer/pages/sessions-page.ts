/** All sessions, present and past, newest first; when there are none, the way to the first. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { Sample, SessionSummary } from '../../engine/api/contract.ts';
import '../components/empty-state.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import '../components/state-badge.ts';
import '../components/state-strip.ts';
import { Ticker } from '../components/ticker.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { hasFilter, sessionsFilter } from '../data/sessions-query.ts';
import { Throttle } from '../data/throttle.ts';
import { askForGraph } from '../events.ts';
import { formatDateTime, formatDuration, formatInteger, formatWhen, NOTHING, spanMs } from '../format.ts';
import { linkToCompare, linkToSession, type Query } from '../router.ts';
import { isUnderWay, settledCount } from '../states.ts';
import { S } from '../strings.ts';
import { base, controls, page, panel } from '../styles/shared.ts';
import './retention-dialog.ts';
import './sample-list.ts';
import type { WeirSessionsFilter } from './sessions-filter.ts';
import './sessions-filter.ts';
import { sessionsPageStyles } from './sessions-page-styles.ts';

const PAGE_SESSIONS = 100;
const REFRESH_MS = 400;
/** As many columns as a comparison of several sessions can be read at. */
const MAX_PICKED = 12;

/**
 * @prop client - where to ask
 * @prop query - filters: `text`, `status`, `graph`, `since`, `signature`
 */
export class WeirSessionsPage extends LitElement {
  static override properties = {
    client: { attribute: false },
    query: { attribute: false },
    sessions: { state: true },
    total: { state: true },
    limit: { state: true },
    samples: { state: true },
    error: { state: true },
    picked: { state: true },
    isMakingRoom: { state: true },
  };
  static override styles = [base, controls, panel, page, sessionsPageStyles];

  declare client: Client;
  declare query: Query;
  /** Undefined until the first answer. */
  declare sessions: readonly SessionSummary[] | undefined;
  declare total: number;
  declare limit: number;
  declare samples: readonly Sample[];
  declare error: HostError | undefined;
  /** Sessions picked for a comparison. */
  declare picked: readonly string[];
  declare isMakingRoom: boolean;
  #end: (() => void) | undefined;
  #asked = 0;
  readonly #refresh = new Throttle(() => this.#load(), REFRESH_MS);

  constructor() {
    super();
    this.query = {};
    this.sessions = undefined;
    this.total = 0;
    this.limit = PAGE_SESSIONS;
    this.samples = [];
    this.error = undefined;
    this.picked = [];
    this.isMakingRoom = false;
    new Ticker(this, () => this.sessions?.some(({ status }) => isUnderWay(status)) ?? false);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = `${S.sessions} – ${S.appName}`;
    if (this.client !== undefined) this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end?.();
    this.#end = undefined;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('client')) {
      this.#follow();
      void this.#loadSamples();
    }
    if (changed.has('query') && this.#end !== undefined) void this.#load();
  }

  /** Puts the cursor in the filter. */
  focusFilter(): boolean {
    const filter = this.renderRoot.querySelector<WeirSessionsFilter>('weir-sessions-filter');
    filter?.focus();
    return filter !== null;
  }

  #follow(): void {
    this.#end?.();
    this.#end = this.client.subscribe(
      'sessions',
      {},
      (message) => {
        if (message.type === 'snapshot') void this.#load();
        else this.#patch(message.changed, message.removed);
      },
      (error) => (this.error = error),
    );
  }

  /** Takes over what changed; what may have come or gone by the filter is asked for. */
  #patch(changed: readonly SessionSummary[], removed: readonly string[]): void {
    const news = new Map(changed.map((summary) => [summary.sessionId, summary]));
    const known = this.sessions ?? [];
    this.sessions = known
      .filter(({ sessionId }) => !removed.includes(sessionId))
      .map((summary) => news.get(summary.sessionId) ?? summary);
    if (removed.length > 0) this.picked = this.picked.filter((id) => !removed.includes(id));
    const isKnown = (id: string): boolean => known.some(({ sessionId }) => sessionId === id);
    if (removed.length > 0 || this.#isFiltered || changed.some(({ sessionId }) => !isKnown(sessionId))) {
      this.#refresh.request();
    }
  }

  async #load(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const { sessions, total } = await this.client.call('sessions.list', {
        limit: this.limit,
        ...sessionsFilter(this.query),
      });
      if (asked !== this.#asked) return;
      this.sessions = sessions;
      this.total = total;
      this.error = undefined;
    } catch (error) {
      if (asked === this.#asked) this.error = toHostError(error);
    }
  }

  async #loadSamples(): Promise<void> {
    try {
      this.samples = (await this.client.call('samples.list', {})).samples;
    } catch {
      // Without samples the page offers to open a graph; that the Host cannot be reached, the list says.
      this.samples = [];
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  get #isFiltered(): boolean {
    return hasFilter(this.query);
  }

  override render() {
    if (this.error) {
      return html`<div class="page">
        <h1>${S.sessions}</h1>
        <weir-notice
          tone="error"
          heading=${S.list.failed}
          message=${this.error.message}
          code=${this.error.code}
        >
          <div><button type="button" @click=${() => void this.#load()}>${S.retry}</button></div>
        </weir-notice>
      </div>`;
    }
    if (this.sessions === undefined) return html`<p class="page muted">${S.loading}</p>`;
    if (this.sessions.length === 0 && !this.#isFiltered) return this.#welcome();
    return html`<div class="page">
        <div class="toolbar">
          <h1>${S.sessions}</h1>
          <span class="muted">${S.list.count(this.total)}</span>
          <span class="spacer"></span>
          <button type="button" @click=${() => (this.isMakingRoom = true)}>${S.retention.open}</button>
        </div>
        <weir-sessions-filter .query=${this.query}></weir-sessions-filter>
        ${this.picked.length === 0 ? nothing : this.#comparison()}
        ${this.sessions.length === 0 ? this.#noMatch() : this.#table(this.sessions)}
        ${
          this.samples.length > 0
            ? html`<weir-sample-list isBelowTable .samples=${this.samples}></weir-sample-list>`
            : nothing
        }
      </div>
      <weir-retention-dialog
        .client=${this.client}
        ?open=${this.isMakingRoom}
        @weir-close=${() => (this.isMakingRoom = false)}
      ></weir-retention-dialog>`;
  }

  #noMatch() {
    return html`<weir-empty-state
      class="panel"
      heading=${S.list.noMatchTitle}
      message=${S.list.noMatchText}
    ></weir-empty-state>`;
  }

  #welcome() {
    return html`<div class="page welcome">
      <h1>${S.list.emptyTitle}</h1>
      <p class="muted">${this.samples.length > 0 ? S.list.emptyText : S.list.noSamples}</p>
      ${
        this.samples.length > 0
          ? html`<weir-sample-list .samples=${this.samples}></weir-sample-list>`
          : nothing
      }
      <div class="invitation">
        ${S.list.dropHere}
        <button type="button" @click=${() => askForGraph(this)}>
          <weir-icon name="open"></weir-icon>${S.openGraph}
        </button>
      </div>
    </div>`;
  }

  #table(sessions: readonly SessionSummary[]) {
    const { columns } = S.list;
    return html`<div class="panel table">
      <table>
        <thead>
          <tr>
            <th scope="col">${columns.status}</th>
            <th scope="col">${columns.graph}</th>
            <th scope="col">${columns.drops}</th>
            <th scope="col">${columns.started}</th>
            <th scope="col" class="numeric">${columns.duration}</th>
            <th scope="col" class="numeric">${columns.errors}</th>
            <th scope="col">${S.reproducibility.compare.column}</th>
          </tr>
        </thead>
        <tbody>
          ${sessions.map((summary) => this.#row(summary))}
        </tbody>
      </table>
      ${
        sessions.length < this.total
          ? html`<footer>
              <span class="muted small">${S.list.shown(sessions.length, this.total)}</span>
              <button type="button" @click=${this.#more}>${S.list.more}</button>
            </footer>`
          : nothing
      }
    </div>`;
  }

  #row(summary: SessionSummary) {
    const { sessionId, status, graphName, drops, byState, startedAt, finishedAt, createdAt, errorCount } =
      summary;
    const now = Date.now();
    const begun = startedAt ?? createdAt;
    return html`<tr>
      <td><weir-state-badge state=${status}></weir-state-badge></td>
      <th scope="row">
        <a class="truncate" href=${linkToSession(sessionId)} title=${graphName}>${graphName}</a>
        <span class="muted small truncate" title=${sessionId}>${sessionId}</span>
      </th>
      <td>
        <weir-state-strip .counts=${byState}></weir-state-strip>
        <span class="muted small"
          >${isUnderWay(status) ? S.session.progress(settledCount(byState), drops) : S.drops.count(drops)}</span
        >
      </td>
      <td><time title=${formatDateTime(begun)}>${formatWhen(begun, now)}</time></td>
      <td class="numeric">
        ${
          isUnderWay(status) || finishedAt !== null
            ? formatDuration(spanMs(startedAt, finishedAt, now))
            : NOTHING
        }
      </td>
      <td class="numeric">
        ${errorCount > 0 ? html`<span class="errors">${formatInteger(errorCount)}</span>` : NOTHING}
      </td>
      <td>${this.#pick(summary)}</td>
    </tr>`;
  }

  #pick({ sessionId, graphName }: SessionSummary) {
    const isPicked = this.picked.includes(sessionId);
    return html`<label class="pick"
      ><input
        type="checkbox"
        aria-label=${S.reproducibility.compare.select(`${graphName}, ${sessionId}`)}
        .checked=${isPicked}
        ?disabled=${!isPicked && this.picked.length >= MAX_PICKED}
        @change=${(event: Event) => this.#choose(sessionId, (event.target as HTMLInputElement).checked)}
    /></label>`;
  }

  #comparison() {
    const texts = S.reproducibility.compare;
    const { picked } = this;
    const [a = '', b = ''] = picked;
    const link =
      picked.length === 2 ? linkToCompare({ a, b }) : linkToCompare({ sessions: JSON.stringify(picked) });
    return html`<div class="toolbar" role="region" aria-label=${texts.title}>
      <span aria-live="polite"
        >${picked.length === 1 ? texts.selectedOne : texts.selectedMany(picked.length)}</span
      >
      ${picked.length === 1 ? nothing : html`<a class="button" href=${link}>${texts.go}</a>`}
      <button type="button" class="quiet" @click=${() => (this.picked = [])}>${texts.clear}</button>
    </div>`;
  }

  // --- what people do --------------------------------------------------------------------------------------------

  #choose(sessionId: string, isChosen: boolean): void {
    const others = this.picked.filter((id) => id !== sessionId);
    this.picked = isChosen ? [...others, sessionId] : others;
  }

  #more = (): void => {
    this.limit = Math.min(1000, this.limit + PAGE_SESSIONS);
    void this.#load();
  };
}

customElements.define('weir-sessions-page', WeirSessionsPage);

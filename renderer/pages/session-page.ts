/** One session: its head with state and actions, and the view of it that the address names. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { SessionDetail, SessionSummary } from '../../engine/api/contract.ts';
import '../components/copy-button.ts';
import '../components/dialog.ts';
import '../components/empty-state.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import '../components/state-badge.ts';
import '../components/state-strip.ts';
import '../components/tabs.ts';
import { Ticker } from '../components/ticker.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { followSession, type SessionUpdate } from '../data/session-feed.ts';
import { Throttle } from '../data/throttle.ts';
import { announce, notifyError } from '../events.ts';
import { formatDateTime, formatDuration, formatInteger, formatShare, formatWhen, spanMs } from '../format.ts';
import { go, linkToSession, linkToSessions, SESSION_TABS, type Query, type SessionTab } from '../router.ts';
import { isUnderWay, settledCount, wordOf } from '../states.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import './session-drops.ts';
import './session-graph.ts';
import './session-log.ts';
import './session-overview.ts';
import './session-reproducibility.ts';
import { sessionPageStyles } from './session-page-styles.ts';

/** What a view of a session can do when news come in. */
export interface SessionView extends HTMLElement {
  applyUpdate(update: SessionUpdate): void;
  focusFilter?(): boolean;
}

type Question = 'cancel' | 'delete' | 'rerun' | undefined;

/** Views that are as long as they are; the others fill the window and scroll inside. */
const FLOWING: ReadonlySet<SessionTab> = new Set(['overview', 'reproducibility']);

/**
 * @prop client - where to ask
 * @prop sessionId - which session
 * @prop tab - which view
 * @prop query - filters of the view
 */
export class WeirSessionPage extends LitElement {
  static override properties = {
    client: { attribute: false },
    sessionId: { attribute: false },
    tab: { attribute: false },
    query: { attribute: false },
    detail: { state: true },
    summary: { state: true },
    error: { state: true },
    isGone: { state: true },
    question: { state: true },
  };
  static override styles = [base, controls, sessionPageStyles];

  declare client: Client;
  declare sessionId: string;
  declare tab: SessionTab;
  declare query: Query;
  declare detail: SessionDetail | undefined;
  declare summary: SessionSummary | undefined;
  declare error: HostError | undefined;
  declare isGone: boolean;
  declare question: Question;
  #end: (() => void) | undefined;
  readonly #reload = new Throttle(() => this.#load(this.sessionId), 1000);

  constructor() {
    super();
    this.sessionId = '';
    this.tab = 'overview';
    this.query = {};
    this.question = undefined;
    this.#reset();
    new Ticker(this, () => this.summary !== undefined && isUnderWay(this.summary.status));
  }

  #reset(): void {
    this.#end?.();
    this.#end = undefined;
    this.detail = undefined;
    this.summary = undefined;
    this.error = undefined;
    this.isGone = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end?.();
    this.#end = undefined;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('sessionId') && !changed.has('client')) return;
    this.#reset();
    this.#follow();
  }

  /** Puts the cursor in the filter of the view that is shown. */
  focusFilter(): boolean {
    return this.#view?.focusFilter?.() ?? false;
  }

  get #view(): SessionView | null {
    return this.renderRoot.querySelector<SessionView>('.view > *');
  }

  #follow(): void {
    const { sessionId } = this;
    void this.#load(sessionId);
    this.#end?.();
    this.#end = followSession(this.client, sessionId, {
      update: (update) => this.#update(update),
      gone: () => this.#gone(),
      error: (error) => (this.error ??= error),
    });
  }

  /** Deleted while it was shown; a session that was never there, `sessions.get` refuses. */
  #gone(): void {
    if (this.detail !== undefined) this.isGone = true;
  }

  async #load(sessionId: string): Promise<void> {
    try {
      const detail = await this.client.call('sessions.get', { sessionId });
      if (sessionId !== this.sessionId) return;
      this.detail = detail;
      this.summary ??= detail.summary;
      this.error = undefined;
      document.title = `${detail.summary.graphName} – ${S.appName}`;
    } catch (error) {
      if (sessionId === this.sessionId) this.error = toHostError(error);
    }
  }

  #update(update: SessionUpdate): void {
    const before = this.summary?.status;
    this.summary = update.summary;
    if (before !== undefined && before !== update.summary.status) {
      announce(this, S.session.announceState(update.summary.graphName, wordOf(update.summary.status)));
      // Times and signatures come with the end.
      this.#reload.request();
    } else if (update.errors.length > 0) this.#reload.request();
    this.#view?.applyUpdate(update);
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    if (this.isGone) return this.#lost(S.session.goneTitle, S.session.goneText);
    if (this.error && this.detail === undefined) return this.#failed(this.error);
    const { detail, summary } = this;
    if (detail === undefined || summary === undefined) return html`<p class="loading muted">${S.loading}</p>`;
    return html`${this.#head(summary)}
      <div class="view ${FLOWING.has(this.tab) ? 'flows' : 'fills'}">${this.#viewOf(detail, summary)}</div>
      ${this.#questions(summary)}`;
  }

  #failed(error: HostError) {
    if (error.code === 'SESSION_UNKNOWN') return this.#lost(S.session.notFoundTitle, S.session.notFoundText);
    return html`<div class="loading">
      <weir-notice tone="error" message=${error.message} code=${error.code}>
        <div><button type="button" @click=${() => this.#follow()}>${S.retry}</button></div>
      </weir-notice>
    </div>`;
  }

  #lost(heading: string, message: string) {
    return html`<weir-empty-state page heading=${heading} message=${message}>
      <a href=${linkToSessions()}>${S.session.backToList}</a>
    </weir-empty-state>`;
  }

  #head(summary: SessionSummary) {
    const { sessionId, status, graphName, drops, byState } = summary;
    return html`<header>
      <div class="title">
        <a
          class="back"
          href=${linkToSessions()}
          aria-label=${S.session.backToList}
          title=${S.session.backToList}
          ><weir-icon name="left"></weir-icon
        ></a>
        <h1 class="truncate" title=${graphName}>${graphName}</h1>
        <weir-state-badge large state=${status}></weir-state-badge>
        <span class="spacer"></span>
        <div class="toolbar">${this.#actions(summary)}</div>
      </div>
      <div class="meta muted small">
        <span class="truncate mono" title=${sessionId}>${sessionId}</span>
        <weir-copy-button
          text=${sessionId}
          label="${S.copy}: ${S.session.facts.sessionId}"
        ></weir-copy-button>
        ${this.#times(summary)}
      </div>
      <div class="progress">
        <weir-state-strip legend .counts=${byState}></weir-state-strip>
        ${
          isUnderWay(status)
            ? html`<span class="share"
                ><b>${formatShare(settledCount(byState), drops)}</b>
                <span class="muted small">${S.session.progress(settledCount(byState), drops)}</span></span
              >`
            : nothing
        }
      </div>
      <weir-tabs label=${S.session.tabsLabel} selected=${this.tab} .tabs=${this.#tabs(summary)}></weir-tabs>
    </header>`;
  }

  #times({ startedAt, finishedAt, createdAt, status }: SessionSummary) {
    const now = Date.now();
    const begun = startedAt ?? createdAt;
    const isTimed = startedAt !== null && (finishedAt !== null || isUnderWay(status));
    return html`<span title=${formatDateTime(begun)}
        >${S.session.facts.started} ${formatWhen(begun, now)}</span
      >
      ${
        isTimed
          ? html`<span
              >${S.session.facts.duration} ${formatDuration(spanMs(startedAt, finishedAt, now))}</span
            >`
          : nothing
      }`;
  }

  #tabs({ sessionId, drops }: SessionSummary) {
    return SESSION_TABS.map((id) => ({
      id,
      label: S.session.tabs[id],
      href: linkToSession(sessionId, id),
      ...(id === 'drops' ? { badge: formatInteger(drops) } : {}),
    }));
  }

  #actions({ live, status, pinned }: SessionSummary) {
    const isPinned = pinned === true;
    const isRunning = live && isUnderWay(status);
    return html`<button
        type="button"
        aria-pressed=${isPinned ? 'true' : 'false'}
        title=${S.session.pinText}
        @click=${() => void this.#pin(!isPinned)}
      >
        <weir-icon name="pin"></weir-icon>${isPinned ? S.session.unpin : S.session.pin}
      </button>
      ${
        isRunning
          ? html`<button type="button" @click=${() => (this.question = 'cancel')}>
              <weir-icon name="stop"></weir-icon>${S.session.cancel}
            </button>`
          : html`<button type="button" @click=${() => (this.question = 'rerun')}>
              <weir-icon name="again"></weir-icon>${S.session.rerun}
            </button>`
      }
      <button type="button" class="danger" @click=${() => (this.question = 'delete')}>
        <weir-icon name="trash"></weir-icon>${S.session.delete}
      </button>`;
  }

  #viewOf(detail: SessionDetail, summary: SessionSummary) {
    const { client, sessionId, query } = this;
    switch (this.tab) {
      case 'overview':
        return html`<weir-session-overview
          .client=${client}
          .detail=${detail}
          .summary=${summary}
        ></weir-session-overview>`;
      case 'drops':
        return html`<weir-session-drops
          .client=${client}
          .sessionId=${sessionId}
          .drops=${summary.drops}
          .query=${query}
        ></weir-session-drops>`;
      case 'graph':
        return html`<weir-session-graph
          .client=${client}
          .sessionId=${sessionId}
          .graphName=${summary.graphName}
          .query=${query}
        ></weir-session-graph>`;
      case 'log':
        return html`<weir-session-log
          .client=${client}
          .sessionId=${sessionId}
          .droppedAt=${summary.payloadDroppedAt}
          .query=${query}
        ></weir-session-log>`;
      case 'reproducibility':
        return html`<weir-session-reproducibility
          .client=${client}
          .summary=${summary}
          .query=${query}
        ></weir-session-reproducibility>`;
    }
  }

  #questions({ status, live }: SessionSummary) {
    const close = (): void => {
      this.question = undefined;
    };
    const texts = S.session;
    return html`<weir-dialog
        heading=${texts.cancelTitle}
        ?open=${this.question === 'cancel'}
        @weir-close=${close}
      >
        <p>${texts.cancelText}</p>
        <button slot="actions" type="button" @click=${close}>${texts.keepRunning}</button>
        <button slot="actions" type="button" class="danger" @click=${this.#cancel}>${texts.cancel}</button>
      </weir-dialog>
      <weir-dialog heading=${texts.rerunTitle} ?open=${this.question === 'rerun'} @weir-close=${close}>
        <p>${texts.rerunText}</p>
        <p class="muted small">${texts.rerunReuseText}</p>
        <button slot="actions" type="button" @click=${close}>${S.cancel}</button>
        <button slot="actions" type="button" @click=${() => void this.#rerun(true)}>
          ${texts.rerunReuse}
        </button>
        <button slot="actions" type="button" class="primary" @click=${() => void this.#rerun(false)}>
          ${texts.rerunAll}
        </button>
      </weir-dialog>
      <weir-dialog heading=${texts.deleteTitle} ?open=${this.question === 'delete'} @weir-close=${close}>
        <p>${texts.deleteText} ${live && isUnderWay(status) ? texts.deleteLive : nothing}</p>
        <button slot="actions" type="button" @click=${close}>${S.cancel}</button>
        <button slot="actions" type="button" class="danger" @click=${this.#delete}>${texts.delete}</button>
      </weir-dialog>`;
  }

  // --- actions ---------------------------------------------------------------------------------------------------

  async #pin(pinned: boolean): Promise<void> {
    const { sessionId } = this;
    try {
      await this.client.call('sessions.pin', { sessionId, pinned });
      const { summary } = await this.client.call('sessions.get', { sessionId });
      if (sessionId === this.sessionId) this.summary = summary;
      announce(this, pinned ? S.session.pinned : S.session.unpinned);
    } catch (error) {
      notifyError(this, S.session.failedAction.pin, error);
    }
  }

  #cancel = async (): Promise<void> => {
    this.question = undefined;
    try {
      await this.client.call('sessions.cancel', { sessionId: this.sessionId });
      announce(this, S.session.cancelled);
    } catch (error) {
      notifyError(this, S.session.failedAction.cancel, error);
    }
  };

  #delete = async (): Promise<void> => {
    this.question = undefined;
    const { sessionId } = this;
    // The page leaves by itself; the message that the session is gone is not news to the person who asked for it.
    this.#end?.();
    try {
      await this.client.call('sessions.delete', { sessionId });
      announce(this, S.session.deleted);
      go(linkToSessions());
    } catch (error) {
      notifyError(this, S.session.failedAction.delete, error);
      if (this.isConnected) this.#follow();
    }
  };

  async #rerun(reuse: boolean): Promise<void> {
    this.question = undefined;
    try {
      const { sessionId } = await (reuse
        ? this.client.call('sessions.rerun', { sessionId: this.sessionId, reuse })
        : this.client.call('sessions.run', { source: { sessionId: this.sessionId } }));
      announce(this, S.run.started(sessionId));
      go(linkToSession(sessionId));
    } catch (error) {
      notifyError(this, S.session.failedAction.rerun, error);
    }
  }
}

customElements.define('weir-session-page', WeirSessionPage);

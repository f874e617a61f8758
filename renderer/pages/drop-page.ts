/** One drop: what it is, what happened to it, what it is linked with, what is in it. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { DropDetail, ErrorInfo } from '../../engine/api/contract.ts';
import '../components/code-block.ts';
import '../components/copy-button.ts';
import '../components/empty-state.ts';
import type { Fact } from '../components/facts.ts';
import '../components/facts.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import '../components/state-badge.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { followSession } from '../data/session-feed.ts';
import { Throttle } from '../data/throttle.ts';
import { formatBytes, formatClock, formatDateTime, formatDuration, spanMs } from '../format.ts';
import { linkToDrop, linkToFind, linkToSession } from '../router.ts';
import { stateOfRow, wordOf } from '../states.ts';
import { S } from '../strings.ts';
import { base, controls, panel } from '../styles/shared.ts';
import './drop-content.ts';
import { dropPageStyles } from './drop-page-styles.ts';
import { parametersOf, textOfValue } from './drop-parameters.ts';
import './proof-panel.ts';

const LINKS_SHOWN = 30;

/**
 * @prop client - where to ask
 * @prop sessionId - which session
 * @prop uid - which drop of it
 */
export class WeirDropPage extends LitElement {
  static override properties = {
    client: { attribute: false },
    sessionId: { attribute: false },
    uid: { attribute: false },
    detail: { state: true },
    graphName: { state: true },
    error: { state: true },
    unfolded: { state: true },
    version: { state: true },
    isProving: { state: true },
  };
  static override styles = [base, controls, panel, dropPageStyles];

  declare client: Client;
  declare sessionId: string;
  declare uid: string;
  declare detail: DropDetail | undefined;
  declare graphName: string;
  declare error: HostError | undefined;
  /** Relations of which all links are shown. */
  declare unfolded: readonly string[];
  /** Raised when the content may have changed. */
  declare version: number;
  declare isProving: boolean;
  #end: (() => void) | undefined;
  #followed = '';
  readonly #reload = new Throttle(() => this.#load(), 500);

  constructor() {
    super();
    this.sessionId = '';
    this.uid = '';
    this.graphName = '';
    this.version = 0;
    this.#reset();
  }

  #reset(): void {
    this.detail = undefined;
    this.error = undefined;
    this.unfolded = [];
    this.isProving = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end?.();
    this.#end = undefined;
    this.#followed = '';
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('sessionId') || changed.has('uid')) {
      this.#reset();
      this.#follow();
      void this.#load();
    }
  }

  #follow(): void {
    if (this.#followed === this.sessionId) return;
    this.#followed = this.sessionId;
    this.#end?.();
    this.#end = followSession(this.client, this.sessionId, {
      update: ({ changes, isIncomplete, summary }) => {
        this.graphName = summary.graphName;
        const row = this.detail?.drop.row;
        if (isIncomplete || (row !== undefined && changes.has(row))) this.#reload.request();
      },
      gone: () => this.#reload.request(),
      error: (error) => (this.error ??= error),
    });
  }

  async #load(): Promise<void> {
    const { sessionId, uid } = this;
    try {
      const detail = await this.client.call('sessions.drop', { sessionId, uid });
      if (sessionId !== this.sessionId || uid !== this.uid) return;
      if (stateKey(this.detail) !== stateKey(detail)) this.version++;
      this.detail = detail;
      this.error = undefined;
      document.title = `${detail.drop.name} – ${S.appName}`;
    } catch (error) {
      if (sessionId === this.sessionId && uid === this.uid) this.error = toHostError(error);
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    if (this.error) return this.#failed(this.error);
    const { detail } = this;
    if (detail === undefined) return html`<p class="page muted">${S.loading}</p>`;
    return html`<div class="page">
      ${this.#head(detail)}
      <div class="columns">
        <div class="column">
          ${detail.errors.length > 0 ? this.#errors(detail.errors) : nothing}
          ${
            detail.drop.kind === 'data'
              ? html`<weir-drop-content
                  .client=${this.client}
                  .sessionId=${this.sessionId}
                  .drop=${detail.drop}
                  .path=${detail.path}
                  .version=${this.version}
                ></weir-drop-content>`
              : nothing
          }
          ${this.#parameters(detail)} ${this.#runFacts(detail)} ${this.#events(detail)} ${this.#proof()}
        </div>
        <div class="column">${this.#identity(detail)} ${this.#relations(detail)} ${this.#logs(detail)}</div>
      </div>
    </div>`;
  }

  #failed(error: HostError) {
    return html`<weir-empty-state page heading=${S.dropPage.notFoundTitle}>
      <weir-notice tone="error" message=${error.message} code=${error.code}></weir-notice>
      <a href=${linkToSession(this.sessionId, 'drops')}>${S.session.tabs.drops}</a>
    </weir-empty-state>`;
  }

  #head({ drop }: DropDetail) {
    return html`<div class="head">
      <nav aria-label="Breadcrumb" class="small">
        <a href="#/sessions">${S.sessions}</a><weir-icon name="right"></weir-icon>
        <a class="truncate" href=${linkToSession(this.sessionId)}>${this.graphName || this.sessionId}</a
        ><weir-icon name="right"></weir-icon>
        <a href=${linkToSession(this.sessionId, 'drops')}>${S.session.tabs.drops}</a>
      </nav>
      <div class="title">
        <weir-icon name=${drop.kind}></weir-icon>
        <h1>${drop.name}</h1>
        <weir-state-badge large state=${stateOfRow(drop)}></weir-state-badge>
      </div>
    </div>`;
  }

  #errors(errors: readonly ErrorInfo[]) {
    return html`<section class="errors" aria-label=${S.dropPage.errors}>
      ${errors.map(
        ({ code, message, detail }) =>
          html`<weir-notice tone="error" message=${message} code=${code}>
            ${
              detail
                ? html`<weir-code-block
                    copyable
                    .text=${detail}
                    label=${S.dropPage.detail}
                  ></weir-code-block>`
                : nothing
            }
          </weir-notice>`,
      )}
    </section>`;
  }

  #identity({ drop, checksum, contentHash, dataUrl, path }: DropDetail) {
    const names = S.dropPage.fields;
    const isData = drop.kind === 'data';
    const duration = drop.startedAt === null ? null : spanMs(drop.startedAt, drop.finishedAt, Date.now());
    const crc = checksum === null ? null : `${checksum} (0x${checksum.toString(16).padStart(8, '0')})`;
    const facts: Fact[] = [
      { name: names.uid, value: drop.uid, copy: drop.uid, mono: true },
      { name: names.kind, value: S.drops.kinds[drop.kind] },
      { name: names.dropclass, value: drop.dropclass, copy: drop.dropclass, mono: true },
      { name: names.logical, value: drop.lgKey ? this.#logicalLink(drop.lgKey) : null },
      { name: names.status, value: wordOf(drop.status) },
      { name: names.execStatus, value: drop.execStatus === null ? null : wordOf(drop.execStatus) },
      { name: names.started, value: drop.startedAt === null ? null : formatDateTime(drop.startedAt) },
      { name: names.finished, value: drop.finishedAt === null ? null : formatDateTime(drop.finishedAt) },
      { name: names.duration, value: drop.finishedAt === null ? null : formatDuration(duration) },
      { name: names.size, value: isData && drop.sizeBytes !== null ? formatBytes(drop.sizeBytes) : null },
      {
        name: names.checksum,
        value: crc,
        copy: checksum === null ? undefined : String(checksum),
        mono: true,
      },
      { name: names.hash, value: hashLink(contentHash), copy: contentHash ?? undefined, mono: true },
      { name: names.path, value: path, copy: path ?? undefined, mono: true },
      { name: names.dataUrl, value: dataUrl, copy: dataUrl ?? undefined, mono: true },
    ];
    return this.#panel('identity', S.dropPage.identity, html`<weir-facts .facts=${facts}></weir-facts>`);
  }

  #logicalLink(lgKey: string) {
    return html`<a href=${linkToSession(this.sessionId, 'drops', { lgKey })}>${lgKey}</a>`;
  }

  #parameters({ spec }: DropDetail) {
    const parameters = parametersOf(spec);
    const json = JSON.stringify(spec, null, 2);
    return this.#panel(
      'parameters',
      S.dropPage.parameters,
      html`${
          parameters.length === 0
            ? html`<p class="muted">${S.dropPage.noParameters}</p>`
            : html`<weir-facts .facts=${parameters}></weir-facts>`
        }
        <details>
          <summary class="small">${S.dropPage.specTitle}</summary>
          <weir-code-block copyable .text=${json} label=${S.dropPage.spec}></weir-code-block>
        </details>`,
    );
  }

  #runFacts({ facts }: DropDetail) {
    const entries = Object.entries(facts);
    if (entries.length === 0) return nothing;
    const shown = entries.map(([name, value]) => {
      const text = textOfValue(value);
      return { name, value: text, copy: text, mono: true };
    });
    return this.#panel('facts', S.dropPage.facts, html`<weir-facts .facts=${shown}></weir-facts>`);
  }

  #relations({ relations }: DropDetail) {
    const groups = (Object.keys(S.dropPage.relationNames) as (keyof typeof relations)[]).filter(
      (name) => relations[name].length > 0,
    );
    return this.#panel(
      'relations',
      S.dropPage.relations,
      groups.length === 0
        ? html`<p class="muted">${S.dropPage.none}</p>`
        : html`<div class="relations">${groups.map((name) => this.#links(name, relations[name]))}</div>`,
    );
  }

  #links(name: keyof typeof S.dropPage.relationNames, uids: readonly string[]) {
    const isUnfolded = this.unfolded.includes(name);
    const shown = isUnfolded ? uids : uids.slice(0, LINKS_SHOWN);
    return html`<div>
      <h3 class="muted small">${S.dropPage.relationNames[name]} (${uids.length})</h3>
      <ul>
        ${shown.map(
          (uid) => html`<li><a class="mono" href=${linkToDrop(this.sessionId, uid)}>${uid}</a></li>`,
        )}
      </ul>
      ${
        shown.length < uids.length
          ? html`<button
              type="button"
              class="link small"
              @click=${() => (this.unfolded = [...this.unfolded, name])}
            >
              ${S.dropPage.more(uids.length - shown.length)}
            </button>`
          : nothing
      }
    </div>`;
  }

  #events({ events }: DropDetail) {
    const first = events[0]?.at ?? 0;
    const { columns } = S.dropPage;
    return this.#panel(
      'events',
      S.dropPage.events,
      events.length === 0
        ? html`<p class="muted">${S.dropPage.noEvents}</p>`
        : html`<table>
            <thead>
              <tr>
                <th scope="col">${columns.time}</th>
                <th scope="col" class="numeric">${columns.after}</th>
                <th scope="col">${columns.event}</th>
                <th scope="col">${columns.state}</th>
              </tr>
            </thead>
            <tbody>
              ${events.map(
                ({ at, type, value }) =>
                  html`<tr>
                    <td title=${formatDateTime(at)}>${formatClock(at)}</td>
                    <td class="numeric muted">+${formatDuration(at - first)}</td>
                    <td class="mono">${type}</td>
                    <td>${value ? html`<weir-state-badge state=${value}></weir-state-badge>` : nothing}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`,
    );
  }

  #logs({ logs }: DropDetail) {
    if (logs.length === 0) return nothing;
    const text = logs
      .map(({ at, level, message }) => `${formatClock(at)} ${level.padEnd(5)} ${message}`)
      .join('\n');
    return this.#panel(
      'log',
      S.dropPage.log,
      html`<weir-code-block wraps copyable .text=${text} label=${S.dropPage.log}></weir-code-block>`,
    );
  }

  /** Made when it is asked for: a proof reads the session's graph. */
  #proof() {
    const texts = S.reproducibility.prove;
    return this.#panel(
      'proof',
      texts.title,
      html`<button
          type="button"
          aria-expanded=${this.isProving ? 'true' : 'false'}
          @click=${() => (this.isProving = !this.isProving)}
        >
          ${this.isProving ? texts.hide : texts.show}
        </button>
        ${
          this.isProving
            ? html`<weir-proof-panel
                class="proof"
                .client=${this.client}
                .sessionId=${this.sessionId}
                .uid=${this.uid}
              ></weir-proof-panel>`
            : nothing
        }`,
    );
  }

  #panel(id: string, title: string, content: unknown) {
    return html`<section class="panel" aria-labelledby=${id}>
      <header><h2 id=${id}>${title}</h2></header>
      <div class="body">${content}</div>
    </section>`;
  }
}

/** What makes the content worth reading again. */
const stateKey = (detail: DropDetail | undefined): string =>
  detail === undefined ? '' : `${detail.drop.uid} ${detail.drop.status} ${detail.drop.sizeBytes}`;

/** A content hash that leads to all drops that recorded the same content. */
function hashLink(hash: string | null) {
  if (hash === null) return null;
  return html`<a href=${linkToFind({ hash })} title=${S.dropPage.sameContent}>${hash}</a>`;
}

customElements.define('weir-drop-page', WeirDropPage);

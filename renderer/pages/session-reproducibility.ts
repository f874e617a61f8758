/** What is recorded of a session, how far it can be trusted, its signatures, and the proof of any of its drops. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type {
  DropRow,
  SessionReproducibility,
  SessionSummary,
  Verification,
} from '../../engine/api/contract.ts';
import '../components/code-block.ts';
import '../components/copy-button.ts';
import { type Fact } from '../components/facts.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import type { SessionUpdate } from '../data/session-feed.ts';
import { Throttle } from '../data/throttle.ts';
import { trustOf, type TrustLevel } from '../data/trust.ts';
import { announce, notifyError } from '../events.ts';
import { formatInteger } from '../format.ts';
import { go, linkToCompare, linkToDrop, linkToSession, type Query } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls, panel } from '../styles/shared.ts';
import './block-path.ts';
import './proof-panel.ts';
import { sessionReproducibilityStyles } from './session-reproducibility-styles.ts';

const REFRESH_MS = 1000;
const SEARCH_MS = 250;
const FOUND_SHOWN = 8;
const PROBLEMS_SHOWN = 100;
const ICONS = { reached: 'done', missing: 'waiting', broken: 'error' } as const;

/**
 * @prop client - where to ask
 * @prop summary - the session
 * @prop query - `drop`: whose proof is shown; `text`: what drop is looked for
 */
export class WeirSessionReproducibility extends LitElement {
  static override properties = {
    client: { attribute: false },
    summary: { attribute: false },
    query: { attribute: false },
    facts: { state: true },
    error: { state: true },
    verification: { state: true },
    isVerifying: { state: true },
    found: { state: true },
  };
  static override styles = [base, controls, panel, sessionReproducibilityStyles];

  declare client: Client;
  declare summary: SessionSummary;
  declare query: Query;
  declare facts: SessionReproducibility | undefined;
  declare error: HostError | undefined;
  declare verification: Verification | undefined;
  declare isVerifying: boolean;
  declare found: readonly DropRow[] | undefined;
  #sessionId = '';
  readonly #refresh = new Throttle(() => this.#load(), REFRESH_MS);
  readonly #search = new Throttle(() => this.#find(), SEARCH_MS);

  constructor() {
    super();
    this.query = {};
    this.isVerifying = false;
    this.#reset();
  }

  #reset(): void {
    this.facts = undefined;
    this.error = undefined;
    this.verification = undefined;
    this.found = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#refresh.stop();
    this.#search.stop();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { sessionId } = this.summary;
    if (sessionId !== this.#sessionId) {
      this.#sessionId = sessionId;
      this.#reset();
      void this.#load();
    }
    if (changed.has('query') && changed.get('query')?.['text'] !== this.query['text']) this.#search.request();
  }

  applyUpdate({ summary }: SessionUpdate): void {
    // Signatures and the seal come with the end; records that were verified before may not be the last.
    if (summary.finishedAt !== this.summary.finishedAt) this.verification = undefined;
    this.#refresh.request();
  }

  focusFilter(): boolean {
    const input = this.renderRoot.querySelector<HTMLInputElement>('input');
    input?.focus();
    return input !== null;
  }

  async #load(): Promise<void> {
    const sessionId = this.#sessionId;
    try {
      const facts = await this.client.call('sessions.reproducibility', { sessionId });
      if (sessionId !== this.#sessionId) return;
      this.facts = facts;
      this.error = undefined;
    } catch (error) {
      if (sessionId === this.#sessionId) this.error = toHostError(error);
    }
  }

  async #find(): Promise<void> {
    const sessionId = this.#sessionId;
    const text = this.query['text'] ?? '';
    if (text === '') {
      this.found = undefined;
      return;
    }
    try {
      const { rows } = await this.client.call('sessions.drops', {
        sessionId,
        offset: 0,
        limit: FOUND_SHOWN,
        text,
      });
      if (sessionId === this.#sessionId && text === this.query['text']) this.found = rows;
    } catch (error) {
      notifyError(this, S.drops.failed, error);
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    if (this.error) {
      return html`<weir-notice
        class="wide"
        tone="error"
        heading=${S.reproducibility.failed}
        message=${this.error.message}
        code=${this.error.code}
      >
        <div><button type="button" @click=${() => void this.#load()}>${S.retry}</button></div>
      </weir-notice>`;
    }
    const { facts } = this;
    if (facts === undefined) return html`<p class="muted">${S.loading}</p>`;
    return html`<div class="column">${this.#trust(facts)} ${this.#signatures(facts)}</div>
      <div class="column">${this.#records(facts)}</div>
      ${this.#proof()}`;
  }

  #trust(facts: SessionReproducibility) {
    const texts = S.reproducibility.trust;
    const levels = trustOf(facts, this.verification, this.isVerifying);
    const { verification } = this;
    const seal = facts.importedSeal ?? facts.seal;
    return html`<section class="panel" aria-labelledby="trust">
      <header>
        <h2 id="trust">${texts.title}</h2>
        <span class="spacer"></span>
        <button
          type="button"
          class=${verification === undefined ? 'primary' : ''}
          aria-disabled=${this.isVerifying ? 'true' : nothing}
          @click=${this.#verify}
        >
          ${verification === undefined ? texts.verify : S.reproducibility.retryVerify}
        </button>
      </header>
      <div class="body">
        <ol class="trust" aria-label=${texts.list}>
          ${levels.map((level) => this.#level(level))}
        </ol>
        ${verification === undefined || verification.valid ? nothing : this.#problems(verification)}
        ${
          verification?.valid === true && seal !== null
            ? html`<p class="statement">${texts.notAltered(seal.sealedAt, seal.signedBy)}</p>`
            : nothing
        }
        <p class="muted small">${texts.limits}</p>
      </div>
    </section>`;
  }

  #level({ id, state, sentence }: TrustLevel) {
    const texts = S.reproducibility.trust;
    const word = { reached: texts.isReached, missing: texts.isMissing, broken: texts.isBroken }[state];
    return html`<li class=${state}>
      <weir-icon name=${ICONS[state]}></weir-icon>
      <div>
        <strong>${texts[id]}</strong> <span class="muted small">${word}</span>
        <p class="small">${sentence}</p>
      </div>
    </li>`;
  }

  #problems({ problems }: Verification) {
    const texts = S.reproducibility.trust;
    const shown = problems.slice(0, PROBLEMS_SHOWN);
    return html`<div role="region" aria-label=${texts.problems} tabindex="0">
      <ul class="problems">
        ${shown.map(
          ({ where, message, uid }) =>
            html`<li>
              ${
                uid === null
                  ? html`<strong>${where}</strong>`
                  : html`<a class="mono" href=${linkToDrop(this.#sessionId, uid)}>${where}</a>`
              }
              <p>${message}</p>
            </li>`,
        )}
      </ul>
      ${
        shown.length < problems.length
          ? html`<p class="muted small">${texts.moreProblems(problems.length - shown.length)}</p>`
          : nothing
      }
    </div>`;
  }

  #signatures({ rmode, modes }: SessionReproducibility) {
    const texts = S.reproducibility.signatures;
    return html`<section class="panel" aria-labelledby="signatures">
      <header>
        <h2 id="signatures">${texts.title}</h2>
        <span class="muted small">${texts.ranAs(rmode)}</span>
        <span class="spacer"></span>
        <a href=${linkToCompare({ a: this.#sessionId })}>${S.reproducibility.compareLink}</a>
      </header>
      <div class="body">
        <table>
          <thead>
            <tr>
              <th scope="col">${texts.mode}</th>
              <th scope="col">${texts.daliuge}</th>
              <th scope="col">${texts.own}</th>
            </tr>
          </thead>
          <tbody>
            ${modes.map(
              ({ mode, signature, canonical }) =>
                html`<tr>
                  <th scope="row" class="small">${mode}</th>
                  <td>${signatureCell(mode, texts.daliuge, signature)}</td>
                  <td>${signatureCell(mode, texts.own, canonical)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
        <p class="muted small">${texts.help}</p>
      </div>
    </section>`;
  }

  #records({ records, seal: ownSeal, importedSeal }: SessionReproducibility) {
    const seal = ownSeal ?? importedSeal;
    const texts = S.reproducibility.records;
    const facts: Fact[] = [
      { name: texts.recorded, value: texts.recordedOf(records.recorded, records.drops) },
      { name: texts.withContent, value: formatInteger(records.withContent) },
      { name: texts.reused, value: formatInteger(records.reused) },
      ...(ownSeal === null
        ? []
        : [
            { name: texts.root, value: ownSeal.root, copy: ownSeal.root, mono: true },
            { name: texts.place, value: texts.placeIs(ownSeal.logIndex) },
          ]),
      ...(seal === null ? [] : [{ name: texts.key, value: seal.key, copy: seal.key, mono: true }]),
    ];
    return html`<section class="panel" aria-labelledby="records">
      <header><h2 id="records">${texts.title}</h2></header>
      <div class="body">
        <weir-facts .facts=${facts}></weir-facts>
        ${
          seal === null
            ? nothing
            : html`<details>
                <summary class="small">${texts.seal}</summary>
                <weir-code-block copyable .text=${seal.note} label=${texts.seal}></weir-code-block>
              </details>`
        }
      </div>
    </section>`;
  }

  #proof() {
    const texts = S.reproducibility.prove;
    const uid = this.query['drop'] ?? '';
    return html`<section class="panel wide" aria-labelledby="prove">
      <header><h2 id="prove">${uid === '' ? texts.title : texts.about(uid)}</h2></header>
      <div class="body">
        <input
          type="search"
          aria-label=${texts.search}
          placeholder=${texts.search}
          .value=${this.query['text'] ?? ''}
          @input=${(event: Event) => this.#go({ text: (event.target as HTMLInputElement).value })}
        />
        ${this.found === undefined ? nothing : this.#matches(this.found)}
        ${
          uid === ''
            ? html`<p class="muted">${texts.choose}</p>`
            : html`<h3>${S.reproducibility.blocks.title}</h3>
                <weir-block-path
                  .client=${this.client}
                  .sessionId=${this.#sessionId}
                  .uid=${uid}
                ></weir-block-path>
                <h3>${texts.proof}</h3>
                <weir-proof-panel
                  .client=${this.client}
                  .sessionId=${this.#sessionId}
                  .uid=${uid}
                ></weir-proof-panel>`
        }
      </div>
    </section>`;
  }

  #matches(found: readonly DropRow[]) {
    const texts = S.reproducibility.prove;
    if (found.length === 0) return html`<p class="muted">${texts.none}</p>`;
    return html`<ul class="found" aria-label=${texts.found}>
      ${found.map(
        ({ uid, name }) =>
          html`<li>
            <a href=${linkToSession(this.#sessionId, 'reproducibility', { drop: uid })}>${name}</a>
            <span class="mono muted small">${uid}</span>
          </li>`,
      )}
    </ul>`;
  }

  // --- what people do --------------------------------------------------------------------------------------------

  #go(change: Query): void {
    go(linkToSession(this.#sessionId, 'reproducibility', { ...this.query, ...change }), true);
  }

  #verify = async (): Promise<void> => {
    if (this.isVerifying) return;
    const sessionId = this.#sessionId;
    this.isVerifying = true;
    this.verification = undefined;
    try {
      const verification = await this.client.call('sessions.verify', { sessionId });
      if (sessionId !== this.#sessionId) return;
      this.verification = verification;
      const texts = S.reproducibility.trust;
      announce(
        this,
        verification.valid ? texts.announceHolds : texts.announceBroken(verification.problems.length),
      );
      // Verifying may have sealed what was not sealed yet.
      await this.#load();
    } catch (error) {
      notifyError(this, S.reproducibility.trust.verifyFailed, error);
    } finally {
      this.isVerifying = false;
    }
  };
}

function signatureCell(mode: string, whose: string, signature: string | null) {
  const texts = S.reproducibility.signatures;
  if (signature === null) return html`<span class="muted">${texts.notRecorded}</span>`;
  return html`<span
    ><span class="mono truncate" title=${signature}>${signature}</span
    ><weir-copy-button text=${signature} label=${texts.copyLabel(mode, whose)}></weir-copy-button
  ></span>`;
}

customElements.define('weir-session-reproducibility', WeirSessionReproducibility);

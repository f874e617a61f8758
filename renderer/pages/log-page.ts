/** The log of this device: its checkpoints as a timeline, and what lies between any two, computed in the page. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { MethodResult, Verification } from '../../engine/api/contract.ts';
import '../components/copy-button.ts';
import '../components/empty-state.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { announce, notify, notifyError } from '../events.ts';
import { formatDateTime, formatInteger } from '../format.ts';
import { linkToSession } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls, listTable, page, panel } from '../styles/shared.ts';
import './consistency-panel.ts';
import { logPageStyles } from './log-page-styles.ts';

type Checkpoint = MethodResult<'ledger.checkpoints'>['checkpoints'][number];

const PAGE_CHECKPOINTS = 100;
const PROBLEMS_SHOWN = 100;

/** @prop client - where to ask */
export class WeirLogPage extends LitElement {
  static override properties = {
    client: { attribute: false },
    checkpoints: { state: true },
    total: { state: true },
    error: { state: true },
    older: { state: true },
    newer: { state: true },
    kept: { state: true },
    proof: { state: true },
    proofError: { state: true },
    verification: { state: true },
    isVerifying: { state: true },
  };
  static override styles = [base, controls, panel, page, listTable, logPageStyles];

  declare client: Client;
  declare checkpoints: readonly Checkpoint[] | undefined;
  declare total: number;
  declare error: HostError | undefined;
  /** Sizes of the two that are compared; 0: not chosen. */
  declare older: number;
  declare newer: number;
  declare kept: string;
  declare proof: string;
  declare proofError: HostError | undefined;
  declare verification: Verification | undefined;
  declare isVerifying: boolean;

  constructor() {
    super();
    this.checkpoints = undefined;
    this.total = 0;
    this.error = undefined;
    this.older = 0;
    this.newer = 0;
    this.kept = '';
    this.proof = '';
    this.proofError = undefined;
    this.verification = undefined;
    this.isVerifying = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = `${S.checkpoints.title} – ${S.appName}`;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('client')) void this.#load();
  }

  async #load(before?: number): Promise<void> {
    try {
      const { checkpoints, total } = await this.client.call('ledger.checkpoints', {
        limit: PAGE_CHECKPOINTS,
        ...(before === undefined ? {} : { before }),
      });
      this.checkpoints = before === undefined ? checkpoints : [...(this.checkpoints ?? []), ...checkpoints];
      this.total = total;
      this.error = undefined;
      if (this.newer === 0) this.newer = this.checkpoints[0]?.size ?? 0;
      if (this.older === 0) this.older = this.checkpoints.at(-1)?.size ?? 0;
    } catch (error) {
      this.error = toHostError(error);
    }
  }

  async #prove(from: number | string, to?: number): Promise<void> {
    this.proof = '';
    this.proofError = undefined;
    try {
      const { proof } = await this.client.call('ledger.consistency', {
        from,
        ...(to === undefined ? {} : { to }),
      });
      this.proof = proof;
    } catch (error) {
      this.proofError = toHostError(error);
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    const { checkpoints } = this;
    return html`<div class="page">
      <h1>${S.checkpoints.title}</h1>
      <p class="muted">${S.checkpoints.text}</p>
      ${
        this.error
          ? html`<weir-notice
              tone="error"
              heading=${S.checkpoints.failed}
              message=${this.error.message}
              code=${this.error.code}
            >
              <div><button type="button" @click=${() => void this.#load()}>${S.retry}</button></div>
            </weir-notice>`
          : checkpoints === undefined
            ? html`<p class="muted">${S.loading}</p>`
            : checkpoints.length === 0
              ? html`<weir-empty-state
                  class="panel"
                  heading=${S.checkpoints.empty}
                  message=${S.checkpoints.emptyText}
                ></weir-empty-state>`
              : html`${this.#timeline(checkpoints)} ${this.#result()} ${this.#whole()}`
      }
    </div>`;
  }

  #timeline(checkpoints: readonly Checkpoint[]) {
    const { columns } = S.checkpoints;
    return html`<section class="panel" aria-labelledby="timeline">
      <header>
        <h2 id="timeline">${S.checkpoints.timeline}</h2>
        <span class="spacer"></span>
        <span class="muted small">${S.checkpoints.count(this.total)}</span>
      </header>
      <div class="scroll" tabindex="0" role="group" aria-label=${S.checkpoints.count(this.total)}>
        <table>
          <thead>
            <tr>
              <th scope="col">${columns.older}</th>
              <th scope="col">${columns.newer}</th>
              <th scope="col" class="numeric">${columns.size}</th>
              <th scope="col">${columns.at}</th>
              <th scope="col">${columns.session}</th>
              <th scope="col">${columns.root}</th>
            </tr>
          </thead>
          <tbody>
            ${checkpoints.map((one) => this.#row(one))}
          </tbody>
        </table>
      </div>
      <div class="body toolbar">
        <button type="button" class="primary" @click=${() => void this.#prove(this.older, this.newer)}>
          ${S.checkpoints.check}
        </button>
        ${
          checkpoints.length < this.total
            ? html`<button type="button" @click=${() => void this.#load(checkpoints.at(-1)?.size)}>
                ${S.checkpoints.more}
              </button>`
            : nothing
        }
      </div>
    </section>`;
  }

  #row({ size, signedAt, sessionId, root, note }: Checkpoint) {
    const radio = (side: 'older' | 'newer', label: string) =>
      html`<label class="pick"
        ><input
          type="radio"
          name=${side}
          aria-label=${label}
          .checked=${this[side] === size}
          @change=${() => this.#choose(side, size)}
      /></label>`;
    const isBetween = size > this.older && size < this.newer;
    const place = size === this.older || size === this.newer ? 'end' : isBetween ? 'between' : '';
    return html`<tr class=${place}>
      <td>${radio('older', S.checkpoints.chooseOlder(size))}</td>
      <td>${radio('newer', S.checkpoints.chooseNewer(size))}</td>
      <td class="numeric">${formatInteger(size)}</td>
      <td>${formatDateTime(signedAt)}</td>
      <td>
        ${
          sessionId === ''
            ? html`<span class="muted">${S.checkpoints.retention}</span>`
            : html`<a class="truncate" href=${linkToSession(sessionId)} title=${sessionId}>${sessionId}</a>`
        }
      </td>
      <td>
        <span class="root"
          ><span class="mono small truncate" title=${root}>${root}</span
          ><weir-copy-button text=${note} label=${S.checkpoints.copyNote(size)}></weir-copy-button
        ></span>
      </td>
    </tr>`;
  }

  #result() {
    return html`<section class="panel" aria-labelledby="between">
      <header><h2 id="between">${S.checkpoints.result}</h2></header>
      <div class="body">
        ${
          this.proofError
            ? html`<weir-notice
                tone="error"
                heading=${S.checkpoints.checkFailed}
                message=${this.proofError.message}
                code=${this.proofError.code}
              ></weir-notice>`
            : nothing
        }
        ${this.proof === '' ? nothing : html`<weir-consistency-panel .text=${this.proof}></weir-consistency-panel>`}
        <details>
          <summary>${S.checkpoints.kept}</summary>
          <div class="kept">
            <p class="muted small">${S.checkpoints.keptHelp}</p>
            <textarea
              rows="6"
              class="mono"
              spellcheck="false"
              aria-label=${S.checkpoints.kept}
              .value=${this.kept}
              @input=${(event: Event) => (this.kept = (event.target as HTMLTextAreaElement).value)}
            ></textarea>
            <div><button type="button" @click=${this.#checkKept}>${S.checkpoints.checkKept}</button></div>
          </div>
        </details>
      </div>
    </section>`;
  }

  #whole() {
    const { verification } = this;
    return html`<section class="panel" aria-labelledby="whole">
      <header>
        <h2 id="whole">${S.checkpoints.whole}</h2>
        <span class="spacer"></span>
        <button type="button" aria-disabled=${this.isVerifying ? 'true' : nothing} @click=${this.#verify}>
          ${S.checkpoints.verify}
        </button>
      </header>
      <div class="body" aria-live="polite">
        <p class="muted small">${S.checkpoints.wholeHelp}</p>
        ${this.isVerifying ? html`<p class="muted">${S.checkpoints.verifying}</p>` : nothing}
        ${
          verification === undefined
            ? nothing
            : html`<p class=${verification.valid ? 'good' : 'bad'}>
                  <weir-icon name=${verification.valid ? 'done' : 'error'}></weir-icon>
                  ${
                    verification.valid
                      ? S.checkpoints.valid(verification.checked)
                      : S.checkpoints.invalid(verification.problems.length)
                  }
                </p>
                <ul class="problems">
                  ${verification.problems
                    .slice(0, PROBLEMS_SHOWN)
                    .map(({ where, message }) => html`<li><strong>${where}</strong> ${message}</li>`)}
                </ul>`
        }
      </div>
    </section>`;
  }

  // --- what people do --------------------------------------------------------------------------------------------

  /** The older one is never the newer: the other moves along. */
  #choose(side: 'older' | 'newer', size: number): void {
    this[side] = size;
    if (this.older > this.newer) this[side === 'older' ? 'newer' : 'older'] = size;
  }

  #checkKept = (): void => {
    if (this.kept.trim() === '')
      notify(this, { tone: 'info', title: S.checkpoints.kept, message: S.checkpoints.keptEmpty });
    // A text from a mail may have lost its last newline; nothing else is repaired.
    else void this.#prove(this.kept.endsWith('\n') ? this.kept : `${this.kept}\n`);
  };

  #verify = async (): Promise<void> => {
    if (this.isVerifying) return;
    this.isVerifying = true;
    this.verification = undefined;
    try {
      const found = await this.client.call('ledger.verify', {});
      this.verification = found;
      announce(
        this,
        found.valid ? S.checkpoints.valid(found.checked) : S.checkpoints.invalid(found.problems.length),
      );
    } catch (error) {
      notifyError(this, S.checkpoints.verifyFailed, error);
    } finally {
      this.isVerifying = false;
    }
  };
}

customElements.define('weir-log-page', WeirLogPage);

/** What lies between two checkpoints of a log, step by step; every step is computed here from the bytes of the proof. */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import '../components/code-block.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import {
  checkConsistency,
  type CheckedConsistency,
  type ConsistencyStep,
  type LogState,
} from '../data/consistency-check.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { saveAs } from '../data/save.ts';
import { subtleCrypto } from '../data/subtle.ts';
import { announce } from '../events.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { proofPanelStyles } from './proof-panel-styles.ts';

const ICONS = { holds: 'done', fails: 'error', unchecked: 'waiting' } as const;

/** @prop text - the proof file */
export class WeirConsistencyPanel extends LitElement {
  static override properties = {
    text: { attribute: false },
    checked: { state: true },
    error: { state: true },
  };
  static override styles = [
    base,
    controls,
    proofPanelStyles,
    css`
      .states {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(260px, 1fr));
        gap: var(--space-4);
      }

      .states > div {
        display: grid;
        align-content: start;
        gap: var(--space-1);
        min-width: 0;
        overflow-wrap: anywhere;
      }
    `,
  ];

  declare text: string;
  declare checked: CheckedConsistency | undefined;
  declare error: HostError | undefined;

  constructor() {
    super();
    this.text = '';
    this.checked = undefined;
    this.error = undefined;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('text')) void this.#check(this.text);
  }

  async #check(text: string): Promise<void> {
    this.checked = undefined;
    this.error = undefined;
    try {
      const checked = await checkConsistency(text, subtleCrypto());
      if (text !== this.text) return;
      this.checked = checked;
      announce(this, sentenceOf(checked));
    } catch (error) {
      if (text === this.text) this.error = toHostError(error);
    }
  }

  override render() {
    if (this.error) {
      return html`<weir-notice
        tone="error"
        heading=${S.checkpoints.checkFailed}
        message=${this.error.message}
        code=${this.error.code}
      ></weir-notice>`;
    }
    const { checked } = this;
    if (checked === undefined) return html`<p class="muted">${S.checkpoints.checking}</p>`;
    const hasFailed = checked.steps.some(({ outcome }) => outcome === 'fails');
    const kind = hasFailed ? 'fails' : checked.holds ? 'holds' : 'unchecked';
    return html`${
        checked.isFork
          ? html`<weir-notice
              tone="error"
              heading=${S.checkpoints.fails}
              message=${S.checkpoints.fork}
            ></weir-notice>`
          : nothing
      }
      <div class="verdict ${kind}">
        <p><weir-icon class="mark" name=${ICONS[kind]}></weir-icon>${sentenceOf(checked)}</p>
        ${
          checked.signedBy === undefined
            ? nothing
            : html`<p>${S.checkpoints.by(checked.signedBy.name, checked.signedBy.keyId)}</p>`
        }
        <p class="muted small">${S.checkpoints.limits}</p>
      </div>
      <div class="states">
        ${this.#state(S.checkpoints.states.older, checked.older)}
        ${this.#state(S.checkpoints.states.newer, checked.newer)}
      </div>
      <ol class="steps">
        ${checked.steps.map((step) => this.#step(step))}
      </ol>
      <div>
        <button type="button" @click=${this.#save}>
          <weir-icon name="save"></weir-icon>${S.checkpoints.save}
        </button>
      </div>`;
  }

  #state(title: string, state: LogState | undefined) {
    if (state === undefined) return nothing;
    return html`<div>
      <h3>${title}</h3>
      <p class="small">${S.checkpoints.state(state.size, state.signedAtMs)}</p>
      <weir-code-block wraps copyable .text=${state.note} label=${title}></weir-code-block>
    </div>`;
  }

  #step({ id, outcome, reason }: ConsistencyStep) {
    return html`<li class=${outcome}>
      <weir-icon class="mark" name=${ICONS[outcome]}></weir-icon>
      <div class="step">
        <p>${S.checkpoints.steps[id]} <span class="muted">${S.checkpoints.outcomes[outcome]}</span></p>
        ${reason === undefined ? nothing : html`<p class="reason">${S.checkpoints.reasons[reason]}</p>`}
      </div>
    </li>`;
  }

  #save = (): void => {
    const { older, newer } = this.checked ?? {};
    saveAs(`checkpoints-${older?.size ?? 0}-${newer?.size ?? 0}.dlgproof`, 'application/json', this.text);
  };
}

function sentenceOf({ holds, steps, older, newer }: CheckedConsistency): string {
  if (steps.some(({ outcome }) => outcome === 'fails')) return S.checkpoints.fails;
  if (!holds || older === undefined || newer === undefined) return S.checkpoints.partly;
  return S.checkpoints.holds(newer.size - older.size);
}

customElements.define('weir-consistency-panel', WeirConsistencyPanel);

/** The proof of one drop, step by step. Every step is computed here from the bytes of the proof, not reported by the Host. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import '../components/code-block.ts';
import '../components/copy-button.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { HostError, toHostError } from '../data/errors.ts';
import { checkProof, type CheckedProof, type ProofStep, type ProofStepId } from '../data/proof-check.ts';
import {
  ALTERABLE,
  alterProof,
  readProof,
  type Alterable,
  type Alteration,
  type ProofParts,
} from '../data/proof-parts.ts';
import { saveAs } from '../data/save.ts';
import { subtleCrypto } from '../data/subtle.ts';
import { announce } from '../events.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { proofPanelStyles } from './proof-panel-styles.ts';

const ICONS = { holds: 'done', fails: 'error', unchecked: 'waiting', absent: 'minus' } as const;

/** A proof as it came and what was computed of it; `altered` while one byte is altered. */
interface Shown {
  readonly text: string;
  readonly parts: ProofParts;
  readonly checked: CheckedProof;
  readonly altered?: {
    readonly parts: ProofParts;
    readonly checked: CheckedProof;
    readonly alteration: Alteration;
  };
}

/**
 * @prop client - where to ask
 * @prop sessionId - which session
 * @prop uid - which drop
 * @prop text - a proof that is there already, as of a file: then nothing is asked for
 */
export class WeirProofPanel extends LitElement {
  static override properties = {
    client: { attribute: false },
    sessionId: { attribute: false },
    uid: { attribute: false },
    text: { attribute: false },
    shown: { state: true },
    error: { state: true },
    target: { state: true },
  };
  static override styles = [base, controls, proofPanelStyles];

  declare client: Client;
  declare sessionId: string;
  declare uid: string;
  declare text: string;
  declare shown: Shown | undefined;
  declare error: HostError | undefined;
  declare target: Alterable;

  constructor() {
    super();
    this.sessionId = '';
    this.uid = '';
    this.text = '';
    this.shown = undefined;
    this.error = undefined;
    this.target = 'record';
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('sessionId') || changed.has('uid') || changed.has('text')) void this.#load();
  }

  async #load(): Promise<void> {
    const { sessionId, uid, text } = this;
    const isAsked = (): boolean => sessionId === this.sessionId && uid === this.uid && text === this.text;
    this.shown = undefined;
    this.error = undefined;
    try {
      const proof = text || (await this.client.call('sessions.prove', { sessionId, uid })).proof;
      const { parts, problem } = readProof(proof);
      if (parts === undefined) throw new HostError('PROOF_INVALID', S.reproducibility.prove.forms[problem]);
      const checked = await checkProof(parts, subtleCrypto());
      if (isAsked()) this.shown = { text: proof, parts, checked };
    } catch (error) {
      if (isAsked()) this.error = toHostError(error);
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    const texts = S.reproducibility.prove;
    if (this.error) {
      return html`<weir-notice
        tone="error"
        heading=${texts.failed}
        message=${this.error.message}
        code=${this.error.code}
      ></weir-notice>`;
    }
    const { shown } = this;
    if (shown === undefined) return html`<p class="muted">${texts.computing}</p>`;
    const { parts, checked } = shown.altered ?? shown;
    return html`${this.#verdict(checked, shown.altered !== undefined)}
      <ol class="steps">
        ${checked.steps.map((step) => this.#step(step, parts, checked))}
      </ol>
      ${this.#alter(shown)}
      <div>
        <button type="button" @click=${this.#save}><weir-icon name="save"></weir-icon>${texts.save}</button>
      </div>`;
  }

  #verdict({ steps, holds, sealedAtMs, signedBy }: CheckedProof, isAltered: boolean) {
    const texts = S.reproducibility.prove;
    const failed = steps.find(({ outcome }) => outcome === 'fails');
    const kind = failed ? 'fails' : holds ? 'holds' : 'unchecked';
    const sentence = failed ? texts.fails(texts.steps[failed.id]) : holds ? texts.holds : texts.partly;
    const isSaid = holds && !isAltered && sealedAtMs !== undefined && signedBy !== undefined;
    return html`<div class="verdict ${kind}">
      <p><weir-icon class="mark" name=${ICONS[kind]}></weir-icon>${sentence}</p>
      ${
        isSaid
          ? html`<p>${texts.notAltered(sealedAtMs, signedBy.name, signedBy.keyId)}</p>
              <p class="muted small">${S.reproducibility.trust.limits}</p>`
          : nothing
      }
    </div>`;
  }

  #step(step: ProofStep, parts: ProofParts, checked: CheckedProof) {
    const texts = S.reproducibility.prove;
    const { id, outcome, reason } = step;
    const explain = texts.explain[id];
    return html`<li class=${outcome}>
      <weir-icon class="mark" name=${ICONS[outcome]}></weir-icon>
      <div class="step">
        <h3>${texts.steps[id]} <span class="muted">${texts.outcomes[outcome]}</span></h3>
        <p class="muted small">${typeof explain === 'function' ? explain(checked.path.length) : explain}</p>
        ${reason === undefined ? nothing : html`<p class="reason">${texts.reasons[reason]}</p>`}
        ${this.#values(step)} ${this.#material(id, parts, checked)}
      </div>
    </li>`;
  }

  #values({ id, computed, expected }: ProofStep) {
    const texts = S.reproducibility.prove;
    if (computed === undefined) return nothing;
    const original = this.shown?.checked.steps.find((step) => step.id === id);
    const isAltered = this.shown?.altered !== undefined;
    const value = (name: string, text: string, before: string | undefined) => {
      const isChanged = isAltered && text !== before;
      return html`<dt>${name}</dt>
        <dd>
          <span class="mono ${isChanged ? 'changed' : ''}"
            >${text}${isChanged ? html`<span class="visually-hidden"> (${texts.changed})</span>` : nothing}</span
          >
          <weir-copy-button text=${text} label="${S.copy}: ${texts.steps[id]}, ${name}"></weir-copy-button>
        </dd>`;
    };
    return html`<dl class="small">
      ${value(id === 'signature' ? texts.keyId : texts.computed, computed, original?.computed)}
      ${expected === undefined ? nothing : value(texts.expected, expected, original?.expected)}
    </dl>`;
  }

  /** What a step is computed from, folded. */
  #material(id: ProofStepId, parts: ProofParts, checked: CheckedProof) {
    const texts = S.reproducibility.prove;
    switch (id) {
      case 'record':
        return this.#fold(texts.showRecord, parts.recordText);
      case 'path':
        return checked.path.length === 0 ? nothing : this.#siblings(checked);
      case 'root':
        return this.#fold(texts.showCheckpoint, parts.seal);
      case 'facts':
        return this.#fold(texts.showFacts, parts.factsText);
      case 'signature':
        return html`<dl class="small">
          <dt>${texts.key}</dt>
          <dd>
            <span class="mono">${parts.key}</span>
            <weir-copy-button text=${parts.key} label="${S.copy}: ${texts.key}"></weir-copy-button>
          </dd>
        </dl>`;
      case 'log':
        return parts.log === undefined ? nothing : this.#fold(texts.showLog, parts.log.checkpoint);
      case 'leaf':
        return nothing;
    }
  }

  #fold(label: string, text: string) {
    return html`<details>
      <summary class="small">${label}</summary>
      <weir-code-block wraps copyable .text=${text} label=${label}></weir-code-block>
    </details>`;
  }

  #siblings({ path }: CheckedProof) {
    const texts = S.reproducibility.prove;
    const before = this.shown?.checked.path ?? [];
    const isChanged = (text: string, other: string | undefined): boolean =>
      this.shown?.altered !== undefined && text !== other;
    return html`<details>
      <summary class="small">${texts.showSiblings}</summary>
      <div class="siblings" tabindex="0" role="region" aria-label=${texts.steps.path}>
        <table class="small">
          <thead>
            <tr>
              <th scope="col">${texts.side}</th>
              <th scope="col">${texts.sibling}</th>
              <th scope="col">${texts.running}</th>
            </tr>
          </thead>
          <tbody>
            ${path.map(
              ({ side, sibling, running }, i) =>
                html`<tr>
                  <td>${texts[side]}</td>
                  <td class="mono">
                    <span class=${isChanged(sibling, before[i]?.sibling) ? 'changed' : ''}>${sibling}</span>
                  </td>
                  <td class="mono">
                    <span class=${isChanged(running, before[i]?.running) ? 'changed' : ''}>${running}</span>
                  </td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`;
  }

  #alter({ parts, altered }: Shown) {
    const texts = S.reproducibility.prove;
    const choices = ALTERABLE.filter((target) => target !== 'sibling' || parts.path.length > 0);
    return html`<div class="alter">
      <h3>${texts.alterTitle}</h3>
      <div class="toolbar">
        <label
          >${texts.alterIn}
          <select
            @change=${(event: Event) =>
              (this.target = (event.target as HTMLSelectElement).value as Alterable)}
          >
            ${choices.map(
              (target) =>
                html`<option value=${target} ?selected=${target === this.target}>
                  ${texts.targets[target]}
                </option>`,
            )}
          </select>
        </label>
        <button type="button" @click=${this.#alterByte}>${texts.alter}</button>
        ${
          altered === undefined
            ? nothing
            : html`<button type="button" @click=${this.#restore}>${texts.restore}</button>`
        }
      </div>
      ${
        altered === undefined
          ? nothing
          : html`<p>${this.#sentence(altered.alteration)}</p>
              <p><strong>${this.#consequence(altered.checked)}</strong></p>`
      }
    </div>`;
  }

  #sentence({ target, offset, before, after }: Alteration): string {
    const texts = S.reproducibility.prove;
    return texts.altered(texts.targets[target], offset, before, after);
  }

  /** What an alteration led to. */
  #consequence({ steps }: CheckedProof): string {
    const texts = S.reproducibility.prove;
    const failed = steps.find(({ outcome }) => outcome === 'fails');
    return failed === undefined ? texts.partly : texts.fails(texts.steps[failed.id]);
  }

  // --- what people do --------------------------------------------------------------------------------------------

  #alterByte = async (): Promise<void> => {
    const { shown } = this;
    // Always from the proof as it came: one byte is altered, never two.
    const altered = shown && alterProof(shown.parts, this.target);
    if (altered === undefined) return;
    const checked = await checkProof(altered.parts, subtleCrypto());
    if (this.shown?.text !== shown?.text || this.shown === undefined) return;
    this.shown = { ...this.shown, altered: { ...altered, checked } };
    announce(this, `${this.#sentence(altered.alteration)} ${this.#consequence(checked)}`);
  };

  #restore = (): void => {
    if (this.shown === undefined) return;
    const { text, parts, checked } = this.shown;
    this.shown = { text, parts, checked };
    announce(this, checked.holds ? S.reproducibility.prove.holds : S.reproducibility.prove.partly);
  };

  #save = (): void => {
    if (this.shown === undefined) return;
    saveAs(`${this.uid || 'drop'}.dlgproof`, 'application/json', this.shown.text);
  };
}

customElements.define('weir-proof-panel', WeirProofPanel);

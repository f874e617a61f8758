/** How the drops of two sessions were paired, which have no partner, and pairing two by hand. */
import { LitElement, css, html, nothing } from 'lit';
import type { SessionComparison } from '../../engine/api/contract.ts';
import '../components/facts.ts';
import type { Fact } from '../components/facts.ts';
import type { Pin } from '../data/comparison-choices.ts';
import { formatInteger } from '../format.ts';
import { linkToDrop } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';

const UNPAIRED_SHOWN = 200;
type Side = 'a' | 'b';

declare global {
  interface HTMLElementEventMap {
    'weir-pin': CustomEvent<Pin>;
  }
}

/**
 * @prop a - id of session A
 * @prop b - id of session B
 * @prop alignment - how drops were paired
 * @fires weir-pin - two drops are to be paired
 */
export class WeirCompareAlignment extends LitElement {
  static override properties = {
    a: { attribute: false },
    b: { attribute: false },
    alignment: { attribute: false },
    chosenA: { state: true },
    chosenB: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        gap: var(--space-3);
      }

      ul {
        display: grid;
        margin: var(--space-1) 0 0;
        padding: 0;
        max-height: 12rem;
        overflow: auto;
        list-style: none;
        overflow-wrap: anywhere;
      }

      summary {
        width: max-content;
        color: var(--color-accent);
        cursor: pointer;
      }

      .pin {
        display: grid;
        gap: var(--space-2);
      }

      .pin label {
        display: grid;
        gap: var(--space-1);
        flex: 1 1 220px;
        min-width: 0;
      }

      .pin select {
        width: 100%;
      }

      .pin .toolbar {
        align-items: end;
      }

      h3 {
        font-size: var(--text-s);
      }
    `,
  ];

  declare a: string;
  declare b: string;
  declare alignment: SessionComparison['alignment'] | undefined;
  declare chosenA: string;
  declare chosenB: string;

  constructor() {
    super();
    this.a = '';
    this.b = '';
    this.alignment = undefined;
    this.chosenA = '';
    this.chosenB = '';
  }

  override render() {
    const texts = S.reproducibility.compare;
    const { alignment } = this;
    if (alignment === undefined) return nothing;
    const { byId, byLogicalId, byStructure, removed, added } = alignment;
    const facts: Fact[] = [
      { name: texts.byId, value: formatInteger(byId) },
      { name: texts.byLogicalId, value: formatInteger(byLogicalId) },
      { name: texts.byStructure, value: formatInteger(byStructure) },
    ];
    return html`<weir-facts .facts=${facts}></weir-facts> ${this.#unpaired('a', texts.removed, removed)}
      ${this.#unpaired('b', texts.added, added)}
      ${removed.length > 0 && added.length > 0 ? this.#pin(removed, added) : nothing}`;
  }

  #unpaired(side: Side, title: string, uids: readonly string[]) {
    if (uids.length === 0) return nothing;
    const shown = uids.slice(0, UNPAIRED_SHOWN);
    return html`<details>
      <summary>${title} (${formatInteger(uids.length)})</summary>
      <ul tabindex="0" aria-label=${title}>
        ${shown.map((uid) => html`<li><a class="mono" href=${linkToDrop(this[side], uid)}>${uid}</a></li>`)}
        ${
          shown.length < uids.length
            ? html`<li class="muted small">${S.reproducibility.compare.shown(shown.length, uids.length)}</li>`
            : nothing
        }
      </ul>
    </details>`;
  }

  #pin(removed: readonly string[], added: readonly string[]) {
    const texts = S.reproducibility.compare.pin;
    return html`<div class="pin" role="group" aria-labelledby="pin">
      <h3 id="pin">${texts.title}</h3>
      <p class="muted small">${texts.help}</p>
      <div class="toolbar">
        ${this.#choice(texts.a, this.chosenA, removed, (uid) => (this.chosenA = uid))}
        ${this.#choice(texts.b, this.chosenB, added, (uid) => (this.chosenB = uid))}
        <button
          type="button"
          aria-disabled=${this.chosenA === '' || this.chosenB === '' ? 'true' : nothing}
          @click=${this.#go}
        >
          ${texts.go}
        </button>
      </div>
    </div>`;
  }

  #choice(label: string, chosen: string, uids: readonly string[], choose: (uid: string) => void) {
    return html`<label class="small"
      >${label}
      <select @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}>
        <option value="" ?selected=${chosen === ''}>${S.reproducibility.compare.pin.choose}</option>
        ${uids
          .slice(0, UNPAIRED_SHOWN)
          .map((uid) => html`<option value=${uid} ?selected=${uid === chosen}>${uid}</option>`)}
      </select>
    </label>`;
  }

  #go = (): void => {
    if (this.chosenA === '' || this.chosenB === '') return;
    const pin: Pin = [this.chosenA, this.chosenB];
    this.chosenA = '';
    this.chosenB = '';
    this.dispatchEvent(new CustomEvent<Pin>('weir-pin', { detail: pin }));
  };
}

customElements.define('weir-compare-alignment', WeirCompareAlignment);

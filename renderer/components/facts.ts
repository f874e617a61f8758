/** Names and values: what is known about one thing. Values that are null are left out. */
import { LitElement, css, html, nothing, type TemplateResult } from 'lit';
import { S } from '../strings.ts';
import { base } from '../styles/shared.ts';
import './copy-button.ts';

export interface Fact {
  readonly name: string;
  readonly value: string | TemplateResult | null;
  /** Text for a copy button, where the value is worth copying. */
  readonly copy?: string | undefined;
  readonly mono?: boolean;
}

/** @prop facts - what is shown, in order */
export class WeirFacts extends LitElement {
  static override properties = { facts: { attribute: false } };
  static override styles = [
    base,
    css`
      dl {
        display: grid;
        grid-template-columns: minmax(96px, max-content) minmax(0, 1fr);
        gap: var(--space-1) var(--space-4);
        margin: 0;
      }

      dt {
        color: var(--color-muted);
        line-height: 24px;
      }

      dd {
        display: flex;
        align-items: start;
        gap: var(--space-1);
        min-width: 0;
        margin: 0;
        line-height: 24px;
      }

      dd > span {
        min-width: 0;
        overflow-wrap: anywhere;
      }

      .mono {
        line-height: 24px;
      }
    `,
  ];

  declare facts: readonly Fact[];

  constructor() {
    super();
    this.facts = [];
  }

  override render() {
    return html`<dl>
      ${this.facts.map(({ name, value, copy, mono }) =>
        value === null
          ? nothing
          : html`<dt>${name}</dt>
              <dd>
                <span class=${mono ? 'mono' : ''}>${value}</span>
                ${copy ? html`<weir-copy-button text=${copy} label=${`${S.copy}: ${name}`}></weir-copy-button>` : nothing}
              </dd>`,
      )}
    </dl>`;
  }
}

customElements.define('weir-facts', WeirFacts);

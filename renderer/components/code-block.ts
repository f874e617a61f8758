/** Text as it is: output of a program, JSON, a hex dump. Scrolls on its own and can be copied. */
import { LitElement, css, html, nothing } from 'lit';
import { S } from '../strings.ts';
import { base } from '../styles/shared.ts';
import './copy-button.ts';

/**
 * @prop text - what is shown
 * @attr label - what it is, for screen readers
 * @attr copyable - has a copy button
 * @attr wraps - breaks long lines
 */
export class WeirCodeBlock extends LitElement {
  static override properties = {
    text: { attribute: false },
    label: { type: String },
    copyable: { type: Boolean, reflect: true },
    wraps: { type: Boolean, reflect: true },
  };
  static override styles = [
    base,
    css`
      :host {
        display: block;
        position: relative;
        min-width: 0;
      }

      pre {
        max-height: var(--code-height, 24rem);
        margin: 0;
        padding: var(--space-3);
        border: 1px solid var(--color-line);
        border-radius: var(--radius-m);
        background: var(--color-sunken);
        font: var(--text-s) / 1.5 var(--font-mono);
        overflow: auto;
        tab-size: 4;
      }

      :host([copyable]) pre {
        padding-inline-end: 40px;
      }

      :host([wraps]) pre {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      weir-copy-button {
        position: absolute;
        inset: 5px 9px auto auto;
        border-radius: var(--radius-s);
        background: var(--color-sunken);
      }
    `,
  ];

  declare text: string;
  declare label: string;
  declare copyable: boolean;
  declare wraps: boolean;

  constructor() {
    super();
    this.text = '';
    this.label = '';
    this.copyable = false;
    this.wraps = false;
  }

  override render() {
    return html`<pre tabindex="0" role="group" aria-label=${this.label}>${this.text}</pre>
      ${
        this.copyable
          ? html`<weir-copy-button text=${this.text} label=${`${S.copy}: ${this.label}`}></weir-copy-button>`
          : nothing
      }`;
  }
}

customElements.define('weir-code-block', WeirCodeBlock);

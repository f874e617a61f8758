/** What stands where a list has nothing to show: why, and what to do. */
import { LitElement, css, html, nothing } from 'lit';
import { base } from '../styles/shared.ts';

/**
 * @attr heading - why there is nothing
 * @attr message - what to do
 * @attr page - it is all there is on the page, and its heading the page's own
 * @slot - buttons or links that do it
 */
export class WeirEmptyState extends LitElement {
  static override properties = {
    heading: { type: String },
    message: { type: String },
    isPage: { type: Boolean, attribute: 'page' },
  };
  static override styles = [
    base,
    css`
      :host {
        display: block;
      }

      div {
        display: grid;
        justify-items: center;
        gap: var(--space-2);
        padding: var(--space-12) var(--space-4);
        text-align: center;
      }

      h1,
      h2 {
        font-size: var(--text-l);
      }

      p {
        max-width: 60ch;
        color: var(--color-muted);
        overflow-wrap: anywhere;
      }
    `,
  ];

  declare heading: string;
  declare message: string;
  declare isPage: boolean;

  constructor() {
    super();
    this.heading = '';
    this.message = '';
    this.isPage = false;
  }

  override render() {
    return html`<div>
      ${this.isPage ? html`<h1>${this.heading}</h1>` : html`<h2>${this.heading}</h2>`}
      ${this.message ? html`<p>${this.message}</p>` : nothing}
      <slot></slot>
    </div>`;
  }
}

customElements.define('weir-empty-state', WeirEmptyState);

/** Views of one thing, as links: each view has an address of its own. */
import { LitElement, css, html, nothing } from 'lit';
import { base } from '../styles/shared.ts';

export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly href: string;
  /** A number beside the label, e.g. of errors. */
  readonly badge?: string;
}

/**
 * @prop tabs - the views
 * @attr selected - id of the view that is shown
 * @attr label - what the views are of
 */
export class WeirTabs extends LitElement {
  static override properties = {
    tabs: { attribute: false },
    selected: { type: String },
    label: { type: String },
  };
  static override styles = [
    base,
    css`
      nav {
        display: flex;
        gap: var(--space-1);
        border-bottom: 1px solid var(--color-line);
        overflow-x: auto;
        scrollbar-width: none;
      }

      a {
        display: inline-flex;
        align-items: center;
        gap: var(--space-2);
        min-height: 36px;
        padding: 0 var(--space-3);
        border-bottom: 2px solid transparent;
        color: var(--color-muted);
        font-weight: 500;
        text-decoration: none;
        white-space: nowrap;
      }

      a:hover {
        color: var(--color-text);
      }

      a[aria-current] {
        border-bottom-color: var(--color-accent);
        color: var(--color-text);
      }

      a:focus-visible {
        outline-offset: -2px;
      }

      .badge {
        padding: 0 6px;
        border-radius: 999px;
        background: var(--color-sunken);
        color: var(--color-muted);
        font-size: var(--text-xs);
      }
    `,
  ];

  declare tabs: readonly Tab[];
  declare selected: string;
  declare label: string;

  constructor() {
    super();
    this.tabs = [];
    this.selected = '';
    this.label = '';
  }

  override render() {
    return html`<nav aria-label=${this.label}>
      ${this.tabs.map(
        ({ id, label, href, badge }) =>
          html`<a href=${href} aria-current=${id === this.selected ? 'page' : nothing}
            >${label}${badge ? html`<span class="badge">${badge}</span>` : nothing}</a
          >`,
      )}
    </nav>`;
  }
}

customElements.define('weir-tabs', WeirTabs);

/** A state as colour, shape and word. */
import { LitElement, css, html } from 'lit';
import { base } from '../styles/shared.ts';
import { familyOf, wordOf } from '../states.ts';
import './icon.ts';
import { stateColors } from './state-colors.ts';

/**
 * @attr state - name of a state of a session, of data or of an application
 * @attr large - for the head of a page
 */
export class WeirStateBadge extends LitElement {
  static override properties = { state: { type: String }, large: { type: Boolean, reflect: true } };
  static override styles = [
    base,
    stateColors,
    css`
      :host {
        display: flex;
        min-width: 0;
      }

      span {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-width: 0;
        white-space: nowrap;
      }

      weir-icon {
        color: var(--state);
      }

      :host([large]) span {
        gap: var(--space-2);
        padding: 3px 10px 3px 8px;
        border: 1px solid var(--state);
        border-radius: 999px;
        background: var(--color-surface);
        font-weight: 600;
      }
    `,
  ];

  declare state: string;
  declare large: boolean;

  constructor() {
    super();
    this.state = '';
    this.large = false;
  }

  override render() {
    const family = familyOf(this.state);
    return html`<span class="is-${family}"
      ><weir-icon name=${family}></weir-icon>${wordOf(this.state)}</span
    >`;
  }
}

customElements.define('weir-state-badge', WeirStateBadge);

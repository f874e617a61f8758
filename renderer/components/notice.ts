/** A message on the page: a title, the sentence, and for errors the code, which can be copied. */
import { LitElement, css, html, nothing } from 'lit';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import './copy-button.ts';
import './icon.ts';

/**
 * @attr tone - `info`, `warning` or `error`
 * @attr heading - what it is about
 * @attr message - the sentence
 * @attr code - code of an error
 * @attr closable - has a close button, which fires `weir-close`
 * @slot - further content, e.g. a button that helps
 */
export class WeirNotice extends LitElement {
  static override properties = {
    tone: { type: String },
    heading: { type: String },
    message: { type: String },
    code: { type: String },
    closable: { type: Boolean },
  };
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: block;
      }

      .notice {
        display: grid;
        grid-template-columns: auto 1fr auto;
        gap: var(--space-1) var(--space-3);
        padding: var(--space-3) var(--space-3) var(--space-3) var(--space-4);
        border: 1px solid var(--color-line);
        border-inline-start: 3px solid var(--tone);
        border-radius: var(--radius-m);
        background: var(--tone-surface);
      }

      .info {
        --tone: var(--color-accent);
        --tone-surface: var(--color-info-surface);
      }

      .warning {
        --tone: var(--state-interrupted);
        --tone-surface: var(--color-warning-surface);
      }

      .error {
        --tone: var(--state-error);
        --tone-surface: var(--color-danger-surface);
        --icon-cut: var(--color-danger-surface);
      }

      weir-icon.mark {
        margin-top: 2px;
        color: var(--tone);
      }

      .text {
        display: grid;
        gap: 2px;
        min-width: 0;
        overflow-wrap: anywhere;
      }

      strong {
        font-weight: 600;
      }

      .message {
        white-space: pre-line;
        max-height: 12rem;
        overflow: auto;
      }

      .code {
        display: flex;
        align-items: center;
        gap: var(--space-1);
        color: var(--color-muted);
        font-size: var(--text-s);
      }

      button.icon {
        width: 24px;
        min-height: 24px;
      }
    `,
  ];

  declare tone: 'info' | 'warning' | 'error';
  declare heading: string;
  declare message: string;
  declare code: string;
  declare closable: boolean;

  constructor() {
    super();
    this.tone = 'info';
    this.heading = '';
    this.message = '';
    this.code = '';
    this.closable = false;
  }

  override render() {
    const mark = { info: 'info', warning: 'interrupted', error: 'error' }[this.tone];
    const all = [this.heading, this.message, this.code].filter((part) => part !== '').join('\n');
    return html`<div class="notice ${this.tone}" role=${this.tone === 'error' ? 'alert' : 'status'}>
      <weir-icon class="mark" name=${mark}></weir-icon>
      <div class="text">
        ${this.heading ? html`<strong>${this.heading}</strong>` : nothing}
        ${this.message ? html`<span class="message">${this.message}</span>` : nothing}
        ${
          this.code
            ? html`<span class="code"
                ><span class="mono">${this.code}</span
                ><weir-copy-button text=${all} label=${S.copy}></weir-copy-button
              ></span>`
            : nothing
        }
        <slot></slot>
      </div>
      ${
        this.closable
          ? html`<button
              type="button"
              class="quiet icon"
              aria-label=${S.close}
              @click=${() => this.dispatchEvent(new Event('weir-close'))}
            >
              <weir-icon name="close"></weir-icon>
            </button>`
          : nothing
      }
    </div>`;
  }
}

customElements.define('weir-notice', WeirNotice);

/** Copies a text, and says that it did. */
import { LitElement, css, html, nothing } from 'lit';
import { announce, notify } from '../events.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import './icon.ts';

/**
 * @attr text - what is copied
 * @attr label - what the button is called; shown when `labelled`
 */
export class WeirCopyButton extends LitElement {
  static override properties = {
    text: { type: String },
    label: { type: String },
    labelled: { type: Boolean },
    isDone: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: inline-flex;
      }

      button.icon {
        width: 24px;
        min-height: 24px;
        color: var(--color-muted);
      }

      button.icon:hover {
        color: var(--color-text);
      }

      .done {
        color: var(--state-done);
      }
    `,
  ];

  declare text: string;
  declare label: string;
  declare labelled: boolean;
  declare isDone: boolean;

  constructor() {
    super();
    this.text = '';
    this.label = S.copy;
    this.labelled = false;
    this.isDone = false;
  }

  override render() {
    return html`<button
      type="button"
      class=${this.labelled ? '' : 'quiet icon'}
      aria-label=${this.label}
      title=${this.label}
      @click=${this.#copy}
    >
      <weir-icon class=${this.isDone ? 'done' : ''} name=${this.isDone ? 'done' : 'copy'}></weir-icon>
      ${this.labelled ? (this.isDone ? S.copied : this.label) : nothing}
    </button>`;
  }

  #copy = async (event: Event): Promise<void> => {
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(this.text);
    } catch {
      notify(this, { tone: 'error', title: this.label, message: S.copyFailed });
      return;
    }
    announce(this, S.copied);
    this.isDone = true;
    setTimeout(() => (this.isDone = false), 1500);
  };
}

customElements.define('weir-copy-button', WeirCopyButton);

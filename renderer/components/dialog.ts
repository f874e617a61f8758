/** A modal dialog: the native element, which traps the focus and gives it back. */
import { LitElement, css, html } from 'lit';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import './icon.ts';

/**
 * @attr heading - its title
 * @prop open - whether it is shown
 * @slot - the content
 * @slot actions - buttons, the main one last
 * @fires weir-close - closed by Escape, the cross or a click outside
 */
export class WeirDialog extends LitElement {
  static override properties = { heading: { type: String }, open: { type: Boolean } };
  static override styles = [
    base,
    controls,
    css`
      dialog {
        width: min(560px, calc(100vw - 32px));
        max-height: calc(100vh - 64px);
        padding: 0;
        border: 1px solid var(--color-line);
        border-radius: var(--radius-l);
        background: var(--color-raised);
        color: var(--color-text);
        box-shadow: var(--shadow-raised);
        overflow: hidden;
      }

      dialog[open] {
        display: grid;
        grid-template-rows: auto 1fr auto;
      }

      dialog::backdrop {
        background: var(--color-scrim);
      }

      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-3);
        padding: var(--space-4) var(--space-3) var(--space-2) var(--space-5);
      }

      h2 {
        font-size: var(--text-l);
      }

      .body {
        padding: var(--space-2) var(--space-5) var(--space-4);
        overflow: auto;
      }

      footer {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: var(--space-2);
        padding: var(--space-3) var(--space-5) var(--space-4);
      }

      footer:not(.has-actions) {
        display: none;
      }
    `,
  ];

  declare heading: string;
  declare open: boolean;

  constructor() {
    super();
    this.heading = '';
    this.open = false;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  override updated(): void {
    const dialog = this.#dialog;
    if (dialog === null || dialog.open === this.open) return;
    if (this.open) dialog.showModal();
    else dialog.close();
  }

  override render() {
    return html`<dialog aria-labelledby="title" @close=${this.#closed} @pointerdown=${this.#pressed}>
      <div class="head">
        <h2 id="title">${this.heading}</h2>
        <button type="button" class="quiet icon" aria-label=${S.close} @click=${() => this.#dialog?.close()}>
          <weir-icon name="close"></weir-icon>
        </button>
      </div>
      <div class="body"><slot></slot></div>
      <footer><slot name="actions" @slotchange=${this.#actionsChanged}></slot></footer>
    </dialog>`;
  }

  /** The browser tells of a closing later: by then the owner may have closed this one itself, for another dialog. */
  #closed = (): void => {
    if (this.open) this.dispatchEvent(new Event('weir-close'));
  };

  /** A press on the dialog element itself, outside its box, is one on the backdrop. */
  #pressed = (event: PointerEvent): void => {
    const dialog = this.#dialog;
    if (dialog === null || event.target !== dialog) return;
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    if (x < left || x > right || y < top || y > bottom) dialog.close();
  };

  #actionsChanged = (event: Event): void => {
    const slot = event.target as HTMLSlotElement;
    slot.parentElement?.classList.toggle('has-actions', slot.assignedElements().length > 0);
  };
}

customElements.define('weir-dialog', WeirDialog);

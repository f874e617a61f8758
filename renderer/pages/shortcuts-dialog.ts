/** The keys of the window. */
import { LitElement, css, html } from 'lit';
import '../components/dialog.ts';
import { S } from '../strings.ts';
import { base } from '../styles/shared.ts';

const command = navigator.platform.startsWith('Mac') ? '⌘' : 'Ctrl';

const KEYS: readonly (readonly [string, readonly string[]])[] = [
  [S.shortcuts.open, [command, 'O']],
  [S.shortcuts.search, [command, 'F']],
  [S.shortcuts.sessions, ['Alt', '1']],
  [S.shortcuts.help, ['F1']],
  [S.shortcuts.tableMove, ['↑', '↓']],
  [S.shortcuts.tableOpen, ['Enter']],
  [S.shortcuts.graphEdges, ['←', '→']],
  [S.shortcuts.graphSiblings, ['↑', '↓']],
  [S.shortcuts.graphZoom, ['+', '−', '0']],
];

/**
 * @prop open - whether it is shown
 * @fires weir-close
 */
export class WeirShortcutsDialog extends LitElement {
  static override properties = { open: { type: Boolean } };
  static override styles = [
    base,
    css`
      dl {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: var(--space-2) var(--space-6);
        margin: 0;
      }

      dd {
        display: flex;
        justify-content: flex-end;
        gap: var(--space-1);
        margin: 0;
      }

      kbd {
        min-width: 24px;
        padding: 1px 6px;
        border: 1px solid var(--color-control);
        border-radius: var(--radius-s);
        background: var(--color-sunken);
        font: var(--text-s) / 1.5 var(--font-text);
        text-align: center;
      }
    `,
  ];

  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  override render() {
    return html`<weir-dialog
      heading=${S.shortcuts.title}
      ?open=${this.open}
      @weir-close=${() => this.dispatchEvent(new Event('weir-close'))}
    >
      <dl>
        ${KEYS.map(
          ([what, keys]) =>
            html`<dt>${what}</dt>
              <dd>${keys.map((key) => html`<kbd>${key}</kbd>`)}</dd>`,
        )}
      </dl>
    </weir-dialog>`;
  }
}

customElements.define('weir-shortcuts-dialog', WeirShortcutsDialog);

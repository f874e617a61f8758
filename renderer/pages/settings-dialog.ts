/** What a person can set: the colours of this window, and what goes from the history by itself. */
import { LitElement, css, html } from 'lit';
import '../components/dialog.ts';
import type { Client } from '../data/client.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import './retention-rules-list.ts';
import { applyTheme, readTheme, THEMES, type Theme } from '../theme.ts';

/**
 * @prop client - where to ask
 * @prop open - whether it is shown
 * @fires weir-close
 */
export class WeirSettingsDialog extends LitElement {
  static override properties = {
    client: { attribute: false },
    open: { type: Boolean },
    theme: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      fieldset {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2) var(--space-6);
        margin: 0;
        padding: 0;
        border: 0;
      }

      weir-retention-rules-list {
        display: block;
        margin-top: var(--space-5);
      }

      legend {
        padding: 0 0 var(--space-2);
        font-weight: 600;
      }

      label {
        display: inline-flex;
        align-items: center;
        gap: var(--space-2);
        min-height: 32px;
      }

      input {
        width: 16px;
        height: 16px;
        margin: 0;
        accent-color: var(--color-accent);
      }
    `,
  ];

  declare client: Client;
  declare open: boolean;
  declare theme: Theme;

  constructor() {
    super();
    this.open = false;
    this.theme = readTheme();
  }

  override render() {
    return html`<weir-dialog
      heading=${S.settingsDialog.title}
      ?open=${this.open}
      @weir-close=${() => this.dispatchEvent(new Event('weir-close'))}
    >
      <fieldset>
        <legend>${S.settingsDialog.theme}</legend>
        ${THEMES.map(
          (theme) =>
            html`<label
              ><input
                type="radio"
                name="theme"
                .checked=${this.theme === theme}
                @change=${() => this.#choose(theme)}
              />${S.settingsDialog.themes[theme]}</label
            >`,
        )}
      </fieldset>
      <weir-retention-rules-list .client=${this.client} ?isShown=${this.open}></weir-retention-rules-list>
    </weir-dialog>`;
  }

  #choose(theme: Theme): void {
    this.theme = theme;
    applyTheme(theme);
  }
}

customElements.define('weir-settings-dialog', WeirSettingsDialog);

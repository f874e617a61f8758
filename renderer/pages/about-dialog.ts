/** Which Weir this is, and where it keeps its things. */
import { LitElement, html, nothing } from 'lit';
import type { HostInfo } from '../../engine/api/contract.ts';
import '../components/copy-button.ts';
import '../components/dialog.ts';
import '../components/facts.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';

/**
 * @prop client - where to ask
 * @prop open - whether it is shown
 * @fires weir-close
 */
export class WeirAboutDialog extends LitElement {
  static override properties = {
    client: { attribute: false },
    open: { type: Boolean },
    info: { state: true },
    error: { state: true },
  };
  static override styles = [base, controls];

  declare client: Client;
  declare open: boolean;
  declare info: HostInfo | undefined;
  declare error: HostError | undefined;

  constructor() {
    super();
    this.open = false;
    this.info = undefined;
    this.error = undefined;
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('open') && this.open) void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.info = await this.client.call('host.info', {});
      this.error = undefined;
    } catch (error) {
      this.error = toHostError(error);
    }
  }

  override render() {
    const names = S.aboutDialog.fields;
    const { info } = this;
    const facts = (Object.keys(names) as (keyof typeof names)[])
      .map((key) => ({
        name: names[key],
        value: info?.[key] ?? null,
        mono: key === 'dataDir' || key === 'url',
      }))
      .map((fact) => ({ ...fact, value: fact.value === null ? null : String(fact.value) }));
    const text = facts.flatMap(({ name, value }) => (value === null ? [] : [`${name}: ${value}`])).join('\n');
    return html`<weir-dialog heading=${S.aboutDialog.title} ?open=${this.open} @weir-close=${this.#close}>
      <p>${S.aboutDialog.text}</p>
      <br />
      ${
        this.error
          ? html`<weir-notice
              tone="error"
              heading=${S.aboutDialog.failed}
              message=${this.error.message}
              code=${this.error.code}
            ></weir-notice>`
          : html`<weir-facts .facts=${facts}></weir-facts>`
      }
      ${
        info
          ? html`<weir-copy-button
              slot="actions"
              labelled
              text=${text}
              label=${S.aboutDialog.copy}
            ></weir-copy-button>`
          : nothing
      }
    </weir-dialog>`;
  }

  #close = (): void => {
    this.dispatchEvent(new Event('weir-close'));
  };
}

customElements.define('weir-about-dialog', WeirAboutDialog);

/** The standing rules of retention in words, each with a way to remove it. */
import { LitElement, css, html, nothing } from 'lit';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { ruleText, type RetentionRule } from '../data/retention-rules.ts';
import { announce } from '../events.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';

/**
 * @prop client - where to ask
 * @prop isShown - asks for the rules when it becomes true
 */
export class WeirRetentionRulesList extends LitElement {
  static override properties = {
    client: { attribute: false },
    isShown: { type: Boolean },
    rules: { state: true },
    error: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      section {
        display: grid;
        gap: var(--space-2);
      }

      h3 {
        margin: 0;
        font-size: inherit;
        font-weight: 600;
      }

      ul {
        display: grid;
        gap: var(--space-1);
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--space-2);
        overflow-wrap: anywhere;
      }
    `,
  ];

  declare client: Client;
  declare isShown: boolean;
  declare rules: readonly RetentionRule[] | undefined;
  declare error: HostError | undefined;

  constructor() {
    super();
    this.isShown = false;
    this.rules = undefined;
    this.error = undefined;
  }

  override updated(changed: Map<string, unknown>): void {
    if (changed.has('isShown') && this.isShown) void this.#load();
  }

  override render() {
    const { rules, error } = this;
    return html`<section aria-label=${S.retention.standing}>
      <h3>${S.retention.standing}</h3>
      ${
        error
          ? html`<weir-notice tone="error" message=${error.message} code=${error.code}></weir-notice>`
          : nothing
      }
      ${rules?.length === 0 ? html`<p class="muted small">${S.retention.noStanding}</p>` : nothing}
      ${
        rules && rules.length > 0
          ? html`<ul>
              ${rules.map(
                (rule, place) =>
                  html`<li>
                    <span>${ruleText(rule)}</span>
                    <button
                      type="button"
                      aria-label=${S.retention.removeRule(ruleText(rule))}
                      @click=${() => void this.#remove(place)}
                    >
                      ${S.retention.remove}
                    </button>
                  </li>`,
              )}
            </ul>`
          : nothing
      }
    </section>`;
  }

  /** Adds a rule and shows it. Throws what the Host says. */
  async add(rule: RetentionRule): Promise<void> {
    const { rules } = await this.client.call('retention.rules', {});
    this.rules = (await this.client.call('retention.setRules', { rules: [...rules, rule] })).rules;
  }

  async #load(): Promise<void> {
    await this.#asking(async () => (await this.client.call('retention.rules', {})).rules);
  }

  async #remove(place: number): Promise<void> {
    await this.#asking(async () => {
      const rules = (this.rules ?? []).filter((_, i) => i !== place);
      await this.client.call('retention.setRules', { rules });
      announce(this, S.retention.removed);
      return rules;
    });
  }

  async #asking(ask: () => Promise<readonly RetentionRule[]>): Promise<void> {
    try {
      this.rules = await ask();
      this.error = undefined;
    } catch (error) {
      this.error = toHostError(error);
    }
  }
}

customElements.define('weir-retention-rules-list', WeirRetentionRulesList);

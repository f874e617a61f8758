/** Makes room in the history by rules, after showing what would go; what is sealed stays. */
import { LitElement, css, html, nothing } from 'lit';
import type { MethodResult } from '../../engine/api/contract.ts';
import '../components/dialog.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import {
  RETENTION_NUMBERS,
  rulesOf,
  type RetentionField,
  type RetentionPart,
} from '../data/retention-rules.ts';
import { announce } from '../events.ts';
import { formatBytes } from '../format.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import './retention-rules-list.ts';
import type { WeirRetentionRulesList } from './retention-rules-list.ts';

type Found = MethodResult<'history.prune'>;

const SHOWN = 8;
const PARTS: readonly RetentionPart[] = ['contents', 'events', 'logs', 'files'];
/**
 * @prop client - where to ask
 * @prop open - whether it is shown
 * @fires weir-close
 */
export class WeirRetentionDialog extends LitElement {
  static override properties = {
    client: { attribute: false },
    open: { type: Boolean },
    fields: { state: true },
    isPerGraph: { state: true },
    parts: { state: true },
    found: { state: true },
    error: { state: true },
    isBusy: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      .body {
        display: grid;
        gap: var(--space-4);
      }

      fieldset {
        display: grid;
        gap: var(--space-2);
        min-width: 0;
        margin: 0;
        padding: 0;
        border: 0;
      }

      legend {
        padding: 0 0 var(--space-1);
        font-weight: 600;
      }

      label {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-1) var(--space-2);
        min-height: 28px;
      }

      label.field {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 112px;
      }

      label.graph {
        grid-template-columns: minmax(0, 1fr) minmax(112px, 50%);
      }

      .field input {
        width: 100%;
        min-width: 0;
      }

      input[type='checkbox'] {
        width: 16px;
        height: 16px;
        margin: 0;
        accent-color: var(--color-accent);
      }

      ul {
        display: grid;
        gap: 2px;
        margin: var(--space-1) 0 0;
        padding: 0;
        list-style: none;
        overflow-wrap: anywhere;
      }
    `,
  ];

  declare client: Client;
  declare open: boolean;
  declare fields: Readonly<Record<RetentionField, string>>;
  declare isPerGraph: boolean;
  declare parts: readonly RetentionPart[];
  declare found: Found | undefined;
  declare error: HostError | undefined;
  declare isBusy: boolean;

  constructor() {
    super();
    this.open = false;
    this.fields = { older: '90', keep: '', maxSize: '', graph: '' };
    this.isPerGraph = false;
    this.parts = ['contents', 'events', 'logs'];
    this.found = undefined;
    this.error = undefined;
    this.isBusy = false;
  }

  override render() {
    return html`<weir-dialog heading=${S.retention.title} ?open=${this.open} @weir-close=${this.#close}>
      <div class="body">
        <p class="muted small">${S.retention.text}</p>
        ${this.#rules()} ${this.#parts()}
        <div aria-live="polite">${this.#preview()}</div>
        <weir-retention-rules-list .client=${this.client} ?isShown=${this.open}></weir-retention-rules-list>
      </div>
      <button slot="actions" type="button" @click=${this.#close}>${S.close}</button>
      <button
        slot="actions"
        type="button"
        aria-disabled=${this.isBusy ? 'true' : nothing}
        @click=${() => void this.#keep()}
      >
        ${S.retention.always}
      </button>
      ${this.#action()}
    </weir-dialog>`;
  }

  #rules() {
    return html`<fieldset>
      <legend>${S.retention.rules}</legend>
      ${RETENTION_NUMBERS.map((field) => this.#field(field, 'decimal'))}
      <label
        ><input
          type="checkbox"
          .checked=${this.isPerGraph}
          @change=${(event: Event) => {
            this.isPerGraph = (event.target as HTMLInputElement).checked;
            this.found = undefined;
          }}
        />${S.retention.perGraph}</label
      >
      ${this.#field('graph', 'text')}
    </fieldset>`;
  }

  #field(field: RetentionField, inputMode: 'decimal' | 'text') {
    return html`<label class="field ${field === 'graph' ? 'graph' : ''}"
      ><span>${S.retention[field]}</span>
      <input
        type="text"
        inputmode=${inputMode}
        .value=${this.fields[field]}
        @input=${(event: Event) => {
          this.fields = { ...this.fields, [field]: (event.target as HTMLInputElement).value };
          this.found = undefined;
        }}
      />
    </label>`;
  }

  #parts() {
    return html`<fieldset>
      <legend>${S.retention.parts}</legend>
      ${PARTS.map(
        (part) =>
          html`<label
            ><input
              type="checkbox"
              .checked=${this.parts.includes(part)}
              @change=${(event: Event) => this.#choose(part, (event.target as HTMLInputElement).checked)}
            />${S.retention.partNames[part]}</label
          >`,
      )}
    </fieldset>`;
  }

  #preview() {
    const { error, found } = this;
    if (error) {
      return html`<weir-notice tone="error" message=${error.message} code=${error.code}></weir-notice>`;
    }
    if (this.isBusy) return html`<p class="muted">${S.retention.previewing}</p>`;
    if (found === undefined) return nothing;
    if (found.sessions.length === 0) return html`<p>${S.retention.nothing}</p>`;
    const rest = found.sessions.length - SHOWN;
    return html`<p>
        <strong>${S.retention.wouldGo(found.sessions.length, found.freedBytes)}</strong>
        ${S.retention.cannot}
      </p>
      <ul class="small">
        ${found.sessions.slice(0, SHOWN).map(
          ({ sessionId, graphName, bytes, reasons }) =>
            html`<li>
              ${graphName}
              <span class="muted">${sessionId}, ${formatBytes(bytes)}: ${reasons.join(', ')}</span>
            </li>`,
        )}
        ${rest > 0 ? html`<li class="muted">${S.retention.more(rest)}</li>` : nothing}
      </ul>`;
  }

  /** First what would go is shown; only then can it be removed. */
  #action() {
    const { found } = this;
    if (found === undefined || found.sessions.length === 0) {
      return html`<button
        slot="actions"
        type="button"
        class="primary"
        aria-disabled=${this.isBusy ? 'true' : nothing}
        @click=${() => void this.#prune(true)}
      >
        ${S.retention.preview}
      </button>`;
    }
    return html`<button
      slot="actions"
      type="button"
      class="danger"
      aria-disabled=${this.isBusy ? 'true' : nothing}
      @click=${() => void this.#prune(false)}
    >
      ${S.retention.go(found.freedBytes)}
    </button>`;
  }

  #choose(part: RetentionPart, isChosen: boolean): void {
    const others = this.parts.filter((one) => one !== part);
    this.parts = isChosen ? [...others, part] : others;
    this.found = undefined;
  }

  async #prune(dryRun: boolean): Promise<void> {
    if (this.isBusy) return;
    this.error = undefined;
    try {
      const rules = rulesOf(this.fields, this.isPerGraph, this.parts);
      this.isBusy = true;
      const found = await this.client.call('history.prune', { ...rules, dryRun });
      this.found = dryRun ? found : undefined;
      if (!dryRun) {
        announce(this, S.retention.done(found.freedBytes));
        this.#close();
      }
    } catch (error) {
      this.error = toHostError(error);
    } finally {
      this.isBusy = false;
    }
  }

  async #keep(): Promise<void> {
    if (this.isBusy) return;
    this.error = undefined;
    try {
      const rule = rulesOf(this.fields, this.isPerGraph, this.parts);
      this.isBusy = true;
      const list = this.renderRoot.querySelector('weir-retention-rules-list') as WeirRetentionRulesList;
      await list.add(rule);
      this.found = undefined;
      announce(this, S.retention.kept);
    } catch (error) {
      this.error = toHostError(error);
    } finally {
      this.isBusy = false;
    }
  }

  #close = (): void => {
    this.found = undefined;
    this.error = undefined;
    this.dispatchEvent(new Event('weir-close'));
  };
}

customElements.define('weir-retention-dialog', WeirRetentionDialog);

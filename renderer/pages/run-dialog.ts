/** Shows what a graph is before it is run: nothing starts from a file without a decision. */
import { LitElement, css, html, nothing } from 'lit';
import type { GraphInspection, GraphSource } from '../../engine/api/contract.ts';
import '../components/dialog.ts';
import '../components/facts.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { askToRun } from '../events.ts';
import { formatInteger } from '../format.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { T } from '../translate-strings.ts';

const PROBLEMS_SHOWN = 20;

/**
 * @prop client - where to ask
 * @prop source - the graph; null: closed
 * @fires weir-close - decided either way
 * @fires weir-run - detail: the source and the R-mode, to be run
 */
export class WeirRunDialog extends LitElement {
  static override properties = {
    client: { attribute: false },
    source: { attribute: false },
    inspection: { state: true },
    rmode: { state: true },
    error: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      .body {
        display: grid;
        gap: var(--space-4);
        min-height: 72px;
        align-content: start;
      }

      ul {
        display: grid;
        gap: var(--space-2);
        max-height: 14rem;
        margin: 0;
        padding: 0;
        list-style: none;
        overflow: auto;
      }

      li {
        overflow-wrap: anywhere;
      }

      .rmode {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2) var(--space-4);
      }
    `,
  ];

  declare client: Client;
  declare source: GraphSource | null;
  declare inspection: GraphInspection | undefined;
  declare error: HostError | undefined;
  declare rmode: keyof typeof T.rmodes;

  constructor() {
    super();
    this.source = null;
    this.inspection = undefined;
    this.error = undefined;
    this.rmode = 'NOTHING';
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('source')) return;
    this.inspection = undefined;
    this.error = undefined;
    this.rmode = 'NOTHING';
    if (this.source !== null) void this.#inspect(this.source);
  }

  async #inspect(source: GraphSource): Promise<void> {
    try {
      const inspection = await this.client.call('graphs.inspect', { source });
      if (this.source !== source) return;
      this.inspection = inspection;
      await this.updateComplete;
      // What most people came for is one key away; the trust sentence is read first.
      this.renderRoot.querySelector<HTMLButtonElement>('button.primary:enabled')?.focus();
    } catch (error) {
      if (this.source === source) this.error = toHostError(error);
    }
  }

  override render() {
    const canRun = this.inspection !== undefined && this.inspection.problems.length === 0;
    const isBad = this.error !== undefined || (this.inspection !== undefined && !canRun);
    return html`<weir-dialog
      heading=${isBad ? S.dropZone.titleFailed : S.open.title}
      ?open=${this.source !== null}
      @weir-close=${this.#close}
    >
      <div class="body" aria-live="polite">${this.#body()}</div>
      <button slot="actions" type="button" @click=${this.#close}>${isBad ? S.close : S.cancel}</button>
      ${
        isBad
          ? nothing
          : html`<button
              slot="actions"
              type="button"
              class="primary"
              ?disabled=${!canRun}
              @click=${this.#run}
            >
              ${S.open.run}
            </button>`
      }
    </weir-dialog>`;
  }

  #body() {
    if (this.error) {
      return html`<weir-notice
        tone="error"
        message=${this.error.message}
        code=${this.error.code}
      ></weir-notice>`;
    }
    if (this.inspection === undefined) return html`<p class="muted">${S.open.inspecting}</p>`;
    const { name, kind, drops, problems } = this.inspection;
    return html`<weir-facts
        .facts=${[
          { name: S.list.columns.graph, value: name },
          { name: S.open.kind, value: S.open.kinds[kind] },
          { name: S.open.drops, value: formatInteger(drops) },
        ]}
      ></weir-facts>
      ${
        problems.length === 0
          ? html`${this.#rmodes(kind)}
              <p class="muted small">${S.open.trust}</p>`
          : html`<p>${S.open.problems(problems.length)}:</p>
              <ul>
                ${problems
                  .slice(0, PROBLEMS_SHOWN)
                  .map(
                    ({ code, message }) =>
                      html`<li><weir-notice tone="error" message=${message} code=${code}></weir-notice></li>`,
                  )}
              </ul>`
      }`;
  }

  /** Whether and how the run is signed. A logical graph is set up on its own page. */
  #rmodes(kind: GraphInspection['kind']) {
    if (kind === 'logical') return nothing;
    return html`<label class="rmode"
      ><span>${T.rmode}</span>
      <select
        @change=${(event: Event) =>
          (this.rmode = (event.target as HTMLSelectElement).value as keyof typeof T.rmodes)}
      >
        ${Object.entries(T.rmodes).map(
          ([mode, word]) => html`<option value=${mode} ?selected=${mode === this.rmode}>${word}</option>`,
        )}
      </select>
    </label>`;
  }

  #close = (): void => {
    this.dispatchEvent(new Event('weir-close'));
  };

  #run = (): void => {
    const { source } = this;
    if (source === null) return;
    this.#close();
    askToRun(this, source, this.rmode);
  };
}

customElements.define('weir-run-dialog', WeirRunDialog);

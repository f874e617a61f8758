/** Drops that recorded a content, and what each was made of, back to the beginning of its graph. */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import type { FileFindings, MethodResult } from '../../engine/api/contract.ts';
import '../components/empty-state.ts';
import type { Client } from '../data/client.ts';
import { notifyError } from '../events.ts';
import { formatDateTime } from '../format.ts';
import { linkToDrop, linkToSession } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls, panel } from '../styles/shared.ts';

type Made = FileFindings['made'][number];
type Lineage = MethodResult<'history.lineage'>;

const MADE_SHOWN = 50;
const LINEAGE_SHOWN = 200;

/**
 * @prop client - where to ask
 * @prop made - the drops that recorded the content
 */
export class WeirMadeBy extends LitElement {
  static override properties = {
    client: { attribute: false },
    made: { attribute: false },
    traced: { state: true },
    lineage: { state: true },
  };
  static override styles = [
    base,
    controls,
    panel,
    css`
      :host {
        display: block;
      }

      ul,
      ol {
        display: grid;
        gap: var(--space-3);
        margin: 0;
        padding: 0;
        list-style: none;
        overflow-wrap: anywhere;
      }

      ol {
        margin-top: var(--space-2);
        padding-inline-start: var(--space-3);
        border-inline-start: 2px solid var(--color-line);
      }
    `,
  ];

  declare client: Client;
  declare made: readonly Made[];
  /** Session and drop that is traced. */
  declare traced: Made | undefined;
  declare lineage: Lineage | undefined;

  constructor() {
    super();
    this.made = [];
    this.traced = undefined;
    this.lineage = undefined;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('made')) return;
    this.traced = undefined;
    this.lineage = undefined;
  }

  override render() {
    const texts = S.file.made;
    return html`<section class="panel" aria-labelledby="made">
      <header><h2 id="made">${texts.title}</h2></header>
      <div class="body">
        ${
          this.made.length === 0
            ? html`<weir-empty-state heading=${texts.none} message=${texts.noneText}></weir-empty-state>`
            : html`<ul>
                ${this.made.slice(0, MADE_SHOWN).map((one) => this.#row(one))}
              </ul>`
        }
      </div>
    </section>`;
  }

  #row(one: Made) {
    const texts = S.file.made;
    const { sessionId, uid, name, finishedAt } = one;
    return html`<li>
      <a href=${linkToDrop(sessionId, uid)}>${name}</a>
      <span class="muted small"
        >${finishedAt === null ? nothing : html`${formatDateTime(finishedAt)}, `}<a
          href=${linkToSession(sessionId)}
          >${sessionId}</a
        ></span
      >
      <div>
        <button type="button" class="link small" @click=${() => void this.#trace(one)}>${texts.trace}</button>
      </div>
      ${this.traced === one && this.lineage ? this.#lineage(one, this.lineage) : nothing}
    </li>`;
  }

  #lineage({ sessionId, name }: Made, { drops, truncated }: Lineage) {
    const texts = S.file.made;
    const names = new Map(drops.map((drop) => [drop.uid, drop.name]));
    return html`<ol aria-label=${texts.traceOf(name)}>
        ${drops.map(({ uid, name: dropName, inputs, code, reusedFrom, earlier }) => {
          const from = inputs.map((input) => names.get(input) ?? input).join(', ');
          const how = Object.entries(code).map(([key, value]) => `${key}: ${String(value)}`);
          return html`<li>
            <a href=${linkToDrop(sessionId, uid)}>${dropName}</a>
            <span class="muted small">${from === '' ? texts.root : texts.from(from)}</span>
            ${how.length === 0 ? nothing : html`<p class="mono small">${how.join(', ')}</p>`}
            ${reusedFrom === null ? nothing : html`<p class="small">${texts.reused(reusedFrom.sessionId)}</p>`}
            ${earlier.map(
              (other) =>
                html`<p class="small">
                  <a href=${linkToDrop(other.sessionId, other.uid)}>${texts.earlier(other.sessionId)}</a>
                </p>`,
            )}
          </li>`;
        })}
      </ol>
      ${truncated ? html`<p class="muted small">${texts.truncated}</p>` : nothing}`;
  }

  async #trace(one: Made): Promise<void> {
    const { sessionId, uid } = one;
    this.traced = one;
    this.lineage = undefined;
    try {
      const lineage = await this.client.call('history.lineage', { sessionId, uid, limit: LINEAGE_SHOWN });
      if (this.traced === one) this.lineage = lineage;
    } catch (error) {
      notifyError(this, S.file.made.traceFailed, error);
    }
  }
}

customElements.define('weir-made-by', WeirMadeBy);

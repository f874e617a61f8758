/** What the list of sessions is narrowed to: text and status in sight, graph, time and signature one click away. */
import { LitElement, css, html, nothing } from 'lit';
import { hasFilter, isSignature, type SessionsFilterKey } from '../data/sessions-query.ts';
import { go, linkToFind, linkToSessions, type Query } from '../router.ts';
import { wordOf } from '../states.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';

const STATUSES = ['RUNNING', 'FINISHED', 'FAILED', 'CANCELLED', 'INTERRUPTED'];
const MORE_FILTERS = ['graph', 'since', 'until', 'signature'] as const;

/** @prop query - the filters of the address */
export class WeirSessionsFilter extends LitElement {
  static override properties = { query: { attribute: false } };
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        gap: var(--space-2);
      }

      .more {
        padding-block: var(--space-2);
      }

      p a {
        display: inline-flex;
        align-items: center;
        min-height: 28px;
      }

      label {
        display: grid;
        flex: 1 1 180px;
        gap: var(--space-1);
        min-width: 0;
        font-size: var(--text-s);
      }

      label.wide {
        flex-grow: 3;
      }

      input[type='date'] {
        min-height: 32px;
        padding: 0 var(--space-2);
        border: 1px solid var(--color-control);
        border-radius: var(--radius-m);
        background: var(--color-surface);
        color: var(--color-text);
        font: inherit;
      }

      summary {
        width: max-content;
        min-height: 24px;
        color: var(--color-accent);
        cursor: pointer;
      }
    `,
  ];

  declare query: Query;

  constructor() {
    super();
    this.query = {};
  }

  /** Puts the cursor in the text. */
  override focus(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
  }

  override render() {
    const { text = '', status = '', graph = '', since = '', until = '', signature = '' } = this.query;
    const isBad = signature !== '' && !isSignature(signature);
    return html`<div class="toolbar" role="search">
        <input
          type="search"
          class="grow"
          aria-label=${S.list.filterText}
          placeholder=${S.list.filterText}
          .value=${text}
          @input=${(event: Event) => this.#set('text', event)}
        />
        <select aria-label=${S.list.filterStatus} @change=${(event: Event) => this.#set('status', event)}>
          <option value="" ?selected=${status === ''}>${S.list.anyStatus}</option>
          ${STATUSES.map(
            (one) => html`<option value=${one} ?selected=${one === status}>${wordOf(one)}</option>`,
          )}
        </select>
        ${
          hasFilter(this.query)
            ? html`<button type="button" class="quiet" @click=${() => go(linkToSessions(), true)}>
                ${S.list.clearFilter}
              </button>`
            : nothing
        }
      </div>
      <details ?open=${MORE_FILTERS.some((key) => Boolean(this.query[key]))}>
        <summary class="small">${S.list.moreFilters}</summary>
        <div class="toolbar more">
          <label
            >${S.list.filterGraph}
            <input type="search" .value=${graph} @input=${(event: Event) => this.#set('graph', event)} />
          </label>
          <label
            >${S.list.filterSince}
            <input
              type="date"
              .value=${since}
              max=${until || nothing}
              @change=${(event: Event) => this.#set('since', event)}
            />
          </label>
          <label
            >${S.list.filterUntil}
            <input
              type="date"
              .value=${until}
              min=${since || nothing}
              @change=${(event: Event) => this.#set('until', event)}
            />
          </label>
          <label class="wide"
            >${S.list.filterSignature}
            <input
              type="search"
              class="mono"
              spellcheck="false"
              .value=${signature}
              @input=${(event: Event) => this.#set('signature', event)}
            />
          </label>
        </div>
        ${isBad ? html`<p class="muted small" role="status">${S.list.badSignature}</p>` : nothing}
        <p class="small"><a href=${linkToFind({ text })}>${S.list.findDrops}</a></p>
      </details>`;
  }

  #set(key: SessionsFilterKey, event: Event): void {
    const { value } = event.target as HTMLInputElement | HTMLSelectElement;
    go(linkToSessions({ ...this.query, [key]: key === 'signature' ? value.trim() : value }), true);
  }
}

customElements.define('weir-sessions-filter', WeirSessionsFilter);

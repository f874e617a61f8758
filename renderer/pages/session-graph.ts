/** The graph of a session: by logical drop, or with every drop where there are not too many. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { GraphView } from '../../engine/api/contract.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import type { SessionUpdate } from '../data/session-feed.ts';
import { Throttle } from '../data/throttle.ts';
import '../graph/graph-canvas.ts';
import { go, linkToDrop, linkToSession, type Query } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { withChanges } from './graph-changes.ts';
import { viewStyles } from './view-styles.ts';

/** How many nodes are drawn at most: what a drawing by layers can still be read at. */
export const DRAWN_NODES = 5000;
const REFRESH_MS = 1000;

/**
 * @prop client - where to ask
 * @prop sessionId - which session
 * @prop graphName - for the drawing's label
 * @prop query - `unfold=1`: every drop
 */
export class WeirSessionGraph extends LitElement {
  static override properties = {
    client: { attribute: false },
    sessionId: { attribute: false },
    graphName: { attribute: false },
    query: { attribute: false },
    view: { state: true },
    error: { state: true },
  };
  static override styles = [base, controls, viewStyles];

  declare client: Client;
  declare sessionId: string;
  declare graphName: string;
  declare query: Query;
  declare view: GraphView | undefined;
  declare error: HostError | undefined;
  readonly #refresh = new Throttle(() => this.#load(), REFRESH_MS);
  #asked = 0;

  constructor() {
    super();
    this.sessionId = '';
    this.graphName = '';
    this.query = {};
    this.view = undefined;
    this.error = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#refresh.stop();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const isUnfoldingNew = changed.has('query') && changed.get('query')?.['unfold'] !== this.query['unfold'];
    if (changed.has('sessionId') || isUnfoldingNew) void this.#load();
  }

  applyUpdate({ changes, isIncomplete }: SessionUpdate): void {
    if (changes.size === 0 && !isIncomplete) return;
    if (this.view !== undefined && !this.view.folded && !isIncomplete) {
      this.view = withChanges(this.view, changes);
    } else this.#refresh.request();
  }

  async #load(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const view = await this.client.call('sessions.graph', {
        sessionId: this.sessionId,
        folded: this.query['unfold'] !== '1',
        limit: DRAWN_NODES,
      });
      if (asked !== this.#asked) return;
      this.view = view;
      this.error = undefined;
    } catch (error) {
      if (asked === this.#asked) this.error = toHostError(error);
    }
  }

  override render() {
    const { view } = this;
    const total = view?.totalDrops ?? 0;
    const canUnfold = total <= DRAWN_NODES;
    const isUnfolded = this.query['unfold'] === '1';
    return html`<div class="toolbar bar">
        <select
          aria-label=${S.graph.view}
          @change=${(event: Event) => this.#unfold((event.target as HTMLSelectElement).value)}
        >
          <option value="" ?selected=${!isUnfolded}>${S.graph.folded}</option>
          <option value="1" ?selected=${isUnfolded} ?disabled=${!canUnfold}>${S.graph.unfolded}</option>
        </select>
        ${view === undefined ? nothing : this.#notShown(view, canUnfold)}
      </div>
      ${
        this.error
          ? html`<div class="bar">
              <weir-notice
                tone="error"
                heading=${S.graph.failed}
                message=${this.error.message}
                code=${this.error.code}
              >
                <div><button type="button" @click=${() => void this.#load()}>${S.retry}</button></div>
              </weir-notice>
            </div>`
          : nothing
      }
      ${
        view !== undefined && view.nodes.length === 0
          ? html`<p class="nothing muted">${S.graph.empty}</p>`
          : view === undefined && this.error === undefined
            ? html`<p class="nothing muted" role="status">${S.graph.drawing}</p>`
            : html`<weir-graph-canvas
                label=${S.graph.label(this.graphName)}
                .view=${view}
                @weir-activate=${this.#activated}
              ></weir-graph-canvas>`
      }`;
  }

  #notShown(view: GraphView, canUnfold: boolean) {
    const text = view.truncated
      ? S.graph.truncated(view.nodes.length, view.totalDrops)
      : canUnfold
        ? ''
        : S.graph.notUnfolded(view.totalDrops, DRAWN_NODES);
    if (text === '') return nothing;
    return html`<span class="muted small">${text}</span>
      <a class="small" href=${linkToSession(this.sessionId, 'drops')}>${S.graph.inTable}</a>`;
  }

  #unfold(value: string): void {
    go(linkToSession(this.sessionId, 'graph', { ...this.query, unfold: value }), true);
  }

  /** One drop opens its page; a logical drop with several opens the table of them. */
  #activated = (event: CustomEvent<GraphView['nodes'][number]>): void => {
    const { id, name } = event.detail;
    if (this.view?.folded) go(linkToSession(this.sessionId, 'drops', { lgKey: id, lgName: name }));
    else go(linkToDrop(this.sessionId, id));
  };
}

customElements.define('weir-session-graph', WeirSessionGraph);

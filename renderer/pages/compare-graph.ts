/** Two sessions as one graph with the first causes marked (design/ux-and-trust.md 3.5). */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import type { ComparisonChoices, ComparisonGraph, GraphView } from '../../engine/api/contract.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { MARK_ORDER, type Marks } from '../graph/draw-marks.ts';
import type { GraphNode } from '../graph/draw.ts';
import '../graph/graph-canvas.ts';
import { formatInteger } from '../format.ts';
import { go, linkToDrop, linkToSession } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { DRAWN_NODES } from './session-graph.ts';

/**
 * @prop client - where to ask
 * @prop a - id of session A
 * @prop b - id of session B
 * @prop mode - the R-mode whose causes are marked
 * @prop choices - how the sessions are compared
 */
export class WeirCompareGraph extends LitElement {
  static override properties = {
    client: { attribute: false },
    a: { attribute: false },
    b: { attribute: false },
    mode: { attribute: false },
    choices: { attribute: false },
    isUnfolded: { state: true },
    graph: { state: true },
    error: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        gap: var(--space-3);
      }

      weir-graph-canvas {
        height: 380px;
        border: 1px solid var(--color-line);
        border-radius: var(--radius-m);
      }

      ul {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-1) var(--space-4);
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: inline-flex;
        align-items: center;
        gap: var(--space-2);
      }

      .swatch {
        width: 22px;
        height: 14px;
        border: 1px solid var(--color-control);
        border-radius: 3px;
        background: var(--color-surface);
        forced-color-adjust: none;
      }

      .cause {
        border: 2px solid var(--color-danger);
        background: color-mix(in srgb, var(--color-danger) 16%, var(--color-surface));
      }

      .affected {
        border-color: var(--state-skipped);
        background: repeating-linear-gradient(
          -45deg,
          color-mix(in srgb, var(--state-skipped) 45%, var(--color-surface)) 0 1.5px,
          var(--color-surface) 1.5px 5px
        );
      }

      .onlyA,
      .onlyB {
        border: 2px dashed var(--color-focus);
      }
    `,
  ];

  declare client: Client;
  declare a: string;
  declare b: string;
  declare mode: string;
  declare choices: ComparisonChoices;
  declare isUnfolded: boolean;
  declare graph: ComparisonGraph | undefined;
  declare error: HostError | undefined;
  #asked = '';
  #view: GraphView | undefined;
  #marks: readonly Marks[] = [];

  constructor() {
    super();
    this.a = '';
    this.b = '';
    this.mode = '';
    this.choices = {};
    this.isUnfolded = false;
    this.graph = undefined;
    this.error = undefined;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const asked = JSON.stringify([this.a, this.b, this.mode, this.isUnfolded, this.choices]);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.error = undefined;
      void this.#load(asked);
    }
    if (!changed.has('graph')) return;
    const { graph } = this;
    this.#marks = graph?.nodes.map(({ marks }) => marks) ?? [];
    this.#view = graph && {
      folded: graph.folded,
      totalDrops: graph.totalDrops,
      nodes: graph.nodes.map(({ a: _a, b: _b, marks: _marks, ...node }) => ({ ...node, byState: {} })),
      edges: graph.edges,
      truncated: graph.truncated,
    };
  }

  async #load(asked: string): Promise<void> {
    const { a, b, mode, choices } = this;
    try {
      const graph = await this.client.call('sessions.compareGraph', {
        a,
        b,
        mode,
        folded: !this.isUnfolded,
        limit: DRAWN_NODES,
        ...choices,
      });
      if (asked === this.#asked) this.graph = graph;
    } catch (error) {
      if (asked === this.#asked) this.error = toHostError(error);
    }
  }

  override render() {
    const texts = S.reproducibility.compare.graph;
    if (this.error) {
      return html`<weir-notice
        tone="error"
        heading=${texts.failed}
        message=${this.error.message}
        code=${this.error.code}
      ></weir-notice>`;
    }
    const { graph } = this;
    if (graph === undefined) return html`<p class="muted">${texts.loading}</p>`;
    const canUnfold = graph.totalDrops <= DRAWN_NODES;
    return html`<div class="toolbar">
        <select
          aria-label=${S.graph.view}
          @change=${(event: Event) => (this.isUnfolded = (event.target as HTMLSelectElement).value === '1')}
        >
          <option value="" ?selected=${!this.isUnfolded}>${S.graph.folded}</option>
          <option value="1" ?selected=${this.isUnfolded} ?disabled=${!canUnfold}>${S.graph.unfolded}</option>
        </select>
        ${this.#notShown(graph, canUnfold)}
        <span class="spacer"></span>
        ${this.#legend(graph)}
      </div>
      <weir-graph-canvas
        label=${texts.label(this.a, this.b)}
        .view=${this.#view}
        .marks=${this.#marks}
        @weir-activate=${this.#activated}
      ></weir-graph-canvas>`;
  }

  #notShown(graph: ComparisonGraph, canUnfold: boolean) {
    const text = graph.truncated
      ? S.graph.truncated(graph.nodes.length, graph.totalDrops)
      : canUnfold
        ? ''
        : S.graph.notUnfolded(graph.totalDrops, DRAWN_NODES);
    return text === '' ? nothing : html`<span class="muted small">${text}</span>`;
  }

  /** The marks that are there, with how many drops have each: the drawing's twin in words. */
  #legend({ nodes }: ComparisonGraph) {
    const texts = S.reproducibility.compare.graph;
    const counts = MARK_ORDER.map(
      (kind) => [kind, nodes.reduce((sum, { marks }) => sum + marks[kind], 0)] as const,
    );
    return html`<ul class="small" aria-label=${texts.legend}>
      ${counts
        .filter(([, count]) => count > 0)
        .map(
          ([kind, count]) =>
            html`<li>
              <span class="swatch ${kind}"></span>${texts.marks[kind]} <b>${formatInteger(count)}</b>
            </li>`,
        )}
    </ul>`;
  }

  /** One drop opens its page; of a logical drop with several, the table of them. */
  #activated = (event: CustomEvent<GraphNode>): void => {
    const index = this.#view?.nodes.indexOf(event.detail) ?? -1;
    const node = this.graph?.nodes[index];
    if (node === undefined) return;
    const side = node.a === null ? this.b : this.a;
    const uid = node.a ?? node.b ?? '';
    if (node.count > 1) go(linkToSession(side, 'drops', { lgKey: node.id, lgName: node.name }));
    else go(linkToDrop(side, uid));
  };
}

customElements.define('weir-compare-graph', WeirCompareGraph);

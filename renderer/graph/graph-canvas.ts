/** The drawing of a graph as one widget: pan, zoom, hover, and a walk along its edges by keyboard. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { GraphView } from '../../engine/api/contract.ts';
import { describeCounts } from '../components/state-strip.ts';
import '../components/state-strip.ts';
import '../components/icon.ts';
import { announce } from '../events.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { watchTheme } from '../theme.ts';
import { fit, reveal, zoomAt, type Camera, type Size } from './camera.ts';
import { describeMarks, needsAttention, type Marks } from './draw-marks.ts';
import { draw, nodeAt, overallFamily, type GraphNode } from './draw.ts';
import { graphCanvasStyles } from './graph-canvas-styles.ts';
import { layOut, NODE_HEIGHT, NODE_WIDTH, type Layout } from './layout.ts';
import { readPalette, type Palette } from './palette.ts';

const CLICK_SLOP_PX = 4;
const WHEEL_STEP = 0.0016;
const BUTTON_STEP = 1.35;

/**
 * @prop view - the graph; another object with the same nodes changes states only, not places
 * @prop marks - of a comparison, one for each node; then they are drawn instead of states
 * @attr label - what graph it is
 * @fires weir-activate - detail: the node that was clicked or entered
 */
export class WeirGraphCanvas extends LitElement {
  static override properties = {
    view: { attribute: false },
    marks: { attribute: false },
    label: { type: String },
    selected: { state: true },
    hovered: { state: true },
    errorsOutside: { state: true },
  };
  static override styles = [base, controls, graphCanvasStyles];

  declare view: GraphView | undefined;
  declare marks: readonly Marks[] | undefined;
  declare label: string;
  declare selected: number;
  declare hovered: number;
  declare errorsOutside: readonly number[];
  #layout: Layout | undefined;
  #camera: Camera = { x: 0, y: 0, scale: 1 };
  #size: Size = { width: 0, height: 0 };
  #isFitted = true;
  #palette: Palette | undefined;
  #isFramePlanned = false;
  #drag: { x: number; y: number; camera: Camera; isMoved: boolean } | undefined;
  #stopTheme: (() => void) | undefined;
  readonly #observer = new ResizeObserver(() => this.#resized());

  constructor() {
    super();
    this.view = undefined;
    this.marks = undefined;
    this.label = '';
    this.selected = -1;
    this.hovered = -1;
    this.errorsOutside = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
    this.#stopTheme = watchTheme(() => {
      this.#palette = undefined;
      this.#schedule();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#stopTheme?.();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('view') || this.view === undefined) return;
    if (isSameShape(changed.get('view'), this.view)) return;
    this.#layout = layOut(this.view);
    this.selected = -1;
    this.hovered = -1;
    this.#isFitted = true;
  }

  override updated(): void {
    this.#schedule();
  }

  override focus(): void {
    this.#canvas?.focus();
  }

  get #canvas(): HTMLCanvasElement | null {
    return this.renderRoot.querySelector('canvas');
  }

  override render() {
    const shown = this.view?.nodes[this.hovered >= 0 ? this.hovered : this.selected];
    return html`<canvas
        class=${this.hovered >= 0 ? 'over-node' : ''}
        tabindex="0"
        role="application"
        aria-label=${this.label}
        aria-describedby="help"
        @pointerdown=${this.#pressed}
        @pointermove=${this.#moved}
        @pointerup=${this.#released}
        @pointercancel=${this.#released}
        @pointerleave=${() => (this.hovered = -1)}
        @wheel=${this.#wheeled}
        @keydown=${this.#keyed}
        @focus=${this.#focused}
      ></canvas>
      <span class="probe" aria-hidden="true"></span>
      <span id="help" hidden>${S.graph.help}</span>
      ${shown === undefined ? nothing : this.#card(shown)}
      ${
        this.errorsOutside.length === 0
          ? nothing
          : html`<div class="outside">
              <weir-icon name=${this.marks === undefined ? 'error' : 'differs'}></weir-icon
              >${this.#outsideText(this.errorsOutside.length)}
              <button type="button" class="quiet" @click=${this.#jump}>${S.graph.jump}</button>
            </div>`
      }
      <div class="tools">
        ${this.#tool('plus', S.graph.zoomIn, () => this.#zoomBy(BUTTON_STEP))}
        ${this.#tool('minus', S.graph.zoomOut, () => this.#zoomBy(1 / BUTTON_STEP))}
        ${this.#tool('fit', S.graph.fit, () => this.#fit())}
      </div>`;
  }

  #outsideText(count: number): string {
    return this.marks === undefined ? S.graph.outside(count) : S.reproducibility.compare.graph.outside(count);
  }

  #tool(icon: string, label: string, action: () => void) {
    return html`<button type="button" class="icon" aria-label=${label} title=${label} @click=${action}>
      <weir-icon name=${icon}></weir-icon>
    </button>`;
  }

  #card(node: GraphNode) {
    const index = this.hovered >= 0 ? this.hovered : this.selected;
    return html`<div class="card small">
      <strong>${node.name}</strong>
      <span class="muted mono truncate">${node.dropclass}</span>
      ${
        this.marks === undefined
          ? html`<weir-state-strip legend .counts=${node.byState}></weir-state-strip>`
          : html`<span>${this.#stateText(index)}</span>`
      }
      <span class="muted">${this.#edgesOf(index)}</span>
    </div>`;
  }

  /** What is to be said of a node beside its name. */
  #stateText(index: number): string {
    const marks = this.marks?.[index];
    return marks === undefined
      ? describeCounts(this.view?.nodes[index]?.byState ?? {})
      : describeMarks(marks);
  }

  /** Whether a node is one that a person looks for. */
  #isWanted(index: number, node: GraphNode): boolean {
    const marks = this.marks?.[index];
    return marks === undefined ? overallFamily(node.byState) === 'error' : needsAttention(marks);
  }

  #edgesOf(index: number): string {
    const { producers, consumers } = this.#layout ?? { producers: [], consumers: [] };
    return S.graph.edges(producers[index]?.length ?? 0, consumers[index]?.length ?? 0);
  }

  // --- drawing ---------------------------------------------------------------------------------------------------

  #resized(): void {
    this.#size = { width: this.clientWidth, height: this.clientHeight };
    this.#schedule();
  }

  /** At most one drawing per frame, none while the widget has no size. */
  #schedule(): void {
    if (this.#isFramePlanned) return;
    this.#isFramePlanned = true;
    requestAnimationFrame(() => {
      this.#isFramePlanned = false;
      if (this.isConnected) this.#draw();
    });
  }

  #draw(): void {
    const canvas = this.#canvas;
    const ctx = canvas?.getContext('2d');
    const { width, height } = this.#size;
    if (
      !canvas ||
      !ctx ||
      this.view === undefined ||
      this.#layout === undefined ||
      width === 0 ||
      height === 0
    )
      return;
    if (this.#isFitted) this.#camera = fit(this.#layout, this.#size);
    const pixelRatio = devicePixelRatio;
    const [w, h] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)];
    if (canvas.width !== w) canvas.width = w;
    if (canvas.height !== h) canvas.height = h;
    this.#palette ??= readPalette(this, this.renderRoot.querySelector<HTMLElement>('.probe') ?? this);
    draw(
      ctx,
      {
        view: this.view,
        layout: this.#layout,
        camera: this.#camera,
        canvas: this.#size,
        palette: this.#palette,
        marks: this.marks,
        selected: this.selected,
        hovered: this.hovered,
      },
      pixelRatio,
    );
    this.#lookOutside();
  }

  #lookOutside(): void {
    const { x, y, scale } = this.#camera;
    const outside: number[] = [];
    for (const [index, node] of (this.view?.nodes ?? []).entries()) {
      if (!this.#isWanted(index, node)) continue;
      const left = this.#layout?.x[index] ?? 0;
      const top = this.#layout?.y[index] ?? 0;
      const isIn =
        left + NODE_WIDTH > x &&
        left < x + this.#size.width / scale &&
        top + NODE_HEIGHT > y &&
        top < y + this.#size.height / scale;
      if (!isIn) outside.push(index);
    }
    if (outside.length !== this.errorsOutside.length || outside[0] !== this.errorsOutside[0]) {
      this.errorsOutside = outside;
    }
  }

  // --- the camera ------------------------------------------------------------------------------------------------

  #setCamera(camera: Camera): void {
    this.#camera = camera;
    this.#isFitted = false;
    this.#schedule();
  }

  #fit(): void {
    this.#isFitted = true;
    this.#schedule();
  }

  #zoomBy(factor: number, atX = this.#size.width / 2, atY = this.#size.height / 2): void {
    this.#setCamera(zoomAt(this.#camera, factor, atX, atY));
  }

  #jump = (): void => {
    const first = this.errorsOutside[0];
    if (first !== undefined) this.#select(first);
    this.focus();
  };

  // --- pointer ---------------------------------------------------------------------------------------------------

  #at(event: MouseEvent): number {
    if (this.view === undefined || this.#layout === undefined) return -1;
    const { x, y, scale } = this.#camera;
    return nodeAt(this.view, this.#layout, x + event.offsetX / scale, y + event.offsetY / scale);
  }

  #pressed = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.#canvas?.setPointerCapture(event.pointerId);
    this.#drag = { x: event.clientX, y: event.clientY, camera: this.#camera, isMoved: false };
  };

  #moved = (event: PointerEvent): void => {
    const drag = this.#drag;
    if (drag === undefined) {
      const over = this.#at(event);
      if (over !== this.hovered) this.hovered = over;
      return;
    }
    const dx = event.clientX - drag.x;
    const dy = event.clientY - drag.y;
    if (!drag.isMoved && Math.hypot(dx, dy) < CLICK_SLOP_PX) return;
    drag.isMoved = true;
    this.#canvas?.classList.add('dragging');
    const { x, y, scale } = drag.camera;
    this.#setCamera({ x: x - dx / scale, y: y - dy / scale, scale });
  };

  #released = (event: PointerEvent): void => {
    const drag = this.#drag;
    this.#drag = undefined;
    this.#canvas?.classList.remove('dragging');
    if (drag === undefined || drag.isMoved || event.type !== 'pointerup') return;
    const index = this.#at(event);
    this.selected = index;
    this.#activate(index);
  };

  #wheeled = (event: WheelEvent): void => {
    event.preventDefault();
    this.#zoomBy(Math.exp(-event.deltaY * WHEEL_STEP), event.offsetX, event.offsetY);
  };

  // --- keyboard --------------------------------------------------------------------------------------------------

  #focused = (): void => {
    if (this.selected < 0 && this.#canvas?.matches(':focus-visible')) {
      const first = this.#layout?.columns[0]?.[0];
      if (first !== undefined) this.#select(first);
    }
  };

  #keyed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#follow(this.#layout?.producers, S.graph.noProducer),
      ArrowRight: () => this.#follow(this.#layout?.consumers, S.graph.noConsumer),
      ArrowUp: () => this.#sibling(-1),
      ArrowDown: () => this.#sibling(1),
      Enter: () => this.#activate(this.selected),
      '+': () => this.#zoomBy(BUTTON_STEP),
      '=': () => this.#zoomBy(BUTTON_STEP),
      '-': () => this.#zoomBy(1 / BUTTON_STEP),
      '0': () => this.#fit(),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  #follow(neighbours: Layout['producers'] | undefined, otherwise: string): void {
    const next = neighbours?.[this.selected]?.[0];
    if (next === undefined) announce(this, otherwise);
    else this.#select(next);
  }

  #sibling(step: number): void {
    const column = this.#layout?.columns.find((nodes) => nodes.includes(this.selected));
    const next = column?.[column.indexOf(this.selected) + step];
    if (next === undefined) announce(this, S.graph.noSibling);
    else this.#select(next);
  }

  #select(index: number): void {
    const node = this.view?.nodes[index];
    if (node === undefined || this.#layout === undefined) return;
    this.selected = index;
    const box = {
      x: this.#layout.x[index] ?? 0,
      y: this.#layout.y[index] ?? 0,
      width: NODE_WIDTH,
      height: NODE_HEIGHT,
    };
    const moved = reveal(this.#camera, this.#size, box);
    if (moved.x !== this.#camera.x || moved.y !== this.#camera.y) this.#setCamera(moved);
    const text = S.graph.node(node.name, S.drops.kinds[node.kind], this.#stateText(index));
    announce(this, `${text}, ${this.#edgesOf(index)}`);
  }

  #activate(index: number): void {
    const node = this.view?.nodes[index];
    if (node !== undefined) this.dispatchEvent(new CustomEvent('weir-activate', { detail: node }));
  }
}

/** Whether two views have the same nodes in the same order, so that nothing has to move. */
function isSameShape(a: GraphView | undefined, b: GraphView): boolean {
  return (
    a !== undefined &&
    a.folded === b.folded &&
    a.nodes.length === b.nodes.length &&
    a.edges.length === b.edges.length &&
    a.nodes.every((node, index) => node.id === b.nodes[index]?.id)
  );
}

customElements.define('weir-graph-canvas', WeirGraphCanvas);

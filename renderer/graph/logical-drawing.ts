/** A logical graph as one widget: constructs around what is in them, parts as colours; pan, zoom, and a walk by keyboard. */
import { LitElement, html, nothing, svg, type PropertyValues } from 'lit';
import type { GraphDrawing } from '../../engine/api/contract.ts';
import '../components/icon.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { T } from '../translate-strings.ts';
import { fit, zoomAt, type Camera, type Size } from './camera.ts';
import { logicalDrawingStyles } from './logical-drawing-styles.ts';
import { HEADER, layOutLogical, type Box, type LogicalLayout } from './logical-layout.ts';
import { partClass, partColors } from './part-colors.ts';

/** Drops of a logical node: how many, and how many in which part. */
export interface NodeParts {
  readonly count: number;
  readonly parts: readonly (readonly [part: number, drops: number])[];
}

const CLICK_SLOP_PX = 4;
const WHEEL_STEP = 0.0016;
const BUTTON_STEP = 1.35;
const SLANT = 9;
const NAME_CHARACTERS = 22;
/** Where a segment of the strip is this wide, it also says its part. */
const LABEL_WIDTH = 26;

type Node = GraphDrawing['nodes'][number];

/**
 * @prop drawing - the graph
 * @prop parts - by node id: what the last translation made of it
 * @prop selected - index of the node whose values are shown; -1 for none
 * @fires weir-select - detail: index of the node, -1 for none
 */
export class WeirLogicalDrawing extends LitElement {
  static override properties = {
    drawing: { attribute: false },
    parts: { attribute: false },
    selected: { attribute: false },
    camera: { state: true },
  };
  static override styles = [base, controls, partColors, logicalDrawingStyles];

  declare drawing: GraphDrawing | undefined;
  declare parts: ReadonlyMap<string, NodeParts>;
  declare selected: number;
  declare camera: Camera;
  #layout: LogicalLayout | undefined;
  #size: Size = { width: 0, height: 0 };
  #isFitted = true;
  #drag: { x: number; y: number; camera: Camera; isMoved: boolean } | undefined;
  readonly #observer = new ResizeObserver(() => this.#resized());

  constructor() {
    super();
    this.drawing = undefined;
    this.parts = new Map();
    this.selected = -1;
    this.camera = { x: 0, y: 0, scale: 1 };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('drawing') || this.drawing === undefined) return;
    const before = changed.get('drawing');
    if (before?.nodes === this.drawing.nodes) return;
    this.#layout = layOutLogical(this.drawing);
    if (before?.name !== this.drawing.name) this.#isFitted = true;
    this.#place();
  }

  #resized(): void {
    this.#size = { width: this.clientWidth, height: this.clientHeight };
    this.#place();
  }

  #place(): void {
    if (this.#isFitted && this.#layout !== undefined && this.#size.width > 0)
      this.camera = fit(this.#layout, this.#size);
  }

  override render() {
    const { drawing, camera } = this;
    const layout = this.#layout;
    if (drawing === undefined || layout === undefined) return nothing;
    const inOrder = [...drawing.nodes.keys()].sort((a, b) => (layout.depth[a] ?? 0) - (layout.depth[b] ?? 0));
    const groups = inOrder.filter((index) => this.#isBox(index));
    const leaves = inOrder.filter((index) => !this.#isBox(index));
    const { x, y, scale } = camera;
    return html`<svg
        role="group"
        aria-label=${T.drawing(drawing.name)}
        aria-describedby="help"
        @pointerdown=${this.#pressed}
        @pointermove=${this.#moved}
        @pointerup=${this.#released}
        @pointercancel=${this.#released}
        @wheel=${this.#wheeled}
        @keydown=${this.#keyed}
      >
        <g transform="translate(${-x * scale} ${-y * scale}) scale(${scale})">
          ${groups.map((index) => this.#group(index))} ${drawing.links.map((link) => this.#link(link))}
          ${leaves.map((index) => this.#leaf(index))}
        </g>
      </svg>
      <span id="help" hidden>${T.drawingHelp}</span>
      <div class="tools">
        ${this.#tool('plus', S.graph.zoomIn, () => this.#zoomBy(BUTTON_STEP))}
        ${this.#tool('minus', S.graph.zoomOut, () => this.#zoomBy(1 / BUTTON_STEP))}
        ${this.#tool('fit', S.graph.fit, this.#fit)}
      </div>`;
  }

  #tool(icon: string, label: string, action: () => void) {
    return html`<button type="button" class="icon" aria-label=${label} title=${label} @click=${action}>
      <weir-icon name=${icon}></weir-icon>
    </button>`;
  }

  /** Drawn around others, rather than as a node of its own. */
  #isBox(index: number): boolean {
    return (
      (this.#layout?.boxes[index]?.height ?? 0) > HEADER + 20 && this.drawing?.nodes[index]?.isGroup === true
    );
  }

  #nodeAttributes(index: number, node: Node, kind: string) {
    const found = this.parts.get(node.id);
    const shares = (found?.parts ?? []).slice(0, 8).map(([part, drops]) => `${T.part(part)}: ${drops}`);
    const hasProblem = this.drawing?.problems.some(
      ({ severity, nodeId }) => severity === 'error' && nodeId === node.id,
    );
    return {
      className: [
        'node',
        kind,
        index === this.selected ? 'selected' : '',
        hasProblem ? 'problem' : '',
        (this.#layout?.depth[index] ?? 0) % 2 === 1 ? 'deep' : '',
      ].join(' '),
      label: T.node(node.name, node.category, found?.count, shares.join(', ')),
    };
  }

  #group(index: number) {
    const node = this.drawing?.nodes[index];
    const box = this.#layout?.boxes[index];
    if (node === undefined || box === undefined) return nothing;
    const { className, label } = this.#nodeAttributes(index, node, 'group');
    const minor = [node.category, node.application ?? ''].filter((text) => text !== '').join(' · ');
    const { x, y, width } = box;
    return svg`<g class=${className}>
        <rect class="shape" x=${x} y=${y} width=${width} height=${box.height} rx="10"
          tabindex="0" role="button" data-index=${index} aria-label=${label}
          aria-pressed=${index === this.selected}></rect>
        <g class="texts" aria-hidden="true"><text x=${x + 14} y=${y + 18}>${short(node.name, width)}</text>
        <text class="minor" x=${x + 14} y=${y + 32}>${short(minor, width)}</text>
        ${node.copies === null ? nothing : svg`<text class="end" x=${x + width - 14} y=${y + 18}>${T.copies(node.copies)}</text>`}
        ${this.#strip(node, { x: x + width - 74, y: y + 26, width: 60, height: 7 })}</g>
      </g>`;
  }

  #leaf(index: number) {
    const node = this.drawing?.nodes[index];
    const box = this.#layout?.boxes[index];
    if (node === undefined || box === undefined) return nothing;
    const { className, label } = this.#nodeAttributes(index, node, 'leaf');
    const { x, y, width, height } = box;
    const count = this.parts.get(node.id)?.count ?? 0;
    const copies = count > 1 ? T.copies(String(count)) : '';
    return svg`<g class=${className}>
        <path class="shape" d=${shapeOf(node, box)} tabindex="0" role="button" data-index=${index}
          aria-label=${label} aria-pressed=${index === this.selected}></path>
        <g class="texts" aria-hidden="true"><text x=${x + 16} y=${y + 18}>${short(node.name, width - copies.length * 9)}</text>
        ${copies === '' ? nothing : svg`<text class="minor end" x=${x + width - 14} y=${y + 18}>${copies}</text>`}
        <text class="minor" x=${x + 16} y=${y + 32}>${short(node.category, width)}</text>
        ${this.#strip(node, { x: x + 12, y: y + height - 18, width: width - 24, height: 12 })}</g>
      </g>`;
  }

  /** Where a node's drops are: a segment for each part, as long as its share. */
  #strip(node: Node, { x, y, width, height }: Box) {
    const found = this.parts.get(node.id);
    if (found === undefined || found.parts.length === 0) return nothing;
    let at = x;
    return found.parts.map(([part, drops]) => {
      const length = (width * drops) / Math.max(1, found.count);
      const from = at;
      at += length;
      return svg`<rect class=${partClass(part)} x=${from} y=${y} width=${Math.max(1, length - 0.5)} height=${height}></rect>
        ${length < LABEL_WIDTH || height < 10 ? nothing : svg`<text class="on-part" x=${from + length / 2} y=${y + height - 2.5}>${T.partShort(part)}</text>`}`;
    });
  }

  #link([from, to]: GraphDrawing['links'][number]) {
    const a = this.#layout?.boxes[from];
    const b = this.#layout?.boxes[to];
    if (a === undefined || b === undefined) return nothing;
    const isLit = from === this.selected || to === this.selected;
    return svg`<path class=${isLit ? 'link lit' : 'link'} d=${pathOf(a, b, this.#isBox(from), this.#isBox(to))}></path>`;
  }

  // --- pointer and keyboard --------------------------------------------------------------------------------------

  #fit = (): void => {
    this.#isFitted = true;
    this.#place();
  };

  #zoomBy(factor: number, atX = this.#size.width / 2, atY = this.#size.height / 2): void {
    this.#isFitted = false;
    this.camera = zoomAt(this.camera, factor, atX, atY);
  }

  #select(index: number): void {
    this.dispatchEvent(new CustomEvent('weir-select', { detail: index }));
  }

  #pressed = (event: PointerEvent): void => {
    if (event.button === 0)
      this.#drag = { x: event.clientX, y: event.clientY, camera: this.camera, isMoved: false };
  };

  #moved = (event: PointerEvent): void => {
    const drag = this.#drag;
    if (drag === undefined) return;
    const dx = event.clientX - drag.x;
    const dy = event.clientY - drag.y;
    if (!drag.isMoved && Math.hypot(dx, dy) < CLICK_SLOP_PX) return;
    const surface = event.currentTarget as SVGSVGElement;
    if (!drag.isMoved) surface.setPointerCapture(event.pointerId);
    drag.isMoved = true;
    surface.classList.add('dragging');
    const { x, y, scale } = drag.camera;
    this.#isFitted = false;
    this.camera = { x: x - dx / scale, y: y - dy / scale, scale };
  };

  #released = (event: PointerEvent): void => {
    const drag = this.#drag;
    this.#drag = undefined;
    (event.currentTarget as SVGSVGElement).classList.remove('dragging');
    if (drag === undefined || drag.isMoved || event.type !== 'pointerup') return;
    this.#select(indexAt(event));
  };

  #wheeled = (event: WheelEvent): void => {
    event.preventDefault();
    const area = this.getBoundingClientRect();
    this.#zoomBy(Math.exp(-event.deltaY * WHEEL_STEP), event.clientX - area.left, event.clientY - area.top);
  };

  #keyed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const index = indexAt(event);
    const select = (): void => this.#select(index === this.selected ? -1 : index);
    const actions: Readonly<Record<string, () => void>> = {
      Enter: select,
      ' ': select,
      '+': () => this.#zoomBy(BUTTON_STEP),
      '=': () => this.#zoomBy(BUTTON_STEP),
      '-': () => this.#zoomBy(1 / BUTTON_STEP),
      '0': this.#fit,
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
}

function indexAt(event: Event): number {
  const node = (event.target as Element).closest('[data-index]');
  return node === null ? -1 : Number(node.getAttribute('data-index'));
}

/** SVG text does not cut itself; a character is some seven pixels wide. */
function short(text: string, width: number): string {
  const room = Math.max(4, Math.floor((width - 32) / 6.6));
  const most = Math.min(room, Math.max(NAME_CHARACTERS, room));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Data leans, as in the drawing of a session; all else is a box. */
function shapeOf(node: Node, { x, y, width, height }: Box): string {
  if (node.categoryType !== 'Data') return `M${x} ${y}h${width}v${height}h${-width}z`;
  return `M${x + SLANT} ${y}h${width - SLANT}l${-SLANT} ${height}h${SLANT - width}z`;
}

/** From the right of one to the left of the other; at constructs to their heads, and inside of one from its head down. */
function pathOf(a: Box, b: Box, isFromBox: boolean, isToBox: boolean): string {
  const isIn = (inner: Box, outer: Box): boolean =>
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height;
  const middle = (box: Box, isBox: boolean): number => box.y + (isBox ? HEADER / 2 : box.height / 2);
  const x1 = isFromBox && isIn(b, a) ? a.x : a.x + a.width;
  const x2 = isToBox && isIn(a, b) ? b.x + b.width : b.x;
  const [y1, y2] = [middle(a, isFromBox), middle(b, isToBox)];
  const bend = Math.max(16, Math.abs(x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

customElements.define('weir-logical-drawing', WeirLogicalDrawing);

/** A table of any length: draws the rows in view, asks for their pages, is walked by keyboard. */
import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { PagedRows } from '../data/paged-rows.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { customProperties } from './custom-properties.ts';
import './icon.ts';
import { rowsInView, scrollTopFor, type Viewport } from './virtual-window.ts';

export interface Column<T> {
  readonly id: string;
  readonly label: string;
  /** A track of a CSS grid. */
  readonly track: string;
  readonly isSortable?: boolean;
  readonly isNumeric?: boolean;
  /** Left out below this width of the table, in pixels. */
  readonly minTablePx?: number;
  readonly cell: (row: T) => TemplateResult | string;
}

export interface Sort {
  readonly by: string;
  readonly descending: boolean;
}

const ROW_REM = 2;

/**
 * @prop columns - what is shown
 * @prop rows - the model; call `refresh()` when it has changed
 * @prop sort - the present order
 * @attr label - what the table is of
 * @fires weir-sort - detail: id of the column whose header was pressed
 * @fires weir-activate - detail: the row that was clicked or entered
 */
export class WeirVirtualTable<T> extends LitElement {
  static override properties = {
    columns: { attribute: false },
    rows: { attribute: false },
    sort: { attribute: false },
    label: { type: String },
    current: { state: true },
    total: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: block;
        min-height: 0;
        min-width: 0;
      }

      .grid {
        height: 100%;
        overflow: auto;
        contain: strict;
        outline-offset: -2px;
      }

      .row {
        display: grid;
        grid-template-columns: var(--tracks);
        column-gap: var(--space-4);
        align-items: center;
        height: var(--row-height);
        padding: 0 var(--space-4);
        border-bottom: 1px solid var(--color-line);
      }

      .head {
        position: sticky;
        top: 0;
        z-index: 1;
        background: var(--color-surface);
        color: var(--color-muted);
        font-size: var(--text-s);
        font-weight: 500;
      }

      .head button {
        gap: 2px;
        min-height: 24px;
        margin-inline: -4px;
        padding: 0 4px;
        border: 0;
        background: none;
        color: inherit;
        font-weight: 500;
      }

      .head button:hover {
        color: var(--color-text);
      }

      .head weir-icon {
        width: 12px;
        height: 12px;
      }

      .spacer {
        position: relative;
        height: var(--spacer);
      }

      .window {
        position: absolute;
        inset: 0 0 auto;
        transform: translateY(var(--offset));
      }

      .body.row {
        cursor: pointer;
      }

      .body.row:hover {
        background: var(--color-hover);
      }

      .grid:focus-visible .current {
        background: var(--color-selected);
        box-shadow: inset 2px 0 0 var(--color-focus);
      }

      .row > div {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .row > .numeric {
        text-align: end;
      }

      .pending {
        color: var(--color-muted);
        cursor: default;
      }

      a {
        color: inherit;
        text-decoration: none;
      }

      .body.row:hover a {
        color: var(--color-accent);
        text-decoration: underline;
      }

      .mono {
        font-family: var(--font-mono);
        font-size: 0.92em;
      }
    `,
  ];

  declare columns: readonly Column<T>[];
  declare rows: PagedRows<T> | undefined;
  declare sort: Sort | undefined;
  declare label: string;
  declare current: number;
  declare total: number;
  readonly #observer = new ResizeObserver(() => this.requestUpdate());
  #isScrollPlanned = false;

  constructor() {
    super();
    this.columns = [];
    this.rows = undefined;
    this.sort = undefined;
    this.label = '';
    this.current = 0;
    this.total = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  /** Draws again what the model holds now. */
  refresh(): void {
    this.requestUpdate();
  }

  /** Whether the last row is in view. */
  get isAtEnd(): boolean {
    const grid = this.#grid;
    return grid === null || grid.scrollTop + grid.clientHeight >= grid.scrollHeight - this.#rowPx;
  }

  scrollToRow(index: number): void {
    const grid = this.#grid;
    if (grid === null) return;
    grid.scrollTop = scrollTopFor(index, this.#viewport());
  }

  override focus(): void {
    this.#grid?.focus();
  }

  get #grid(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('.grid');
  }

  get #rowPx(): number {
    return Math.round(ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize));
  }

  #viewport(): Viewport {
    const rowHeight = this.#rowPx;
    const grid = this.#grid;
    return {
      scrollTop: grid?.scrollTop ?? 0,
      viewHeight: Math.max(rowHeight, (grid?.clientHeight ?? this.clientHeight) - rowHeight),
      rowHeight,
      total: this.rows?.total ?? 0,
    };
  }

  override willUpdate(): void {
    this.total = this.rows?.total ?? 0;
    this.current = Math.max(0, Math.min(this.current, this.total - 1));
  }

  override updated(_changed: PropertyValues): void {
    const { first, end } = rowsInView(this.#viewport());
    if (this.rows !== undefined && end > first) this.rows.show(first, end - 1);
  }

  override render() {
    const { first, end, offsetPx, spacerPx } = rowsInView(this.#viewport());
    const width = this.clientWidth;
    const columns = this.columns.filter(({ minTablePx }) => (minTablePx ?? 0) <= width);
    const sizes = {
      '--row-height': `${this.#rowPx}px`,
      '--tracks': columns.map(({ track }) => track).join(' '),
      '--spacer': `${spacerPx}px`,
      '--offset': `${offsetPx}px`,
    } as const;
    const indexes = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
    return html`<div
        class="grid"
        role="grid"
        tabindex="0"
        aria-label=${this.label}
        aria-describedby="help"
        aria-rowcount=${this.total + 1}
        aria-activedescendant=${this.total > 0 ? `row-${this.current}` : nothing}
        ${customProperties(sizes)}
        @scroll=${this.#scrolled}
        @keydown=${this.#pressed}
        @click=${this.#clicked}
      >
        <div role="rowgroup" class="head">
          <div class="row" role="row" aria-rowindex="1">
            ${columns.map((column) => this.#headCell(column))}
          </div>
        </div>
        <div role="rowgroup" class="spacer">
          <div class="window" role="presentation">${indexes.map((index) => this.#row(index, columns))}</div>
        </div>
      </div>
      <span id="help" hidden>${S.table.help}</span>`;
  }

  #headCell({ id, label, isSortable, isNumeric }: Column<T>) {
    const isSorted = this.sort?.by === id;
    const direction = this.sort?.descending ? 'descending' : 'ascending';
    return html`<div
      role="columnheader"
      class=${isNumeric ? 'numeric' : ''}
      aria-sort=${isSorted ? direction : nothing}
    >
      ${
        isSortable
          ? html`<button
              type="button"
              title=${S.table.sortBy(label)}
              @click=${() => this.dispatchEvent(new CustomEvent('weir-sort', { detail: id }))}
            >
              ${label}${isSorted ? html`<weir-icon name=${this.sort?.descending ? 'down' : 'up'}></weir-icon>` : nothing}
            </button>`
          : label
      }
    </div>`;
  }

  #row(index: number, columns: readonly Column<T>[]) {
    const row = this.rows?.at(index);
    const isCurrent = index === this.current;
    return html`<div
      id="row-${index}"
      class="body row ${isCurrent ? 'current' : ''} ${row === undefined ? 'pending' : ''}"
      role="row"
      aria-rowindex=${index + 2}
      aria-selected=${isCurrent ? 'true' : 'false'}
      data-index=${index}
    >
      ${columns.map(
        ({ cell, isNumeric }) =>
          html`<div role="gridcell" class=${isNumeric ? 'numeric' : ''}>
            ${row === undefined ? S.table.loadingRow : cell(row)}
          </div>`,
      )}
    </div>`;
  }

  #scrolled = (): void => {
    if (this.#isScrollPlanned) return;
    this.#isScrollPlanned = true;
    requestAnimationFrame(() => {
      this.#isScrollPlanned = false;
      this.requestUpdate();
    });
  };

  #clicked = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey)
      return;
    const path = event.composedPath();
    const element = path.find(
      (at): at is HTMLElement => at instanceof HTMLElement && at.dataset['index'] !== undefined,
    );
    if (element === undefined) return;
    if (path.some((at) => at instanceof HTMLAnchorElement || at instanceof HTMLButtonElement)) return;
    if (getSelection()?.type === 'Range') return;
    this.current = Number(element.dataset['index']);
    this.#activate();
  };

  #pressed = (event: KeyboardEvent): void => {
    if (event.target !== this.#grid || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.#viewport().viewHeight / this.#rowPx) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.current + 1,
      ArrowUp: this.current - 1,
      PageDown: this.current + page,
      PageUp: this.current - page,
      Home: 0,
      End: this.total - 1,
    };
    const next = moves[event.key];
    if (event.key === 'Enter') this.#activate();
    else if (next === undefined) return;
    else {
      this.current = Math.max(0, Math.min(next, this.total - 1));
      this.scrollToRow(this.current);
    }
    event.preventDefault();
  };

  #activate(): void {
    const row = this.rows?.at(this.current);
    if (row !== undefined) this.dispatchEvent(new CustomEvent('weir-activate', { detail: row }));
  }
}

customElements.define('weir-virtual-table', WeirVirtualTable);

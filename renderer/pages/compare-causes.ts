/** What differs first between two sessions by one mode, and in which fields; each field can be compared less strictly. */
import { LitElement, css, html, nothing } from 'lit';
import {
  formatTolerance,
  isEqualAsChosen,
  isNumeric,
  TOLERANCES,
  type Comparator,
} from '../data/comparison-choices.ts';
import {
  byClass,
  textOfField,
  type DifferingDrop,
  type DifferingField,
  type ModeComparison,
} from '../data/comparison-view.ts';
import { linkToDrop } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';

type Side = 'a' | 'b';

export interface ComparatorChange {
  readonly field: string;
  readonly choice: number | 'ignore' | undefined;
}

declare global {
  interface HTMLElementEventMap {
    'weir-comparator': CustomEvent<ComparatorChange>;
  }
}

/**
 * @prop a - id of session A
 * @prop b - id of session B
 * @prop found - the comparison by the mode that is shown
 * @prop comparators - what was chosen so far
 * @prop listed - how many drops a list holds at most
 * @fires weir-comparator - a field is to be compared otherwise
 */
export class WeirCompareCauses extends LitElement {
  static override properties = {
    a: { attribute: false },
    b: { attribute: false },
    found: { attribute: false },
    comparators: { attribute: false },
    listed: { attribute: false },
  };
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        gap: var(--space-3);
      }

      ul {
        display: grid;
        gap: var(--space-3);
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        gap: var(--space-2);
        padding: var(--space-3);
        border: 1px solid var(--color-line);
        border-inline-start: 3px solid var(--color-danger);
        border-radius: var(--radius-m);
      }

      li.later {
        border-inline-start-color: var(--color-control);
      }

      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: var(--space-1) var(--space-3);
        min-width: 0;
      }

      .head > * {
        min-width: 0;
        overflow-wrap: anywhere;
      }

      table {
        width: 100%;
        border-collapse: collapse;
        table-layout: fixed;
      }

      th,
      td {
        padding: var(--space-1) var(--space-3) var(--space-1) 0;
        font-weight: 400;
        text-align: start;
        vertical-align: top;
        overflow-wrap: anywhere;
      }

      thead th {
        color: var(--color-muted);
        font-size: var(--text-s);
      }

      th:nth-child(1) {
        width: 104px;
      }

      th:nth-child(2) {
        width: 152px;
      }

      th:nth-child(5) {
        width: 144px;
      }

      td {
        padding-block: var(--space-2);
        vertical-align: middle;
      }

      td:last-child {
        padding-inline-end: 0;
      }

      select {
        width: 100%;
        min-height: 28px;
        font-size: var(--text-s);
      }

      tbody tr {
        border-top: 1px solid var(--color-line);
      }

      .value {
        max-height: 9rem;
        overflow: hidden auto;
        white-space: pre-wrap;
      }

      .equal {
        padding-inline-start: var(--space-3);
        border-inline-start: 3px solid var(--color-control);
      }

      @media (max-width: 700px) {
        thead {
          display: none;
        }

        table,
        tbody,
        tr,
        td {
          display: block;
        }

        td[data-label]::before {
          content: attr(data-label) ': ';
          color: var(--color-muted);
          font-size: var(--text-s);
        }

        tr {
          padding-block: var(--space-2);
        }
      }
    `,
  ];

  declare a: string;
  declare b: string;
  declare found: ModeComparison | undefined;
  declare comparators: readonly Comparator[];
  declare listed: number;

  constructor() {
    super();
    this.a = '';
    this.b = '';
    this.found = undefined;
    this.comparators = [];
    this.listed = 0;
  }

  override render() {
    const texts = S.reproducibility.compare;
    const { found } = this;
    if (found === undefined) return nothing;
    const { differing, affected, excused } = found;
    if (isEqualAsChosen(found)) {
      return html`<p class="equal">${texts.chosen.excused(excused)} ${texts.chosen.equal}</p>`;
    }
    if (differing.length === 0) return html`<p class="muted">${texts.noCause}</p>`;
    const first = differing.filter(({ isFirst }) => isFirst).length;
    return html`<p>
        <strong>${texts.first(first)}</strong> <span class="muted">${texts.affected(affected)}</span>
        ${excused === 0 ? nothing : html`<span class="muted">${texts.chosen.excused(excused)}</span>`}
        ${differing.length >= this.listed ? html`<span class="muted">${texts.cut(this.listed)}</span>` : nothing}
      </p>
      <ul>
        ${differing.map((drop) => this.#drop(drop))}
      </ul>`;
  }

  #drop({ a, b, name, isFirst, fields }: DifferingDrop) {
    const texts = S.reproducibility.compare;
    const only =
      a === null ? texts.onlyIn(texts.sides.b) : b === null ? texts.onlyIn(texts.sides.a) : undefined;
    const link = (side: Side, uid: string | null) =>
      uid === null
        ? nothing
        : html`<a
            class="small"
            href=${linkToDrop(this[side], uid)}
            aria-label="${texts.open(texts.sides[side])}: ${name}"
            >${texts.open(texts.sides[side])}</a
          >`;
    return html`<li class=${isFirst ? 'first' : 'later'}>
      <div class="head">
        <strong>${name}</strong>
        <span class="mono muted small">${a ?? b}${a !== null && b !== null && a !== b ? ` | ${b}` : ''}</span>
        ${only === undefined ? nothing : html`<span class="small">${only}</span>`}
        ${isFirst ? nothing : html`<span class="muted small">${texts.later}</span>`}
        <span class="spacer"></span>
        ${link('a', a)} ${link('b', b)}
      </div>
      ${only === undefined ? this.#fields(name, fields) : nothing}
    </li>`;
  }

  #fields(name: string, fields: DifferingDrop['fields']) {
    const { columns, classes, chosen } = S.reproducibility.compare;
    return html`<table aria-label=${name}>
      <thead>
        <tr>
          <th scope="col">${columns.class}</th>
          <th scope="col">${columns.field}</th>
          <th scope="col">${columns.a}</th>
          <th scope="col">${columns.b}</th>
          <th scope="col">${columns.compared}</th>
        </tr>
      </thead>
      <tbody>
        ${byClass(fields).map(([cls, group]) =>
          group.map(
            (field, i) =>
              html`<tr>
                <td class="small">
                  <span class=${i === 0 ? '' : 'visually-hidden'}>${classes[cls] ?? cls}</span>
                </td>
                <td>${field.name}</td>
                <td data-label=${columns.a}>${valueOf(field.a)}</td>
                <td data-label=${columns.b}>${valueOf(field.b)}</td>
                <td>
                  ${cls === 'structure' ? html`<span class="muted small">${chosen.options.exact}</span>` : this.#comparator(field)}
                </td>
              </tr>`,
          ),
        )}
      </tbody>
    </table>`;
  }

  #comparator(field: DifferingField) {
    const { options, label, withinOption } = S.reproducibility.compare.chosen;
    const present = this.comparators.find((one) => one.field === field.name);
    const value =
      present === undefined ? 'exact' : present.as === 'ignore' ? 'ignore' : String(present.relative);
    const tolerances = isNumeric(field) ? TOLERANCES : [];
    return html`<select
      aria-label=${label(field.name)}
      @change=${(event: Event) => this.#choose(field.name, (event.target as HTMLSelectElement).value)}
    >
      <option value="exact" ?selected=${value === 'exact'}>${options.exact}</option>
      ${tolerances.map(
        (relative) =>
          html`<option value=${relative} ?selected=${value === String(relative)}>
            ${withinOption(formatTolerance(relative))}
          </option>`,
      )}
      <option value="ignore" ?selected=${value === 'ignore'}>${options.ignore}</option>
    </select>`;
  }

  #choose(field: string, value: string): void {
    const choice = value === 'exact' ? undefined : value === 'ignore' ? value : Number(value);
    this.dispatchEvent(new CustomEvent<ComparatorChange>('weir-comparator', { detail: { field, choice } }));
  }
}

function valueOf(found: unknown) {
  const text = textOfField(found);
  return text === undefined
    ? html`<span class="muted">${S.reproducibility.compare.absent}</span>`
    : html`<div class="value mono">${text}</div>`;
}

customElements.define('weir-compare-causes', WeirCompareCauses);

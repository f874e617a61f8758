/** Values of a logical graph that can be set for one run: those people change first, or those of one node. */
import { LitElement, css, html, nothing } from 'lit';
import type { FieldValue, GraphDrawing } from '../../engine/api/contract.ts';
import { base, controls } from '../styles/shared.ts';
import { T } from '../translate-strings.ts';

type Field = GraphDrawing['fields'][number];

/** What was changed: node and field (as `changeKey` joins them) to the text that was typed, with the field it is for. */
export type Changes = ReadonlyMap<string, { readonly field: Field; readonly text: string }>;

const changeKey = ({ node, field }: Field): string => `${node}\u0000${field}`;

/** The changes as the contract takes them: numbers and truth values as such where the field says it is one. */
export function valuesOf(changes: Changes): FieldValue[] {
  return [...changes.values()].map(({ field, text }) => ({
    node: field.node,
    field: field.field,
    value: typedValue(field, text),
  }));
}

/** What a person typed, as a value of the field's type; text that is none stays text, and the translator says so. */
export function typedValue({ type, value }: Pick<Field, 'type' | 'value'>, text: string): unknown {
  const isNumber = /^(integer|float|double|number)$/i.test(type) || typeof value === 'number';
  if (isNumber && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  const isTruth = /^bool/i.test(type) || typeof value === 'boolean';
  if (isTruth && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text;
}

const shownValue = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);

const FIELDS_SHOWN = 12;

/**
 * @prop drawing - the graph
 * @prop selected - index of the node whose values are shown; -1: those that are changed first
 * @prop changes - what has been changed so far
 * @fires weir-values - detail: the changes, with one more or one less
 * @fires weir-select - detail: -1, to show all again
 */
export class WeirTranslateValues extends LitElement {
  static override properties = {
    drawing: { attribute: false },
    selected: { attribute: false },
    changes: { attribute: false },
    isLong: { state: true },
  };
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        gap: var(--space-2);
      }

      .line {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-1) var(--space-2);
      }

      label {
        display: grid;
        gap: 2px;
        min-width: 0;
      }

      label span {
        overflow-wrap: anywhere;
      }

      .changed .name {
        font-weight: 600;
        color: var(--color-accent);
      }

      input,
      select {
        width: 100%;
        min-width: 0;
      }
    `,
  ];

  declare drawing: GraphDrawing;
  declare selected: number;
  declare changes: Changes;
  declare isLong: boolean;

  constructor() {
    super();
    this.selected = -1;
    this.changes = new Map();
    this.isLong = false;
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('selected') || changed.has('drawing')) this.isLong = false;
  }

  override render() {
    const node = this.drawing.nodes[this.selected];
    const fields = this.#fields();
    const shown = this.isLong ? fields : fields.slice(0, FIELDS_SHOWN);
    return html`<div class="line">
        <h2>${node === undefined ? T.values : T.valuesOf(node.name)}</h2>
        ${
          node === undefined
            ? nothing
            : html`<button type="button" class="link small" @click=${() => this.#send('weir-select', -1)}>
                ${T.allValues}
              </button>`
        }
      </div>
      ${
        this.changes.size === 0
          ? nothing
          : html`<div class="line small">
              <span>${T.changed(this.changes.size)}</span>
              <button type="button" class="link" @click=${() => this.#send('weir-values', new Map())}>
                ${T.reset}
              </button>
            </div>`
      }
      ${shown.length === 0 ? html`<p class="muted small">${T.noValues}</p>` : nothing}
      ${shown.map((field) => this.#field(field, node === undefined))}
      ${
        fields.length > shown.length
          ? html`<button type="button" @click=${() => (this.isLong = true)}>
              ${T.moreValues(fields.length - shown.length)}
            </button>`
          : nothing
      }`;
  }

  /** Of one node all; else those that come first, and with them everything that was changed. */
  #fields(): readonly Field[] {
    const { fields, nodes } = this.drawing;
    const id = nodes[this.selected]?.id;
    if (id !== undefined) return fields.filter(({ node }) => node === id);
    const wanted = fields.filter((field) => field.isProminent || this.changes.has(changeKey(field)));
    return wanted.length > 0 ? wanted : fields;
  }

  #field(field: Field, isWithNode: boolean) {
    const change = this.changes.get(changeKey(field));
    const text = change?.text ?? shownValue(field.value);
    const changed = (event: Event): void =>
      this.#changed(field, (event.target as HTMLInputElement | HTMLSelectElement).value);
    const options =
      field.options.length > 0 ? field.options : /^bool/i.test(field.type) ? ['true', 'false'] : [];
    return html`<label class=${change === undefined ? '' : 'changed'} title=${field.description}>
      <span class="small"
        ><span class="name">${field.name}</span>
        ${isWithNode ? html`<span class="muted">${field.nodeName}</span>` : nothing}</span
      >
      ${
        options.length === 0
          ? html`<input type="text" spellcheck="false" .value=${text} @input=${changed} />`
          : html`<select @change=${changed}>
              ${options.includes(text) ? nothing : html`<option value=${text} selected>${text}</option>`}
              ${options.map((option) => html`<option value=${option} ?selected=${option === text}>${option}</option>`)}
            </select>`
      }
    </label>`;
  }

  #changed(field: Field, text: string): void {
    const changes = new Map(this.changes);
    if (text === shownValue(field.value)) changes.delete(changeKey(field));
    else changes.set(changeKey(field), { field, text });
    this.#send('weir-values', changes);
  }

  #send(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

customElements.define('weir-translate-values', WeirTranslateValues);

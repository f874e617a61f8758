/** Two sessions compared: a verdict per R-mode, then what differs first and in which fields. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { SessionComparison, SessionSummary } from '../../engine/api/contract.ts';
import { type Fact } from '../components/facts.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import {
  byClass,
  differingModes,
  isAnythingRecorded,
  missingSides,
  textOfField,
  type DifferingDrop,
  type ModeComparison,
} from '../data/comparison-view.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { notifyError } from '../events.ts';
import { formatDateTime, formatInteger } from '../format.ts';
import { go, linkToCompare, linkToDrop, type Query } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls, panel } from '../styles/shared.ts';
import { comparePageStyles } from './compare-page-styles.ts';

const LISTED = 200;
const SESSIONS_OFFERED = 500;
const UNPAIRED_SHOWN = 200;
const ICONS = { match: 'done', differs: 'differs', 'not recorded': 'waiting' } as const;
type Side = 'a' | 'b';

/**
 * @prop client - where to ask
 * @prop query - `a`, `b`: the sessions; `mode`: whose causes are shown
 */
export class WeirComparePage extends LitElement {
  static override properties = {
    client: { attribute: false },
    query: { attribute: false },
    sessions: { state: true },
    comparison: { state: true },
    error: { state: true },
  };
  static override styles = [base, controls, panel, comparePageStyles];

  declare client: Client;
  declare query: Query;
  declare sessions: readonly SessionSummary[];
  declare comparison: SessionComparison | undefined;
  declare error: HostError | undefined;
  #asked = '';

  constructor() {
    super();
    this.query = {};
    this.sessions = [];
    this.comparison = undefined;
    this.error = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = `${S.reproducibility.compare.title} – ${S.appName}`;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('client')) void this.#loadSessions();
    const pair = JSON.stringify([this.#id('a'), this.#id('b')]);
    if (pair === this.#asked) return;
    this.#asked = pair;
    this.comparison = undefined;
    this.error = undefined;
    if (this.#isComparable) void this.#compare(pair);
  }

  #id(side: Side): string {
    return this.query[side] ?? '';
  }

  get #isComparable(): boolean {
    return this.#id('a') !== '' && this.#id('b') !== '' && this.#id('a') !== this.#id('b');
  }

  async #loadSessions(): Promise<void> {
    try {
      this.sessions = (await this.client.call('sessions.list', { limit: SESSIONS_OFFERED })).sessions;
    } catch (error) {
      notifyError(this, S.list.failed, error);
    }
  }

  async #compare(pair: string): Promise<void> {
    try {
      const comparison = await this.client.call('sessions.compare', {
        a: this.#id('a'),
        b: this.#id('b'),
        limit: LISTED,
      });
      if (pair === this.#asked) this.comparison = comparison;
    } catch (error) {
      if (pair === this.#asked) this.error = toHostError(error);
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    return html`<div class="page">
      <h1>${S.reproducibility.compare.title}</h1>
      ${this.#choice()}
      <div aria-live="polite">${this.#status()}</div>
      ${this.comparison === undefined ? nothing : this.#result(this.comparison)}
    </div>`;
  }

  #choice() {
    const texts = S.reproducibility.compare;
    return html`<div class="choice">
      ${this.#select('a')}
      <button type="button" @click=${() => this.#go({ a: this.#id('b'), b: this.#id('a') })}>
        ${texts.swap}
      </button>
      ${this.#select('b')}
    </div>`;
  }

  #select(side: Side) {
    const texts = S.reproducibility.compare;
    const chosen = this.#id(side);
    const isKnown = this.sessions.some(({ sessionId }) => sessionId === chosen);
    return html`<label
      ><span>${texts[side]}</span>
      <select @change=${(event: Event) => this.#go({ [side]: (event.target as HTMLSelectElement).value })}>
        <option value="" ?selected=${chosen === ''}>${texts.choose}</option>
        ${chosen !== '' && !isKnown ? html`<option value=${chosen} selected>${chosen}</option>` : nothing}
        ${this.sessions.map(
          ({ sessionId, graphName, createdAt }) =>
            html`<option value=${sessionId} ?selected=${sessionId === chosen}>
              ${graphName}, ${formatDateTime(createdAt)}, ${sessionId}
            </option>`,
        )}
      </select></label
    >`;
  }

  #status() {
    const texts = S.reproducibility.compare;
    if (this.error) {
      return html`<weir-notice
        tone="error"
        heading=${texts.failed}
        message=${this.error.message}
        code=${this.error.code}
      ></weir-notice>`;
    }
    if (this.comparison !== undefined) return nothing;
    if (this.#isComparable) return html`<p class="muted">${texts.comparing}</p>`;
    const isSame = this.#id('a') !== '' && this.#id('a') === this.#id('b');
    return html`<p class="muted">${isSame ? texts.same : texts.chooseBoth}</p>`;
  }

  #result(comparison: SessionComparison) {
    const texts = S.reproducibility.compare;
    return html`<section class="panel" aria-labelledby="verdicts">
        <header><h2 id="verdicts">${texts.verdictTitle}</h2></header>
        <div class="body">
          <ul class="verdicts">
            ${Object.entries(comparison.rmodes).map(([mode, found]) => this.#verdict(mode, found))}
          </ul>
        </div>
      </section>
      ${this.#causes(comparison)} ${this.#alignment(comparison)}`;
  }

  #verdict(mode: string, found: ModeComparison) {
    const texts = S.reproducibility.compare;
    const missing = missingSides(found);
    const kind = found.verdict === 'not recorded' ? 'unknown' : found.verdict;
    const own = { match: texts.ownMatch, differs: texts.ownDiffers, 'not recorded': texts.ownNotRecorded };
    return html`<li class=${kind}>
      <weir-icon name=${ICONS[found.verdict]}></weir-icon>
      <div>
        ${mode} <b>${texts.verdicts[found.verdict]}</b>
        ${missing === undefined ? nothing : html`<p class="small">${texts.missingIn(texts.sides[missing])}</p>`}
        <p class="small muted">${own[found.canonical.verdict]}</p>
      </div>
    </li>`;
  }

  #causes(comparison: SessionComparison) {
    const texts = S.reproducibility.compare;
    const modes = differingModes(comparison);
    const asked = this.query['mode'] ?? '';
    const mode = modes.includes(asked) ? asked : modes[0];
    return html`<section class="panel" aria-labelledby="causes">
      <header><h2 id="causes">${texts.causesTitle}</h2></header>
      <div class="body">
        ${
          mode === undefined
            ? html`<p class="muted">
                ${isAnythingRecorded(comparison) ? texts.noneDiffer : texts.nothingRecorded}
              </p>`
            : html`<div class="modes" role="group" aria-label=${texts.causesFor}>
                  ${modes.map(
                    (name) =>
                      html`<button
                        type="button"
                        aria-pressed=${name === mode ? 'true' : 'false'}
                        @click=${() => this.#go({ mode: name })}
                      >
                        ${name}
                      </button>`,
                  )}
                </div>
                ${this.#causesOf(comparison.rmodes[mode] as ModeComparison)}`
        }
      </div>
    </section>`;
  }

  #causesOf({ differing, affected }: ModeComparison) {
    const texts = S.reproducibility.compare;
    if (differing.length === 0) return html`<p class="muted">${texts.noCause}</p>`;
    const first = differing.filter(({ isFirst }) => isFirst).length;
    return html`<p>
        <strong>${texts.first(first)}</strong> <span class="muted">${texts.affected(affected)}</span>
        ${differing.length >= LISTED ? html`<span class="muted">${texts.cut(LISTED)}</span>` : nothing}
      </p>
      <ul class="causes">
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
        : html`<a class="small" href=${linkToDrop(this.#id(side), uid)}>${texts.open(texts.sides[side])}</a>`;
    return html`<li class=${isFirst ? 'first' : 'later'}>
      <div class="head">
        <strong>${name}</strong>
        <span class="mono muted small">${a ?? b}</span>
        ${only === undefined ? nothing : html`<span class="small">${only}</span>`}
        ${isFirst ? nothing : html`<span class="muted small">${texts.later}</span>`}
        <span class="spacer"></span>
        ${link('a', a)} ${link('b', b)}
      </div>
      ${only === undefined ? this.#fields(name, fields) : nothing}
    </li>`;
  }

  #fields(name: string, fields: DifferingDrop['fields']) {
    const texts = S.reproducibility.compare;
    const value = (found: unknown) => {
      const text = textOfField(found);
      return text === undefined
        ? html`<span class="muted">${texts.absent}</span>`
        : html`<div class="value mono">${text}</div>`;
    };
    return html`<table aria-label=${name}>
      <thead>
        <tr>
          <th scope="col">${texts.columns.class}</th>
          <th scope="col">${texts.columns.field}</th>
          <th scope="col">${texts.columns.a}</th>
          <th scope="col">${texts.columns.b}</th>
        </tr>
      </thead>
      <tbody>
        ${byClass(fields).map(([cls, group]) =>
          group.map(
            (field, i) =>
              html`<tr>
                <td class="small">
                  <span class=${i === 0 ? '' : 'visually-hidden'}>${texts.classes[cls] ?? cls}</span>
                </td>
                <td>${field.name}</td>
                <td>${value(field.a)}</td>
                <td>${value(field.b)}</td>
              </tr>`,
          ),
        )}
      </tbody>
    </table>`;
  }

  #alignment({ alignment }: SessionComparison) {
    const texts = S.reproducibility.compare;
    const { byId, byLogicalId, byStructure, removed, added } = alignment;
    const facts: Fact[] = [
      { name: texts.byId, value: formatInteger(byId) },
      { name: texts.byLogicalId, value: formatInteger(byLogicalId) },
      { name: texts.byStructure, value: formatInteger(byStructure) },
    ];
    return html`<section class="panel" aria-labelledby="alignment">
      <header><h2 id="alignment">${texts.alignmentTitle}</h2></header>
      <div class="body">
        <weir-facts .facts=${facts}></weir-facts>
        ${this.#unpaired('a', texts.removed, removed)} ${this.#unpaired('b', texts.added, added)}
      </div>
    </section>`;
  }

  #unpaired(side: Side, title: string, uids: readonly string[]) {
    if (uids.length === 0) return nothing;
    const shown = uids.slice(0, UNPAIRED_SHOWN);
    return html`<details>
      <summary>${title} (${formatInteger(uids.length)})</summary>
      <ul tabindex="0" aria-label=${title}>
        ${shown.map((uid) => html`<li><a class="mono" href=${linkToDrop(this.#id(side), uid)}>${uid}</a></li>`)}
        ${
          shown.length < uids.length
            ? html`<li class="muted small">${S.reproducibility.compare.shown(shown.length, uids.length)}</li>`
            : nothing
        }
      </ul>
    </details>`;
  }

  #go(change: Query): void {
    go(linkToCompare({ ...this.query, ...change }), true);
  }
}

customElements.define('weir-compare-page', WeirComparePage);

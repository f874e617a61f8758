/** Two sessions compared: a verdict per R-mode, then what differs first and in which fields. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { ComparisonChoices, SessionComparison, SessionSummary } from '../../engine/api/contract.ts';
import '../components/copy-button.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import {
  comparatorsOf,
  comparatorsText,
  comparisonAsText,
  describeComparator,
  pinsOf,
  pinsText,
  withComparator,
  type Pin,
} from '../data/comparison-choices.ts';
import {
  differingModes,
  isAnythingRecorded,
  missingSides,
  type ModeComparison,
} from '../data/comparison-view.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { saveAs } from '../data/save.ts';
import { notifyError } from '../events.ts';
import { formatDateTime } from '../format.ts';
import { go, linkToCompare, type Query } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls, page, panel } from '../styles/shared.ts';
import './compare-alignment.ts';
import type { ComparatorChange } from './compare-causes.ts';
import './compare-causes.ts';
import './compare-graph.ts';
import { comparePageStyles } from './compare-page-styles.ts';

const LISTED = 200;
const SESSIONS_OFFERED = 500;
const ICONS = { match: 'done', differs: 'differs', 'not recorded': 'waiting' } as const;
type Side = 'a' | 'b';

/**
 * @prop client - where to ask
 * @prop query - `a`, `b`: the sessions; `mode`: whose causes are shown; `as`, `pins`: how they are compared
 */
export class WeirComparePage extends LitElement {
  static override properties = {
    client: { attribute: false },
    query: { attribute: false },
    sessions: { state: true },
    comparison: { state: true },
    error: { state: true },
  };
  static override styles = [base, controls, panel, page, comparePageStyles];

  declare client: Client;
  declare query: Query;
  declare sessions: readonly SessionSummary[];
  declare comparison: SessionComparison | undefined;
  declare error: HostError | undefined;
  #asked = '';
  #pair = '';
  #choices: ComparisonChoices = {};

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
    const asked = JSON.stringify([pair, this.query['as'], this.query['pins']]);
    if (asked === this.#asked) return;
    // Another choice keeps the place: the comparison is exchanged when the new one is there.
    if (pair !== this.#pair) this.comparison = undefined;
    this.#pair = pair;
    this.#asked = asked;
    this.#choices = { comparators: [...comparatorsOf(this.query)], pins: [...pinsOf(this.query)] };
    this.error = undefined;
    if (this.#isComparable) void this.#compare(asked);
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

  async #compare(asked: string): Promise<void> {
    try {
      const comparison = await this.client.call('sessions.compare', {
        a: this.#id('a'),
        b: this.#id('b'),
        limit: LISTED,
        ...this.#choices,
      });
      if (asked === this.#asked) this.comparison = comparison;
    } catch (error) {
      if (asked === this.#asked) this.error = toHostError(error);
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
        <header>
          <h2 id="verdicts">${texts.verdictTitle}</h2>
          <span class="spacer"></span>
          <weir-copy-button
            labelled
            label=${texts.save.text}
            text=${comparisonAsText(this.#id('a'), this.#id('b'), comparison, this.#choices)}
          ></weir-copy-button>
          <button type="button" @click=${this.#saveJson}>
            <weir-icon name="save"></weir-icon>${texts.save.json}
          </button>
        </header>
        <div class="body">
          ${this.#summary(comparison)}
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

  /** The modes counted, by either signature. */
  #summary({ rmodes }: SessionComparison) {
    const texts = S.reproducibility.compare;
    const sentence = (whose: 'daliuge' | 'own') => {
      const verdicts = Object.values(rmodes).map(
        (found) => (whose === 'own' ? found.canonical : found).verdict,
      );
      const count = (verdict: ModeComparison['verdict']): number =>
        verdicts.filter((one) => one === verdict).length;
      return texts.summary(whose, count('match'), count('differs'), count('not recorded'));
    };
    return html`<p><strong>${sentence('daliuge')}</strong> ${sentence('own')}</p>`;
  }

  /** What was chosen, each to be taken back. */
  #chosen() {
    const texts = S.reproducibility.compare.chosen;
    const comparators = comparatorsOf(this.query);
    const pins = pinsOf(this.query);
    if (comparators.length === 0 && pins.length === 0) return nothing;
    const chip = (text: string, change: Query) =>
      html`<li class="chip">
        <span class="truncate" title=${text}>${text}</span>
        <button
          type="button"
          class="quiet icon"
          aria-label=${texts.remove(text)}
          title=${texts.remove(text)}
          @click=${() => this.#go(change)}
        >
          <weir-icon name="close"></weir-icon>
        </button>
      </li>`;
    return html`<div class="toolbar" role="group" aria-label=${texts.title}>
      <span class="small">${texts.title}:</span>
      <ul class="chips">
        ${comparators.map((one) =>
          chip(describeComparator(one), {
            as: comparatorsText(withComparator(comparators, one.field, undefined)),
          }),
        )}
        ${pins.map((pin) =>
          chip(texts.pinned(...pin), { pins: pinsText(pins.filter((other) => other !== pin)) }),
        )}
      </ul>
      <button type="button" class="quiet" @click=${() => this.#go({ as: '', pins: '' })}>
        ${texts.clear}
      </button>
    </div>`;
  }

  #causes(comparison: SessionComparison) {
    const texts = S.reproducibility.compare;
    const modes = differingModes(comparison);
    const asked = this.query['mode'] ?? '';
    const mode = modes.includes(asked) ? asked : modes[0];
    if (mode === undefined) {
      return html`<section class="panel" aria-labelledby="causes">
        <header><h2 id="causes">${texts.causesTitle}</h2></header>
        <div class="body">
          <p class="muted">${isAnythingRecorded(comparison) ? texts.noneDiffer : texts.nothingRecorded}</p>
        </div>
      </section>`;
    }
    return html`<section class="panel" aria-labelledby="causes">
        <header>
          <h2 id="causes">${texts.causesTitle}</h2>
          <span class="spacer"></span>
          ${this.#modes(modes, mode)}
        </header>
        <div class="body">
          ${this.#chosen()}
          <weir-compare-causes
            .a=${this.#id('a')}
            .b=${this.#id('b')}
            .found=${comparison.rmodes[mode]}
            .comparators=${comparatorsOf(this.query)}
            .listed=${LISTED}
            @weir-comparator=${this.#compareOtherwise}
          ></weir-compare-causes>
        </div>
      </section>
      <section class="panel" aria-labelledby="where">
        <header>
          <h2 id="where">${texts.graph.title}</h2>
          <span class="muted small">${mode}</span>
        </header>
        <div class="body">
          <weir-compare-graph
            .client=${this.client}
            .a=${this.#id('a')}
            .b=${this.#id('b')}
            .mode=${mode}
            .choices=${this.#choices}
          ></weir-compare-graph>
        </div>
      </section>`;
  }

  #modes(modes: readonly string[], chosen: string) {
    return html`<div class="modes" role="group" aria-label=${S.reproducibility.compare.causesFor}>
      ${modes.map(
        (name) =>
          html`<button
            type="button"
            aria-pressed=${name === chosen ? 'true' : 'false'}
            @click=${() => this.#go({ mode: name })}
          >
            ${name}
          </button>`,
      )}
    </div>`;
  }

  #alignment({ alignment }: SessionComparison) {
    return html`<section class="panel" aria-labelledby="alignment">
      <header><h2 id="alignment">${S.reproducibility.compare.alignmentTitle}</h2></header>
      <div class="body">
        <weir-compare-alignment
          .a=${this.#id('a')}
          .b=${this.#id('b')}
          .alignment=${alignment}
          @weir-pin=${(event: CustomEvent<Pin>) =>
            this.#go({ pins: pinsText([...pinsOf(this.query), event.detail]) })}
        ></weir-compare-alignment>
      </div>
    </section>`;
  }

  // --- what people do --------------------------------------------------------------------------------------------

  #compareOtherwise = ({ detail: { field, choice } }: CustomEvent<ComparatorChange>): void =>
    this.#go({ as: comparatorsText(withComparator(comparatorsOf(this.query), field, choice)) });

  #saveJson = (): void => {
    const document = { a: this.#id('a'), b: this.#id('b'), choices: this.#choices, ...this.comparison };
    saveAs(`${this.#id('a')}-${this.#id('b')}.json`, 'application/json', JSON.stringify(document, null, 2));
  };

  #go(change: Query): void {
    go(linkToCompare({ ...this.query, ...change }), true);
  }
}

customElements.define('weir-compare-page', WeirComparePage);

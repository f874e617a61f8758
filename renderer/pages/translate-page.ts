/** A logical graph before it runs: its drawing, its values, how it is divided, and what comes of it. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { GraphDrawing, GraphSource, GraphTranslation, MethodParams } from '../../engine/api/contract.ts';
import '../components/empty-state.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { announce, askForGraph, notifyError } from '../events.ts';
import '../graph/logical-drawing.ts';
import type { NodeParts } from '../graph/logical-drawing.ts';
import { go, linkToSession, linkToSessions } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { T } from '../translate-strings.ts';
import { translatePageStyles } from './translate-page-styles.ts';
import './translate-result.ts';
import './translate-values.ts';
import { valuesOf, type Changes } from './translate-values.ts';

/** Time for a further change before the graph is translated anew. */
const SETTLE_MS = 350;
const MAX_PARTS = 10_000;

type Algorithm = NonNullable<MethodParams<'sessions.run'>['algorithm']>;
type Choices = Pick<
  MethodParams<'sessions.run'>,
  'rmode' | 'values' | 'configuration' | 'algorithm' | 'partitions' | 'nodes'
>;

/**
 * @prop client - where to ask
 * @prop source - the graph; undefined after the window was loaded anew
 */
export class WeirTranslatePage extends LitElement {
  static override properties = {
    client: { attribute: false },
    source: { attribute: false },
    drawing: { state: true },
    openError: { state: true },
    translation: { state: true },
    error: { state: true },
    isStale: { state: true },
    progress: { state: true },
    changes: { state: true },
    selected: { state: true },
    configuration: { state: true },
    rmode: { state: true },
    algorithm: { state: true },
    partitions: { state: true },
    hosts: { state: true },
    isStarting: { state: true },
  };
  static override styles = [base, controls, translatePageStyles];

  declare client: Client;
  declare source: GraphSource | undefined;
  declare drawing: GraphDrawing | undefined;
  declare openError: HostError | undefined;
  declare translation: GraphTranslation | undefined;
  declare error: HostError | undefined;
  declare isStale: boolean;
  declare progress: { readonly phase: string; readonly done: number; readonly total: number } | undefined;
  declare changes: Changes;
  declare selected: number;
  declare configuration: string;
  declare rmode: keyof typeof T.rmodes;
  declare algorithm: Algorithm;
  declare partitions: number;
  declare hosts: string;
  declare isStarting: boolean;
  #ticket = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopWatching: () => void = () => undefined;

  constructor() {
    super();
    this.source = undefined;
    this.#begin();
  }

  #begin(): void {
    this.drawing = undefined;
    this.openError = undefined;
    this.translation = undefined;
    this.error = undefined;
    this.isStale = false;
    this.progress = undefined;
    this.changes = new Map();
    this.selected = -1;
    this.configuration = '';
    this.rmode = 'NOTHING';
    this.algorithm = 'metis';
    this.partitions = 2;
    this.hosts = '';
    this.isStarting = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#abandon();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('source') || this.source === undefined) return;
    this.#begin();
    void this.#load(this.source);
  }

  // --- asking ----------------------------------------------------------------------------------------------------

  async #load(source: GraphSource): Promise<void> {
    try {
      const drawing = await this.client.call('graphs.open', { source });
      if (source !== this.source) return;
      this.drawing = drawing;
      this.configuration = drawing.configurations.find(({ isActive }) => isActive)?.id ?? '';
      if (drawing.problems.every(({ severity }) => severity !== 'error')) await this.#translate();
    } catch (error) {
      if (source === this.source) this.openError = toHostError(error);
    }
  }

  /** Shows the values of another of the graph's configurations. */
  async #reconfigure(configuration: string): Promise<void> {
    const { source } = this;
    if (source === undefined) return;
    try {
      const drawing = await this.client.call('graphs.open', { source, configuration });
      if (source === this.source && configuration === this.configuration) this.drawing = drawing;
    } catch (error) {
      notifyError(this, T.failed, error);
    }
  }

  #choices(): Choices {
    const values = valuesOf(this.changes);
    const nodes = this.hosts.split(/[\s,;]+/).filter((host) => host !== '');
    return {
      rmode: this.rmode,
      algorithm: this.algorithm,
      partitions: this.partitions,
      ...(nodes.length === 0 ? {} : { nodes }),
      ...(values.length === 0 ? {} : { values }),
      ...(this.configuration === '' ? {} : { configuration: this.configuration }),
    };
  }

  /** Ends the translation that is under way: its result is no longer wanted. */
  #abandon(): void {
    this.#stopWatching();
    const ticket = this.#ticket;
    this.#ticket = '';
    if (ticket === '' || this.progress === undefined) return;
    this.client.call('graphs.cancel', { ticket }).catch((error: unknown) => {
      notifyError(this, T.translationFailed, error);
    });
  }

  async #translate(): Promise<void> {
    const { source } = this;
    if (source === undefined) return;
    this.#abandon();
    const ticket = crypto.randomUUID();
    this.#ticket = ticket;
    this.progress = { phase: '', done: 0, total: 0 };
    this.#stopWatching = this.client.subscribe(
      'translation',
      { ticket },
      (progress) => {
        if (this.#ticket === ticket) this.progress = progress;
      },
      () => undefined, // the call itself tells what went wrong
    );
    try {
      const translation = await this.client.call('graphs.translate', { source, ticket, ...this.#choices() });
      if (this.#ticket !== ticket) return;
      this.translation = translation;
      this.error = undefined;
      this.isStale = false;
      announce(this, T.drops(translation.drops));
    } catch (error) {
      if (this.#ticket === ticket) this.error = toHostError(error);
    } finally {
      if (this.#ticket === ticket) {
        this.progress = undefined;
        this.#stopWatching();
      }
    }
  }

  /** Something was chosen or typed: translates anew once it has settled. */
  #changed(): void {
    this.isStale = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#translate(), SETTLE_MS);
  }

  #run = async (): Promise<void> => {
    const { source } = this;
    if (source === undefined || this.isStarting) return;
    this.isStarting = true;
    try {
      const { sessionId } = await this.client.call('sessions.run', { source, ...this.#choices() });
      announce(this, S.run.started(sessionId));
      go(linkToSession(sessionId));
    } catch (error) {
      notifyError(this, S.run.failed, error);
    } finally {
      this.isStarting = false;
    }
  };

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    const { drawing } = this;
    if (this.source === undefined)
      return html`<weir-empty-state class="message" page heading=${T.noGraphTitle} message=${T.noGraphText}>
        <button type="button" class="primary" @click=${() => askForGraph(this)}>${S.openGraph}</button>
      </weir-empty-state>`;
    if (this.openError)
      return html`<div class="message">
        <weir-notice
          tone="error"
          heading=${T.failed}
          message=${this.openError.message}
          code=${this.openError.code}
        ></weir-notice>
      </div>`;
    if (drawing === undefined) return html`<p class="message muted" aria-live="polite">${T.loading}</p>`;
    const errors = drawing.problems.filter(({ severity }) => severity === 'error');
    return html`<header>
        <a
          class="back"
          href=${linkToSessions()}
          aria-label=${S.session.backToList}
          title=${S.session.backToList}
          ><weir-icon name="left"></weir-icon
        ></a>
        <h1 class="truncate">${drawing.name}</h1>
        <span class="muted small">${S.open.kinds[drawing.kind]}</span>
        <span class="spacer"></span>
        <button
          type="button"
          class="primary"
          ?disabled=${errors.length > 0 || this.error !== undefined || this.isStarting}
          @click=${this.#run}
        >
          <weir-icon name="play"></weir-icon>${this.isStarting ? T.running : T.run}
        </button>
      </header>
      <weir-logical-drawing
        .drawing=${withCopies(drawing, this.changes)}
        .parts=${this.#parts()}
        .selected=${this.selected}
        @weir-select=${(event: CustomEvent<number>) => (this.selected = event.detail)}
      ></weir-logical-drawing>
      <aside aria-label=${T.settings}>
        ${this.#problems(drawing)} ${this.#settings(drawing)}
        ${
          errors.length > 0
            ? nothing
            : html`<weir-translate-result
                .translation=${this.translation}
                .error=${this.error}
                .progress=${this.progress}
                .isStale=${this.isStale}
              ></weir-translate-result>`
        }
        <weir-translate-values
          .drawing=${drawing}
          .selected=${this.selected}
          .changes=${this.changes}
          @weir-values=${(event: CustomEvent<Changes>) => {
            this.changes = event.detail;
            this.#changed();
          }}
          @weir-select=${(event: CustomEvent<number>) => (this.selected = event.detail)}
        ></weir-translate-values>
      </aside>`;
  }

  #parts(): ReadonlyMap<string, NodeParts> {
    return new Map((this.translation?.nodes ?? []).map(({ id, count, parts }) => [id, { count, parts }]));
  }

  #problems({ problems }: GraphDrawing) {
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    if (problems.length === 0) return nothing;
    return html`<section>
      ${errors === 0 ? nothing : html`<h2>${T.problems(errors)}</h2>`}
      ${problems
        .slice(0, 20)
        .map(
          ({ severity, code, message }) =>
            html`<weir-notice tone=${severity} message=${message} code=${code}></weir-notice>`,
        )}
    </section>`;
  }

  #settings({ configurations }: GraphDrawing) {
    return html`<section>
      <h2>${T.settings}</h2>
      ${
        configurations.length === 0
          ? nothing
          : this.#select(
              T.configuration,
              this.configuration,
              configurations.map(({ id, name }) => [id, name]),
              (value) => {
                this.configuration = value;
                void this.#reconfigure(value);
              },
            )
      }
      <div class="pair">
        ${this.#select(T.algorithm, this.algorithm, Object.entries(T.algorithms), (value) => {
          this.algorithm = value as Algorithm;
        })}
        <label
          ><span class="small muted">${T.parts}</span>
          <input
            type="number"
            min="1"
            max=${MAX_PARTS}
            .value=${String(this.partitions)}
            @input=${this.#partsTyped}
          />
        </label>
      </div>
      <label
        ><span class="small muted">${T.nodes}</span>
        <input
          type="text"
          autocomplete="off"
          spellcheck="false"
          placeholder=${T.thisComputer}
          aria-describedby="nodes-help"
          .value=${this.hosts}
          @input=${this.#hostsTyped}
        />
      </label>
      <p class="muted small" id="nodes-help">${this.hosts.trim() === '' ? T.oneNode : T.nodesHelp}</p>
      ${this.#select(T.rmode, this.rmode, Object.entries(T.rmodes), (value) => {
        this.rmode = value as keyof typeof T.rmodes;
      })}
      <p class="muted small">${S.open.trust}</p>
    </section>`;
  }

  #select(
    label: string,
    value: string,
    options: readonly (readonly [string, string])[],
    choose: (value: string) => void,
  ) {
    return html`<label
      ><span class="small muted">${label}</span>
      <select
        @change=${(event: Event) => {
          choose((event.target as HTMLSelectElement).value);
          this.#changed();
        }}
      >
        ${value === '' ? html`<option value="" selected>${T.noConfiguration}</option>` : nothing}
        ${options.map(([id, name]) => html`<option value=${id} ?selected=${id === value}>${name}</option>`)}
      </select>
    </label>`;
  }

  #hostsTyped = (event: Event): void => {
    this.hosts = (event.target as HTMLInputElement).value;
    this.#changed();
  };

  #partsTyped = (event: Event): void => {
    const value = (event.target as HTMLInputElement).valueAsNumber;
    if (!Number.isInteger(value) || value < 1 || value > MAX_PARTS) return;
    this.partitions = value;
    this.#changed();
  };
}

/** The drawing with the counts of constructs that were typed, so that it shows what would run. */
function withCopies(drawing: GraphDrawing, changes: Changes): GraphDrawing {
  const typed = new Map(
    [...changes.values()].filter(({ field }) => field.isCount).map(({ field, text }) => [field.node, text]),
  );
  if (typed.size === 0) return drawing;
  const nodes = drawing.nodes.map((node) => {
    const copies = typed.get(node.id);
    return copies === undefined ? node : { ...node, copies };
  });
  return { ...drawing, nodes };
}

customElements.define('weir-translate-page', WeirTranslatePage);

/** A drop's blocks back to a root of the graph: each hash depends on those before it, and is computed here again. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { DropBlock } from '../../engine/api/contract.ts';
import '../components/copy-button.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import {
  checkBlock,
  firstBroken,
  isNamedBy,
  type CheckedBlock,
  type CheckedStage,
} from '../data/block-check.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { formatInteger } from '../format.ts';
import { linkToDrop } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import { blockPathStyles } from './block-path-styles.ts';

/** Modes in which every link counts, so that the way leads to a root of the graph. */
const LINKED = ['REPEAT', 'RECOMPUTE', 'REPLICATE_TOTAL', 'REPLICATE_COMP', 'REPLICATE_SCI'];

/** Blocks that are asked for at once; a longer way is shown on request. */
const STEPS = 25;

/**
 * @prop client - where to ask
 * @prop sessionId - which session
 * @prop uid - the drop that the path begins at
 */
export class WeirBlockPath extends LitElement {
  static override properties = {
    client: { attribute: false },
    sessionId: { attribute: false },
    uid: { attribute: false },
    mode: { state: true },
    path: { state: true },
    isLoading: { state: true },
    error: { state: true },
  };
  static override styles = [base, controls, blockPathStyles];

  declare client: Client;
  declare sessionId: string;
  declare uid: string;
  /** Empty: the first that the session has. */
  declare mode: string;
  /** From the drop to a root. */
  declare path: readonly CheckedBlock[];
  declare isLoading: boolean;
  declare error: HostError | undefined;
  #asked = 0;

  constructor() {
    super();
    this.sessionId = '';
    this.uid = '';
    this.mode = '';
    this.path = [];
    this.isLoading = false;
    this.error = undefined;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('sessionId') || changed.has('uid')) void this.#walk([], this.uid);
  }

  /** Goes on from `path` by way of the drop `uid`, then by each one's first parent. */
  async #walk(path: readonly CheckedBlock[], uid: string): Promise<void> {
    const asked = ++this.#asked;
    const { sessionId } = this;
    this.path = path;
    this.error = undefined;
    this.isLoading = true;
    try {
      let next: string | undefined = uid;
      const found = [...path];
      for (let step = 0; step < STEPS && next !== undefined; step++) {
        const mode = this.mode === '' ? {} : { mode: this.mode };
        let block: DropBlock = await this.client.call('sessions.block', { sessionId, uid: next, ...mode });
        if (this.mode === '') {
          const best = LINKED.find((one) => block.modes.includes(one)) ?? block.mode;
          if (best !== block.mode)
            block = await this.client.call('sessions.block', { sessionId, uid: next, mode: best });
        }
        if (asked !== this.#asked) return;
        found.push(checkBlock(block));
        this.mode = block.mode;
        next = block.parents[0]?.uid;
      }
      this.path = found;
    } catch (error) {
      if (asked === this.#asked) this.error = toHostError(error);
    } finally {
      if (asked === this.#asked) this.isLoading = false;
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    const texts = S.reproducibility.blocks;
    if (this.error) {
      return html`<weir-notice
        tone=${this.error.code === 'REPRO_INVALID' ? 'info' : 'error'}
        heading=${texts.failed}
        message=${this.error.message}
        code=${this.error.code === 'REPRO_INVALID' ? '' : this.error.code}
      ></weir-notice>`;
    }
    const [first] = this.path;
    if (first === undefined) return html`<p class="muted">${S.loading}</p>`;
    return html`<div class="toolbar">
        <label class="small"
          >${texts.mode}
          <select @change=${this.#chooseMode}>
            ${first.block.modes.map(
              (mode) => html`<option value=${mode} ?selected=${mode === this.mode}>${mode}</option>`,
            )}
          </select>
        </label>
      </div>
      ${this.#verdict()}
      <ol>
        ${this.path.map((step, index) => this.#step(step, index))}
      </ol>
      ${this.#more()}
      <p class="muted small">${texts.help}</p>`;
  }

  #verdict() {
    const texts = S.reproducibility.blocks;
    const broken = firstBroken(this.path);
    const last = this.path.at(-1)?.block;
    const isWhole = last?.parentCount === 0;
    const isPartial = this.path.some(({ computed }) => computed === undefined);
    const sentence =
      broken !== undefined
        ? texts.broken(broken.block.name)
        : isWhole && !isPartial
          ? (LINKED.includes(this.mode) ? texts.holds : texts.holdsUnlinked)(
              this.path.length,
              last?.name ?? '',
            )
          : texts.holdsSoFar(this.path.length);
    const kind = broken !== undefined ? 'fails' : 'holds';
    return html`<p class="verdict ${kind}" role="status">
      <weir-icon class="mark" name=${broken === undefined ? 'done' : 'error'}></weir-icon>${sentence}
    </p>`;
  }

  #step(step: CheckedBlock, index: number) {
    const texts = S.reproducibility.blocks;
    const { block, holds, computed } = step;
    const child = this.path[index - 1]?.block;
    const isNamed = child === undefined || isNamedBy(child, block);
    const isGood = isNamed && (holds || computed === undefined);
    return html`<li class=${isGood ? 'holds' : 'fails'}>
      <weir-icon class="mark" name=${isGood ? 'done' : 'error'}></weir-icon>
      <div class="step">
        <h3>
          <a href=${linkToDrop(this.sessionId, block.uid)}>${block.name}</a>
          <span class="muted mono small">${block.uid}</span>
        </h3>
        <p class="hash">
          <span class="muted small">${texts.block}</span> <span class="mono">${block.block}</span>
          <weir-copy-button
            text=${block.block}
            label="${S.copy}: ${texts.block}, ${block.name}"
          ></weir-copy-button>
        </p>
        <p class="small ${isGood ? 'muted' : 'reason'}">${this.#sentence(step, isNamed)}</p>
        ${this.#leaves(step)} ${this.#parents(step, index)}
      </div>
    </li>`;
  }

  #sentence({ computed, holds, block }: CheckedBlock, isNamed: boolean): string {
    const texts = S.reproducibility.blocks;
    if (!isNamed) return texts.notNamed;
    if (computed === undefined) return texts.notAllParents(block.parents.length, block.parentCount);
    return holds ? texts.computed(block.parentCount) : texts.other(computed);
  }

  /** The drop's own data by stage, and what the block is made of. */
  #leaves({ block, stages }: CheckedBlock) {
    const texts = S.reproducibility.blocks;
    return html`<details>
      <summary class="small">
        ${texts.leaves(stages.reduce((sum, { leaves }) => sum + leaves.length, 0))}
      </summary>
      <div class="leaves" role="region" tabindex="0" aria-label=${texts.leavesOf(block.name)}>
        ${stages.map((stage) => this.#stage(stage))}
        <dl class="small">
          ${block.items.map(
            ({ name, hash }) =>
              html`<dt>${texts.items[name]}</dt>
                <dd class="mono">${hash === null ? texts.noRoot : hash === '' ? texts.noData : hash}</dd>`,
          )}
        </dl>
      </div>
    </details>`;
  }

  #stage({ name, leaves, root, holds }: CheckedStage) {
    const texts = S.reproducibility.blocks;
    return html`<h4 class="small">${texts.stages[name] ?? name}</h4>
      ${
        leaves.length === 0
          ? html`<p class="muted small">${texts.noLeaves}</p>`
          : html`<ul class="mono small">
              ${leaves.map((leaf) => html`<li>${leaf}</li>`)}
            </ul>`
      }
      <p class="small ${holds ? 'muted' : 'reason'}">
        ${holds ? texts.rootHolds : texts.rootOther}
        <span class="mono">${root ?? ''}</span>
      </p>`;
  }

  /** Several parents: the way goes on by one of them. */
  #parents({ block }: CheckedBlock, index: number) {
    const texts = S.reproducibility.blocks;
    if (block.parentCount === 0) {
      const sentence = LINKED.includes(block.mode) ? texts.root : texts.unlinked(block.mode);
      return html`<p class="small muted">${sentence}</p>`;
    }
    if (block.parentCount === 1) return nothing;
    const chosen = this.path[index + 1]?.block.uid;
    return html`<label class="small"
      >${texts.parents(block.parentCount)}
      <select
        @change=${(event: Event) =>
          void this.#walk(this.path.slice(0, index + 1), (event.target as HTMLSelectElement).value)}
      >
        ${block.parents.map(
          ({ uid }) => html`<option value=${uid} ?selected=${uid === chosen}>${uid}</option>`,
        )}
      </select>
    </label>`;
  }

  #more() {
    const texts = S.reproducibility.blocks;
    const last = this.path.at(-1)?.block;
    const next = last?.parents[0]?.uid;
    if (this.isLoading) return html`<p class="muted small" role="status">${S.loading}</p>`;
    if (next === undefined) return nothing;
    return html`<div class="toolbar">
      <button type="button" @click=${() => void this.#walk(this.path, next)}>${texts.more}</button>
      <span class="muted small">${texts.shown(formatInteger(this.path.length))}</span>
    </div>`;
  }

  #chooseMode = (event: Event): void => {
    this.mode = (event.target as HTMLSelectElement).value;
    void this.#walk([], this.uid);
  };
}

customElements.define('weir-block-path', WeirBlockPath);

/** What a translation gave, or how far it is: statistics, and the parts as colours. */
import { LitElement, css, html, nothing, svg } from 'lit';
import type { GraphTranslation, TranslationMessage } from '../../engine/api/contract.ts';
import '../components/facts.ts';
import '../components/notice.ts';
import type { HostError } from '../data/errors.ts';
import { formatInteger } from '../format.ts';
import { partClass, partColors } from '../graph/part-colors.ts';
import { base } from '../styles/shared.ts';
import { T } from '../translate-strings.ts';

const PARTS_SHOWN = 24;

/**
 * @prop translation - the last that came to its end
 * @prop error - why there is none
 * @prop progress - of the one that is under way
 * @prop isStale - something was changed since
 */
export class WeirTranslateResult extends LitElement {
  static override properties = {
    translation: { attribute: false },
    error: { attribute: false },
    progress: { attribute: false },
    isStale: { attribute: false },
  };
  static override styles = [
    base,
    partColors,
    css`
      section {
        display: grid;
        gap: var(--space-2);
      }

      .line {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-2);
      }

      ul.parts {
        display: grid;
        gap: var(--space-1);
        margin: 0;
        padding: 0;
        list-style: none;
      }

      ul.parts li {
        display: grid;
        grid-template-columns: 34px minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--space-2);
      }

      .swatch {
        border-radius: var(--radius-s);
        font-size: var(--text-xs);
        font-weight: 600;
        line-height: 18px;
        text-align: center;
      }

      .facts {
        display: grid;
        gap: var(--space-3);
      }

      .stale {
        opacity: 0.55;
      }

      svg.bar {
        width: 100%;
        height: 8px;
      }

      progress {
        width: 100%;
        accent-color: var(--color-accent);
      }
    `,
  ];

  declare translation: GraphTranslation | undefined;
  declare error: HostError | undefined;
  declare progress: TranslationMessage | undefined;
  declare isStale: boolean;

  constructor() {
    super();
    this.translation = undefined;
    this.error = undefined;
    this.progress = undefined;
    this.isStale = false;
  }

  override render() {
    const { translation, error, progress } = this;
    return html`<section>
      <div class="line" aria-live="polite">
        <h2>${T.result}</h2>
        ${progress === undefined ? nothing : html`<span class="muted small">${this.#phase(progress)}</span>`}
      </div>
      ${
        progress === undefined || progress.total === 0
          ? nothing
          : html`<progress
              max=${progress.total}
              value=${progress.done}
              aria-label=${T.translating}
            ></progress>`
      }
      ${
        error === undefined
          ? nothing
          : html`<weir-notice
              tone="error"
              heading=${T.translationFailed}
              message=${error.message}
              code=${error.code}
            ></weir-notice>`
      }
      ${translation === undefined || error !== undefined ? nothing : this.#statistics(translation)}
    </section>`;
  }

  #phase({ phase, done, total }: TranslationMessage): string {
    const name = T.phases[phase];
    return name === undefined ? T.translating : `${name} ${T.progress(done, total)}`;
  }

  #statistics({ drops, statistics, parts, warnings }: GraphTranslation) {
    const facts = Object.entries(T.statistics).map(([key, name]) => {
      const value = statistics[key];
      const text = typeof value === 'number' ? T.number(value) : typeof value === 'string' ? value : null;
      return { name, value: text };
    });
    const largest = Math.max(1, ...parts);
    return html`<div class=${this.isStale ? 'facts stale' : 'facts'}>
      <p>${T.drops(drops)}</p>
      <ul class="parts">
        ${parts.slice(0, PARTS_SHOWN).map(
          (count, part) =>
            html`<li aria-label=${`${T.part(part)}: ${T.drops(count)}`}>
              <span class="swatch ${partClass(part)}" aria-hidden="true">${T.partShort(part)}</span>
              <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                ${svg`<rect class=${partClass(part)} width=${(100 * count) / largest} height="8"></rect>`}
              </svg>
              <span class="numeric small">${formatInteger(count)}</span>
            </li>`,
        )}
      </ul>
      ${
        parts.length > PARTS_SHOWN
          ? html`<p class="muted small">${T.partsMore(parts.length - PARTS_SHOWN)}</p>`
          : nothing
      }
      <weir-facts .facts=${facts}></weir-facts>
      ${warnings.map((message) => html`<weir-notice tone="warning" message=${message}></weir-notice>`)}
    </div>`;
  }
}

customElements.define('weir-translate-result', WeirTranslateResult);

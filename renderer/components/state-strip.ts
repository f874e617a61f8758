/** How many drops are in which state, as a thin stacked bar, and as words for those who want numbers. */
import { LitElement, css, html, nothing } from 'lit';
import type { StateCounts } from '../../engine/api/contract.ts';
import { formatInteger } from '../format.ts';
import { familyOf, orderedCounts, wordOf } from '../states.ts';
import { base } from '../styles/shared.ts';
import { customProperties } from './custom-properties.ts';
import './icon.ts';
import { stateColors } from './state-colors.ts';

/** The counts as a sentence. */
export const describeCounts = (counts: StateCounts): string =>
  orderedCounts(counts)
    .map(([state, count]) => `${wordOf(state)} ${formatInteger(count)}`)
    .join(', ');

/**
 * @prop counts - drops per state
 * @attr legend - shows the numbers in words below
 */
export class WeirStateStrip extends LitElement {
  static override properties = { counts: { attribute: false }, legend: { type: Boolean, reflect: true } };
  static override styles = [
    base,
    stateColors,
    css`
      :host {
        display: block;
        min-width: 0;
      }

      .strip {
        display: flex;
        gap: 1px;
        height: 6px;
        border-radius: 3px;
        overflow: hidden;
        background: var(--color-sunken);
      }

      :host([legend]) .strip {
        height: 10px;
        border-radius: 5px;
      }

      .strip span {
        flex: var(--share) 0 3px;
        background: var(--state);
        forced-color-adjust: none;
      }

      .strip .is-waiting {
        background: var(--color-waiting);
      }

      /* What is under way and what went wrong differ in texture too. */
      .strip .is-error {
        background: repeating-linear-gradient(
          -45deg,
          var(--state) 0 4px,
          color-mix(in srgb, var(--state) 60%, var(--color-surface)) 4px 6px
        );
      }

      ul {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-1) var(--space-4);
        margin: var(--space-2) 0 0;
        padding: 0;
        list-style: none;
        font-size: var(--text-s);
      }

      li {
        display: inline-flex;
        align-items: center;
        gap: 6px;
      }

      li weir-icon {
        width: 14px;
        height: 14px;
        color: var(--state);
      }

      li b {
        font-weight: 600;
      }
    `,
  ];

  declare counts: StateCounts;
  declare legend: boolean;

  constructor() {
    super();
    this.counts = {};
    this.legend = false;
  }

  override render() {
    const counts = orderedCounts(this.counts);
    const label = describeCounts(this.counts) || '–';
    return html`<div class="strip" role="img" aria-label=${label} title=${label}>
        ${counts.map(
          ([state, count]) =>
            html`<span class="is-${familyOf(state)}" ${customProperties({ '--share': count })}></span>`,
        )}
      </div>
      ${
        this.legend
          ? html`<ul>
              ${counts.map(([state, count]) => {
                const family = familyOf(state);
                return html`<li class="is-${family}">
                  <weir-icon name=${family}></weir-icon>${wordOf(state)} <b>${formatInteger(count)}</b>
                </li>`;
              })}
            </ul>`
          : nothing
      }`;
  }
}

customElements.define('weir-state-strip', WeirStateStrip);

/** The graphs that come with Weir, each with the way to run it. */
import { LitElement, css, html } from 'lit';
import type { Sample } from '../../engine/api/contract.ts';
import '../components/icon.ts';
import { askToRun } from '../events.ts';
import { linkToGraph } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls, panel } from '../styles/shared.ts';
import { T } from '../translate-strings.ts';

/**
 * @prop samples - what there is
 * @attr isBelowTable - it stands below the list of sessions: quieter, with a heading that is seen
 */
export class WeirSampleList extends LitElement {
  static override properties = { samples: { attribute: false }, isBelowTable: { type: Boolean } };
  static override styles = [
    base,
    controls,
    panel,
    css`
      section {
        display: grid;
        gap: var(--space-3);
      }

      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr));
        gap: var(--space-3);
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: grid;
        grid-template-rows: auto 1fr auto;
        justify-items: start;
        gap: var(--space-2);
        padding: var(--space-4);
      }

      h3 {
        font-size: var(--text-m);
      }
    `,
  ];

  declare samples: readonly Sample[];
  declare isBelowTable: boolean;

  constructor() {
    super();
    this.samples = [];
    this.isBelowTable = false;
  }

  override render() {
    return html`<section class="samples" aria-labelledby="samples">
      <h2 id="samples" class=${this.isBelowTable ? '' : 'visually-hidden'}>${S.list.samples}</h2>
      <ul>
        ${this.samples.map(
          ({ id, name, description, kind }) =>
            html`<li class="panel">
              <h3>${name}</h3>
              <p class="muted small">${description}</p>
              ${
                kind === 'logical'
                  ? html`<a
                      class="button"
                      href=${linkToGraph({ sample: id })}
                      aria-label=${T.sampleLabel(name)}
                    >
                      <weir-icon name="open"></weir-icon>${T.sampleOpen}
                    </a>`
                  : html`<button
                      type="button"
                      class=${this.isBelowTable ? '' : 'primary'}
                      aria-label=${S.run.sampleLabel(name)}
                      @click=${() => askToRun(this, { sample: id })}
                    >
                      <weir-icon name="play"></weir-icon>${S.run.sample}
                    </button>`
              }
            </li>`,
        )}
      </ul>
    </section>`;
  }
}

customElements.define('weir-sample-list', WeirSampleList);

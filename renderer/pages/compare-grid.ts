/** Several sessions by their signatures: a row for each R-mode, and the same letter and colour where two are equal. */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import type { SessionReproducibility, SessionSummary } from '../../engine/api/contract.ts';
import '../components/empty-state.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { groupsOf } from '../data/comparison-choices.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { formatDateTime } from '../format.ts';
import { partClass, partColors } from '../graph/part-colors.ts';
import { go, linkToCompare, linkToSession, linkToSessions, type Query } from '../router.ts';
import { S } from '../strings.ts';
import { base, controls, page, panel } from '../styles/shared.ts';

type Whose = 'daliuge' | 'own';

interface Compared {
  readonly summary: SessionSummary;
  readonly facts: SessionReproducibility;
}

/** The ids in an address; none where somebody shortened it. */
export function sessionsIn(query: Query): readonly string[] {
  try {
    const value: unknown = JSON.parse(query['sessions'] ?? '[]');
    const list = Array.isArray(value) ? (value as unknown[]) : [];
    return [...new Set(list.filter((id): id is string => typeof id === 'string'))];
  } catch {
    return [];
  }
}

/**
 * @prop client - where to ask
 * @prop query - `sessions`: ids as a JSON list; `whose`: own or DALiuGE's signatures; `cluster`: the mode they are put together by
 */
export class WeirCompareGrid extends LitElement {
  static override properties = {
    client: { attribute: false },
    query: { attribute: false },
    sessions: { state: true },
    error: { state: true },
  };
  static override styles = [
    base,
    controls,
    panel,
    page,
    partColors,
    css`
      .scroll {
        overflow: auto;
      }

      table {
        border-collapse: collapse;
        min-width: 100%;
      }

      th,
      td {
        padding: var(--space-2) var(--space-3);
        border-bottom: 1px solid var(--color-line);
        font-weight: 400;
        text-align: start;
        vertical-align: top;
      }

      tbody tr:last-child > * {
        border-bottom: 0;
      }

      thead th {
        min-width: 148px;
        max-width: 220px;
        overflow-wrap: anywhere;
      }

      thead th:first-child,
      tbody th {
        position: sticky;
        inset-inline-start: 0;
        min-width: 176px;
        background: var(--color-surface);
        z-index: 1;
      }

      .session {
        display: grid;
        gap: 2px;
        justify-items: start;
      }

      .session a.small,
      button.link.small {
        min-height: 24px;
        display: inline-flex;
        align-items: center;
      }

      td {
        vertical-align: middle;
      }

      .group {
        display: inline-flex;
        align-items: center;
        gap: var(--space-2);
      }

      .letter {
        display: inline-grid;
        place-items: center;
        min-width: 24px;
        height: 24px;
        padding: 0 var(--space-1);
        border-radius: var(--radius-s);
        background: var(--part);
        color: var(--color-on-part);
        font-weight: 600;
        forced-color-adjust: none;
      }
    `,
  ];

  declare client: Client;
  declare query: Query;
  declare sessions: readonly Compared[] | undefined;
  declare error: HostError | undefined;
  #asked = '';

  constructor() {
    super();
    this.query = {};
    this.sessions = undefined;
    this.error = undefined;
  }

  override willUpdate(_changed: PropertyValues<this>): void {
    const ids = sessionsIn(this.query);
    document.title = `${S.reproducibility.compare.grid.title(ids.length)} – ${S.appName}`;
    const asked = JSON.stringify(ids.toSorted());
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.sessions = undefined;
    this.error = undefined;
    void this.#load(ids, asked);
  }

  async #load(ids: readonly string[], asked: string): Promise<void> {
    try {
      const sessions: Compared[] = [];
      // One after the other: each counts the records of its session.
      for (const sessionId of ids) {
        const { summary } = await this.client.call('sessions.get', { sessionId });
        const facts = await this.client.call('sessions.reproducibility', { sessionId });
        sessions.push({ summary, facts });
      }
      if (asked === this.#asked) this.sessions = sessions;
    } catch (error) {
      if (asked === this.#asked) this.error = toHostError(error);
    }
  }

  override render() {
    const texts = S.reproducibility.compare.grid;
    const ids = sessionsIn(this.query);
    return html`<div class="page">
      <h1>${texts.title(ids.length)}</h1>
      ${this.#body(ids.length)}
    </div>`;
  }

  #body(count: number) {
    const texts = S.reproducibility.compare.grid;
    if (count < 2) {
      return html`<weir-empty-state
        class="panel"
        heading=${S.reproducibility.compare.chooseBoth}
        message=${texts.none}
      >
        <a class="button" href=${linkToSessions()}>${texts.back}</a>
      </weir-empty-state>`;
    }
    if (this.error) {
      return html`<weir-notice
        tone="error"
        heading=${S.reproducibility.compare.failed}
        message=${this.error.message}
        code=${this.error.code}
      ></weir-notice>`;
    }
    if (this.sessions === undefined) return html`<p class="muted">${S.loading}</p>`;
    const sessions = this.#ordered(this.sessions);
    return html`<div class="toolbar">
        <label class="small"
          >${texts.whose}
          <select @change=${(event: Event) => this.#go({ whose: (event.target as HTMLSelectElement).value })}>
            ${(['daliuge', 'own'] as const).map(
              (whose) =>
                html`<option value=${whose} ?selected=${this.#whose === whose}>
                  ${S.reproducibility.signatures[whose]}
                </option>`,
            )}
          </select>
        </label>
      </div>
      <div class="panel scroll" role="region" tabindex="0" aria-label=${texts.title(sessions.length)}>
        <table>
          <thead>
            <tr>
              <th scope="col">${texts.mode}</th>
              ${sessions.map(({ summary }, index) => this.#head(summary, sessions[0]?.summary, index))}
            </tr>
          </thead>
          <tbody>
            ${(sessions[0]?.facts.modes ?? []).map(({ mode }) => this.#row(mode, sessions))}
          </tbody>
        </table>
      </div>
      <p class="muted small">${texts.help}</p>`;
  }

  get #whose(): Whose {
    return this.query['whose'] === 'own' ? 'own' : 'daliuge';
  }

  #signature({ facts }: Compared, mode: string): string | null {
    const found = facts.modes.find((one) => one.mode === mode);
    return (this.#whose === 'own' ? found?.canonical : found?.signature) ?? null;
  }

  /** In the order of the address; with a mode to put them together by, equal ones side by side. */
  #ordered(sessions: readonly Compared[]): readonly Compared[] {
    const mode = this.query['cluster'];
    if (!mode) return sessions;
    const groups = groupsOf(sessions.map((one) => this.#signature(one, mode)));
    const places = new Map(sessions.map((one, i) => [one, groups[i] ?? '']));
    // Sessions without a signature are equal to nothing: they come last. The sort is stable.
    return sessions.toSorted((a, b) => {
      const [left, right] = [places.get(a) ?? '', places.get(b) ?? ''];
      if ((left === '') !== (right === '')) return left === '' ? 1 : -1;
      return left.length - right.length || left.localeCompare(right);
    });
  }

  #head(
    { sessionId, graphName, createdAt }: SessionSummary,
    first: SessionSummary | undefined,
    index: number,
  ) {
    const texts = S.reproducibility.compare;
    return html`<th scope="col">
      <span class="session">
        <a href=${linkToSession(sessionId)}>${graphName}</a>
        <span class="muted small">${formatDateTime(createdAt)}</span>
        <span class="muted small">${sessionId}</span>
        ${
          index === 0 || first === undefined
            ? nothing
            : html`<a
                class="small"
                href=${linkToCompare({ a: first.sessionId, b: sessionId })}
                title=${texts.grid.compareWith(first.sessionId, sessionId)}
                >${texts.grid.first}</a
              >`
        }
        <button
          type="button"
          class="link small"
          aria-label=${texts.grid.remove(sessionId)}
          @click=${() => this.#remove(sessionId)}
        >
          ${texts.grid.takeOut}
        </button>
      </span>
    </th>`;
  }

  #row(mode: string, sessions: readonly Compared[]) {
    const texts = S.reproducibility.compare.grid;
    const groups = groupsOf(sessions.map((one) => this.#signature(one, mode)));
    const isClustered = this.query['cluster'] === mode;
    return html`<tr>
      <th scope="row">
        ${mode}<br />
        <button
          type="button"
          class="link small"
          aria-pressed=${isClustered ? 'true' : 'false'}
          title=${texts.cluster(mode)}
          @click=${() => this.#go({ cluster: isClustered ? '' : mode })}
        >
          ${isClustered ? texts.clustered : texts.together}
        </button>
      </th>
      ${groups.map((letter, i) => {
        const signature = this.#signature(sessions[i] as Compared, mode);
        if (letter === undefined) return html`<td class="muted small">${texts.notRecorded}</td>`;
        return html`<td>
          <span class="group" title=${signature ?? ''}
            ><span class="letter ${partClass(placeOf(letter))}" aria-label=${texts.group(letter)}
              >${letter}</span
            >
            <span class="mono muted small">${signature?.slice(0, 8)}</span></span
          >
        </td>`;
      })}
    </tr>`;
  }

  #remove(sessionId: string): void {
    this.#go({ sessions: JSON.stringify(sessionsIn(this.query).filter((id) => id !== sessionId)) });
  }

  #go(change: Query): void {
    go(linkToCompare({ ...this.query, ...change }), true);
  }
}

/** 0 for A, 1 for B, …: which colour. */
const placeOf = (letter: string): number =>
  [...letter].reduce((place, character) => place * 26 + character.charCodeAt(0) - 64, 0) - 1;

customElements.define('weir-compare-grid', WeirCompareGrid);

/** The first view of a session: errors, progress by logical drop, the slowest drops, the facts. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type {
  DropRow,
  ErrorInfo,
  GraphView,
  SessionDetail,
  SessionSummary,
} from '../../engine/api/contract.ts';
import '../components/code-block.ts';
import '../components/copy-button.ts';
import { type Fact } from '../components/facts.ts';
import '../components/icon.ts';
import '../components/state-badge.ts';
import '../components/state-strip.ts';
import type { Client } from '../data/client.ts';
import type { SessionUpdate } from '../data/session-feed.ts';
import { Throttle } from '../data/throttle.ts';
import { notifyError } from '../events.ts';
import { formatClock, formatDateTime, formatDuration, formatInteger, NOTHING } from '../format.ts';
import { linkToDrop, linkToSession } from '../router.ts';
import { settledCount, stateOfRow } from '../states.ts';
import { S } from '../strings.ts';
import { base, controls, panel } from '../styles/shared.ts';
import { sessionOverviewStyles } from './session-overview-styles.ts';

const LOGICAL_SHOWN = 50;
const LOGICAL_ASKED = 5000;
const SLOWEST_SHOWN = 8;
const ERRORS_SHOWN = 20;
const REFRESH_MS = 1000;

type LogicalDrop = GraphView['nodes'][number];

/**
 * @prop client - where to ask
 * @prop detail - the session
 * @prop summary - its newest summary
 */
export class WeirSessionOverview extends LitElement {
  static override properties = {
    client: { attribute: false },
    detail: { attribute: false },
    summary: { attribute: false },
    logical: { state: true },
    slowest: { state: true },
  };
  static override styles = [base, controls, panel, sessionOverviewStyles];

  declare client: Client;
  declare detail: SessionDetail;
  declare summary: SessionSummary;
  declare logical: readonly LogicalDrop[] | undefined;
  declare slowest: readonly DropRow[];
  #sessionId = '';
  readonly #refresh = new Throttle(() => this.#load(), REFRESH_MS);

  constructor() {
    super();
    this.logical = undefined;
    this.slowest = [];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#refresh.stop();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { sessionId } = this.detail.summary;
    if (changed.has('detail') && sessionId !== this.#sessionId) {
      this.#sessionId = sessionId;
      void this.#load();
    }
  }

  applyUpdate(_update: SessionUpdate): void {
    this.#refresh.request();
  }

  async #load(): Promise<void> {
    const sessionId = this.#sessionId;
    try {
      const [graph, drops] = await Promise.all([
        this.client.call('sessions.graph', { sessionId, folded: true, limit: LOGICAL_ASKED }),
        this.client.call('sessions.drops', {
          sessionId,
          offset: 0,
          limit: SLOWEST_SHOWN,
          kind: 'app',
          sort: 'durationMs',
          descending: true,
        }),
      ]);
      if (sessionId !== this.#sessionId) return;
      this.logical = graph.nodes;
      this.slowest = drops.rows.filter(
        ({ startedAt, finishedAt }) => startedAt !== null && finishedAt !== null,
      );
    } catch (error) {
      notifyError(this, S.drops.failed, error);
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    return html`${this.detail.errors.length > 0 ? this.#errors(this.detail.errors) : nothing}
      <div class="column">${this.#progress()}</div>
      <div class="column">${this.#slowest()} ${this.#facts()}</div>`;
  }

  #errors(errors: readonly ErrorInfo[]) {
    const { errorCount, byState } = this.summary;
    const shown = errors.slice(0, ERRORS_SHOWN);
    const total = Math.max(errorCount, errors.length);
    const inError = byState['ERROR'] ?? 0;
    return html`<section class="panel errors wide" aria-labelledby="errors">
      <header>
        <weir-icon name="error"></weir-icon>
        <h2 id="errors">${S.session.errorsTitle}</h2>
        <span class="muted small">
          ${shown.length < total ? S.session.errorsShown(shown.length, total) : formatInteger(total)}
        </span>
        <span class="spacer"></span>
        ${
          inError > 0
            ? html`<a class="small" href=${linkToSession(this.#sessionId, 'drops', { status: 'ERROR' })}
                >${S.session.errorsMore(inError)}</a
              >`
            : nothing
        }
      </header>
      <ul>
        ${shown.map((error) => this.#error(error))}
      </ul>
    </section>`;
  }

  #error({ uid, name, code, message, detail, at }: ErrorInfo) {
    const text = [name ?? '', uid ?? '', code, message, detail ?? '']
      .filter((part) => part !== '')
      .join('\n');
    return html`<li>
      <div class="head">
        ${
          uid === null
            ? html`<strong>${S.session.sessionError}</strong>`
            : html`<a href=${linkToDrop(this.#sessionId, uid)}><strong>${name ?? uid}</strong></a>`
        }
        <span class="mono muted">${code}</span>
        <span class="muted small" title=${formatDateTime(at)}>${formatClock(at)}</span>
        <span class="spacer"></span>
        <weir-copy-button text=${text} label="${S.copy}: ${code}"></weir-copy-button>
      </div>
      <p>${message}</p>
      ${
        detail
          ? html`<details>
              <summary class="small">${S.dropPage.detail}</summary>
              <weir-code-block copyable .text=${detail} label=${S.dropPage.detail}></weir-code-block>
            </details>`
          : nothing
      }
    </li>`;
  }

  #progress() {
    const { logical } = this;
    const shown = (logical ?? []).toSorted((a, b) => a.layer - b.layer).slice(0, LOGICAL_SHOWN);
    const total = logical?.length ?? 0;
    return html`<section class="panel logical" aria-labelledby="progress">
      <header><h2 id="progress">${S.session.progressTitle}</h2></header>
      ${
        logical === undefined
          ? html`<p class="body muted">${S.loading}</p>`
          : total === 0
            ? html`<p class="body muted">${S.session.progressNone}</p>`
            : html`<ul>
                ${shown.map((node) => this.#logicalDrop(node))}
              </ul>`
      }
      ${
        shown.length < total
          ? html`<footer class="muted small">${S.session.progressMore(shown.length, total)}</footer>`
          : nothing
      }
    </section>`;
  }

  #logicalDrop({ id, name, kind, count, byState }: LogicalDrop) {
    return html`<li>
      <span class="name">
        <weir-icon name=${kind}></weir-icon>
        <a
          class="truncate"
          title=${name}
          href=${linkToSession(this.#sessionId, 'drops', { lgKey: id, lgName: name })}
          >${name}</a
        >
      </span>
      <weir-state-strip .counts=${byState}></weir-state-strip>
      <span class="numeric muted small"
        >${formatInteger(settledCount(byState))} / ${formatInteger(count)}</span
      >
    </li>`;
  }

  #slowest() {
    return html`<section class="panel slow" aria-labelledby="slowest">
      <header><h2 id="slowest">${S.session.slowestTitle}</h2></header>
      ${
        this.slowest.length === 0
          ? html`<p class="body muted">${S.session.slowestNone}</p>`
          : html`<ol>
              ${this.slowest.map(
                (row) =>
                  html`<li>
                    <span class="truncate">
                      <a title=${row.uid} href=${linkToDrop(this.#sessionId, row.uid)}>${row.name}</a>
                      ${row.name === row.uid ? nothing : html`<span class="mono muted small">${row.uid}</span>`}
                    </span>
                    <weir-state-badge class="small" state=${stateOfRow(row)}></weir-state-badge>
                    <span class="numeric"
                      >${formatDuration((row.finishedAt ?? 0) - (row.startedAt ?? 0))}</span
                    >
                  </li>`,
              )}
            </ol>`
      }
    </section>`;
  }

  #facts() {
    const names = S.session.facts;
    const { summary, detail } = this;
    const signatures = Object.entries(summary.signatures);
    const facts: Fact[] = [
      { name: names.created, value: formatDateTime(summary.createdAt) },
      { name: names.started, value: formatDateTime(summary.startedAt) },
      { name: names.finished, value: formatDateTime(summary.finishedAt) },
      { name: names.timings, value: this.#timings() },
      ...(summary.payloadDroppedAt === undefined
        ? []
        : [{ name: names.dropped, value: formatDateTime(summary.payloadDroppedAt) }]),
      { name: names.origin, value: detail.origin },
      { name: names.rmode, value: summary.rmode },
      { name: names.folder, value: detail.dir, copy: detail.dir, mono: true },
      {
        name: names.host,
        value: `${detail.host.name}, ${detail.host.platform}, Weir ${detail.host.version}`,
      },
      ...signatures.map(([mode, signature]) => ({
        name: mode,
        value: signature,
        copy: signature,
        mono: true,
      })),
    ];
    return html`<section class="panel" aria-labelledby="facts">
      <header><h2 id="facts">${S.session.factsTitle}</h2></header>
      <div class="body"><weir-facts .facts=${facts}></weir-facts></div>
    </section>`;
  }

  #timings(): string {
    const { timings } = this.detail;
    const parts = (Object.keys(S.session.timings) as (keyof typeof timings)[]).flatMap((key) => {
      const spent = timings[key];
      return spent === null ? [] : [`${S.session.timings[key]} ${formatDuration(spent)}`];
    });
    return parts.length === 0 ? NOTHING : parts.join(' · ');
  }
}

customElements.define('weir-session-overview', WeirSessionOverview);

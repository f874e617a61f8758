/** What a file is, whether what it claims holds, and which drop made it. Found on this computer, with no network. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import type { FileFindings } from '../../engine/api/contract.ts';
import '../components/empty-state.ts';
import '../components/facts.ts';
import type { Fact } from '../components/facts.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import type { Client } from '../data/client.ts';
import { toHostError, type HostError } from '../data/errors.ts';
import { base64Of, lookAtBrowserFile } from '../data/file-findings.ts';
import { announce, askForGraph } from '../events.ts';
import { formatBytes, formatDateTime, formatInteger } from '../format.ts';
import { go, linkToSession } from '../router.ts';
import { wordOf } from '../states.ts';
import { S } from '../strings.ts';
import { base, controls, panel } from '../styles/shared.ts';
import './consistency-panel.ts';
import { filePageStyles } from './file-page-styles.ts';
import './made-by.ts';
import type { OpenedFile } from './open-graph.ts';
import './proof-panel.ts';

type Bundle = NonNullable<FileFindings['bundle']>;
type BundleSession = NonNullable<Bundle['session']>;
type Reprodata = NonNullable<FileFindings['reprodata']>;

/**
 * @prop client - where to ask
 * @prop opened - the file; undefined after the window was loaded anew
 */
export class WeirFilePage extends LitElement {
  static override properties = {
    client: { attribute: false },
    opened: { attribute: false },
    findings: { state: true },
    error: { state: true },
    readBytes: { state: true },
    isImporting: { state: true },
    importError: { state: true },
    importAs: { state: true },
  };
  static override styles = [base, controls, panel, filePageStyles];

  declare client: Client;
  declare opened: OpenedFile | undefined;
  declare findings: FileFindings | undefined;
  declare error: HostError | undefined;
  declare readBytes: number;
  declare isImporting: boolean;
  declare importError: HostError | undefined;
  declare importAs: string;

  constructor() {
    super();
    this.opened = undefined;
    this.#begin();
  }

  #begin(): void {
    this.findings = undefined;
    this.error = undefined;
    this.readBytes = 0;
    this.isImporting = false;
    this.importError = undefined;
    this.importAs = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = `${S.file.title} – ${S.appName}`;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('opened')) return;
    this.#begin();
    if (this.opened !== undefined) void this.#look(this.opened);
  }

  async #look(opened: OpenedFile): Promise<void> {
    try {
      const findings =
        'path' in opened
          ? await this.client.call('files.look', { source: opened })
          : await lookAtBrowserFile(this.client, opened.file, (done) => (this.readBytes = done));
      if (opened !== this.opened) return;
      this.findings = findings;
      announce(this, S.file.kinds[findings.kind]);
    } catch (error) {
      if (opened === this.opened) this.error = toHostError(error);
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    return html`<div class="page">
      <div class="toolbar">
        <h1>${this.findings?.name ?? S.file.title}</h1>
        <span class="spacer"></span>
        <button type="button" @click=${() => askForGraph(this)}>
          <weir-icon name="open"></weir-icon>${S.file.again}
        </button>
      </div>
      <div class="parts" aria-live="polite">${this.#body()}</div>
    </div>`;
  }

  #body() {
    const { opened, findings } = this;
    if (opened === undefined) {
      return html`<weir-empty-state
        class="panel"
        heading=${S.file.gone}
        message=${S.file.goneText}
      ></weir-empty-state>`;
    }
    if (this.error) {
      return html`<weir-notice
        tone="error"
        heading=${S.file.failed}
        message=${this.error.message}
        code=${this.error.code}
      ></weir-notice>`;
    }
    if (findings === undefined) {
      const total = 'file' in opened ? opened.file.size : 0;
      return html`<p class="muted">
        ${this.readBytes > 0 ? S.file.hashing(this.readBytes, total) : S.file.reading}
      </p>`;
    }
    return html`${this.#facts(findings)} ${this.#claims(findings)} ${this.#made(findings)}
      <p class="muted small">${S.file.offline}</p>`;
  }

  #facts({ kind, sizeBytes, sha256 }: FileFindings) {
    const { facts, kinds } = S.file;
    const list: Fact[] = [
      { name: facts.kind, value: kinds[kind] },
      { name: facts.size, value: formatBytes(sizeBytes) },
      ...(sha256 === '' ? [] : [{ name: facts.sha256, value: sha256, copy: sha256, mono: true }]),
    ];
    return html`<section class="panel">
      <div class="body"><weir-facts .facts=${list}></weir-facts></div>
    </section>`;
  }

  #claims({ kind, proof, bundle, reprodata }: FileFindings) {
    if (proof !== null) {
      const panelOf =
        kind === 'consistency'
          ? html`<weir-consistency-panel .text=${proof}></weir-consistency-panel>`
          : html`<weir-proof-panel .client=${this.client} .text=${proof}></weir-proof-panel>`;
      return html`<section class="panel" aria-labelledby="proof">
        <header><h2 id="proof">${S.file.kinds[kind]}</h2></header>
        <div class="body">${panelOf}</div>
      </section>`;
    }
    if (bundle !== null) return this.#bundle(bundle);
    return reprodata === null ? nothing : this.#reprodata(reprodata);
  }

  #bundle(bundle: Bundle) {
    const texts = S.file.bundle;
    if (!bundle.valid) {
      return html`<weir-notice tone="error" heading=${texts.broken} message=${texts.brokenText}>
        <ul>
          ${bundle.problems.map(({ where, message }) => html`<li><strong>${where}</strong> ${message}</li>`)}
        </ul>
      </weir-notice>`;
    }
    return html`<section class="panel" aria-labelledby="bundle">
      <header><h2 id="bundle">${texts.session}</h2></header>
      <div class="body">
        <p class="verified">
          <weir-icon name="done"></weir-icon>${texts.verified}
          <span class="muted">${texts.verifiedText(bundle.checked)}</span>
        </p>
        ${bundle.session === null ? nothing : html`<weir-facts .facts=${factsOf(bundle.session)}></weir-facts>`}
        ${bundle.stored === null ? this.#import() : this.#stored(bundle.stored)}
      </div>
    </section>`;
  }

  #stored(sessionId: string) {
    const texts = S.file.bundle;
    return html`<div class="toolbar">
      <span>${texts.stored}</span>
      <a class="button" href=${linkToSession(sessionId, 'reproducibility')}>${texts.open}</a>
    </div>`;
  }

  #import() {
    const texts = S.file.bundle;
    const isTaken = this.importError?.code === 'SESSION_EXISTS';
    return html`${
        this.importError
          ? html`<weir-notice
              tone="error"
              heading=${texts.importFailed}
              message=${this.importError.message}
              code=${this.importError.code}
            ></weir-notice>`
          : nothing
      }
      <div class="toolbar">
        ${
          isTaken
            ? html`<label class="small"
                >${texts.as}
                <input
                  type="text"
                  .value=${this.importAs}
                  @input=${(event: Event) => (this.importAs = (event.target as HTMLInputElement).value)}
                />
              </label>`
            : nothing
        }
        <button
          type="button"
          class="primary"
          aria-disabled=${this.isImporting ? 'true' : nothing}
          @click=${this.#takeOver}
        >
          ${texts.import}
        </button>
      </div>`;
  }

  #reprodata({ drops, problem, signatures, sessions }: Reprodata) {
    const texts = S.file.reprodata;
    if (problem !== null) {
      return html`<weir-notice tone="error" heading=${texts.broken} message=${problem}></weir-notice>`;
    }
    const entries = Object.entries(signatures);
    return html`<section class="panel" aria-labelledby="signatures">
        <header>
          <h2 id="signatures">${texts.signatures}</h2>
          <span class="muted small">${S.drops.count(drops)}</span>
        </header>
        <div class="body">
          ${
            entries.length === 0
              ? html`<p class="muted">${texts.noSignatures}</p>`
              : html`<weir-facts
                  .facts=${entries.map(([mode, signature]) => ({
                    name: mode,
                    value: signature,
                    copy: signature,
                    mono: true,
                  }))}
                ></weir-facts>`
          }
          <p class="muted small">${texts.limits}</p>
        </div>
      </section>
      <section class="panel" aria-labelledby="same">
        <header><h2 id="same">${texts.same}</h2></header>
        <div class="body">
          ${
            sessions.length === 0
              ? html`<p class="muted">${texts.none}</p>`
              : html`<ul>
                  ${sessions.map(
                    ({ sessionId, graphName, createdAt, modes }) =>
                      html`<li>
                        <a href=${linkToSession(sessionId, 'reproducibility')}>${graphName}</a>
                        <span class="muted small">${formatDateTime(createdAt)}, ${sessionId}</span>
                        <p class="small">${texts.modes(modes)}</p>
                      </li>`,
                  )}
                </ul>`
          }
        </div>
      </section>`;
  }

  /** Also proofs, bundles and records can be what a drop made. */
  #made({ kind, made }: FileFindings) {
    if (kind === 'graph' || (kind !== 'data' && made.length === 0)) return nothing;
    return html`<weir-made-by .client=${this.client} .made=${made}></weir-made-by>`;
  }

  // --- what people do --------------------------------------------------------------------------------------------

  #takeOver = async (): Promise<void> => {
    const { opened } = this;
    if (opened === undefined || this.isImporting) return;
    this.isImporting = true;
    this.importError = undefined;
    try {
      const source =
        'path' in opened ? opened : { name: opened.file.name, base64: await base64Of(opened.file) };
      const as = this.importAs.trim();
      const { sessionId } = await this.client.call('bundles.import', {
        source,
        ...(as === '' ? {} : { as }),
      });
      announce(this, S.file.bundle.imported);
      go(linkToSession(sessionId, 'reproducibility'));
    } catch (error) {
      if (opened === this.opened) this.importError = toHostError(error);
    } finally {
      this.isImporting = false;
    }
  };
}

function factsOf(session: BundleSession): Fact[] {
  const { fields, own, other } = S.file.bundle;
  const { sessionId, graphName, status, drops, rmode, createdAt, finishedAt, sealedAt } = session;
  const by = session.isOwnKey ? own : other;
  return [
    { name: fields.sessionId, value: sessionId, copy: sessionId },
    { name: fields.graph, value: graphName },
    { name: fields.status, value: wordOf(status) },
    { name: fields.drops, value: formatInteger(drops) },
    { name: fields.rmode, value: rmode },
    { name: fields.created, value: formatDateTime(createdAt) },
    { name: fields.finished, value: formatDateTime(finishedAt) },
    { name: fields.sealed, value: formatDateTime(sealedAt) },
    { name: fields.by, value: by(session.signedBy, session.keyId) },
  ];
}

customElements.define('weir-file-page', WeirFilePage);

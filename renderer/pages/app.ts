/** The window's frame: navigation, the page of the present address, notices, dialogs, what is dropped on it. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import { API_VERSION_OF_PAGE } from '../data/api-version.ts';
import type { Client } from '../data/client.ts';
import { watchDesktop } from '../data/ipc-transport.ts';
import type { Connection } from '../data/transport.ts';
import type { GraphSource } from '../../engine/api/contract.ts';
import '../components/icon.ts';
import '../components/notice.ts';
import { notifyError, type Notice, type RunRequest } from '../events.ts';
import {
  go,
  linkToCheckpoints,
  linkToFile,
  linkToFind,
  linkToGraph,
  linkToSession,
  linkToSessions,
  parseRoute,
  type Route,
} from '../router.ts';
import { S } from '../strings.ts';
import { base, controls } from '../styles/shared.ts';
import './about-dialog.ts';
import { pageOf } from './app-pages.ts';
import { appStyles } from './app-styles.ts';
import {
  chooseAnyFile,
  droppedFile,
  kindOfOpened,
  openedFile,
  sourceOfFile,
  type OpenedFile,
} from './open-graph.ts';
import './run-dialog.ts';
import './settings-dialog.ts';
import './shortcuts-dialog.ts';

type OpenDialog = 'about' | 'settings' | 'shortcuts' | undefined;

/** @prop client - the way to the Host; the page shows nothing until it is set */
export class WeirApp extends LitElement {
  static override properties = {
    client: { attribute: false },
    route: { state: true },
    connection: { state: true },
    notices: { state: true },
    dialog: { state: true },
    source: { state: true },
    graph: { state: true },
    file: { state: true },
    isDropping: { state: true },
    announcement: { state: true },
  };
  static override styles = [base, controls, appStyles];

  declare client: Client | undefined;
  declare route: Route;
  declare connection: Connection;
  declare notices: readonly Notice[];
  declare dialog: OpenDialog;
  declare source: GraphSource | null;
  /** The graph of the page that translates; as long as the window lives, also where its address cannot say it. */
  declare graph: GraphSource | undefined;
  /** The file of the page that looks at one, as long as the window lives. */
  declare file: OpenedFile | undefined;
  declare isDropping: boolean;
  declare announcement: string;
  readonly #ends: (() => void)[] = [];
  #dragDepth = 0;

  constructor() {
    super();
    this.client = undefined;
    this.route = parseRoute(location.hash);
    this.connection = 'connecting';
    this.notices = [];
    this.dialog = undefined;
    this.source = null;
    this.graph = graphOf(this.route);
    this.file = fileOf(this.route);
    this.isDropping = false;
    this.announcement = '';
    this.addEventListener('weir-announce', (event) => this.#announce(event.detail));
    this.addEventListener(
      'weir-notice',
      (event) => (this.notices = [...this.notices, event.detail].slice(-4)),
    );
    this.addEventListener('weir-open-graph', () => void this.#open());
    this.addEventListener('weir-run', (event) => void this.#run(event.detail));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const listen = (type: string, listener: (event: never) => void): void => {
      window.addEventListener(type, listener as EventListener);
      this.#ends.push(() => window.removeEventListener(type, listener as EventListener));
    };
    listen('hashchange', this.#navigated);
    listen('keydown', this.#keyed);
    listen('dragenter', this.#dragEntered);
    listen('dragleave', this.#dragLeft);
    listen('dragover', (event: DragEvent) => event.preventDefault());
    listen('drop', (event: DragEvent) => void this.#dropped(event));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.#ends.splice(0)) end();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('client') && this.client !== undefined) this.#attach(this.client);
  }

  #attach(client: Client): void {
    this.#ends.push(
      client.watchConnection((connection) => {
        if (this.connection === 'lost' && connection === 'open') this.#announce(S.connection.back);
        this.connection = connection;
      }),
      watchDesktop(client.bridge, (message) => {
        if (message.type === 'openGraph') void this.#opened(client, { path: message.path });
        else if (message.page === 'sessions') go(linkToSessions());
        else this.dialog = 'shortcuts';
      }),
    );
    void this.#checkVersion(client);
  }

  async #checkVersion(client: Client): Promise<void> {
    try {
      const { apiVersion } = await client.call('host.info', {});
      if (apiVersion === API_VERSION_OF_PAGE) return;
      const message = S.versionMismatch(apiVersion, API_VERSION_OF_PAGE);
      this.notices = [...this.notices, { tone: 'error', title: S.appName, message }];
    } catch {
      // The pages show that the Host cannot be reached; here there is nothing to add.
      return;
    }
  }

  // --- rendering -------------------------------------------------------------------------------------------------

  override render() {
    const { client } = this;
    if (client === undefined) return nothing;
    return html`${this.#header()}
      ${
        this.connection === 'lost'
          ? html`<div class="banner" role="alert">
              <weir-icon name="interrupted"></weir-icon>${S.connection.lost}
            </div>`
          : nothing
      }
      <main tabindex="-1" id="content">
        ${pageOf(client, this.route, { graph: this.graph, file: this.file })}
      </main>
      ${this.#notices()}
      <div class="visually-hidden" aria-live="polite" id="live">${this.announcement}</div>
      <weir-run-dialog
        .client=${client}
        .source=${this.source}
        @weir-close=${() => (this.source = null)}
      ></weir-run-dialog>
      <weir-about-dialog .client=${client} ?open=${this.dialog === 'about'} @weir-close=${this.#closeDialog}>
      </weir-about-dialog>
      <weir-settings-dialog
        .client=${client}
        ?open=${this.dialog === 'settings'}
        @weir-close=${this.#closeDialog}
      >
      </weir-settings-dialog>
      <weir-shortcuts-dialog ?open=${this.dialog === 'shortcuts'} @weir-close=${this.#closeDialog}>
      </weir-shortcuts-dialog>
      ${
        this.isDropping
          ? html`<div class="drop-zone">
              <div>
                <weir-icon name="open"></weir-icon><strong>${S.dropZone.title}</strong
                ><span>${S.dropZone.hint}</span>
              </div>
            </div>`
          : nothing
      }`;
  }

  #header() {
    const { page } = this.route;
    const place = (isHere: boolean) => (isHere ? 'page' : nothing);
    return html`<header>
      <a class="skip" href=${location.hash || '#/sessions'} @click=${this.#skip}>${S.skipToContent}</a>
      <a class="brand" href=${linkToSessions()} aria-label=${S.appName}>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" />
          <path class="water" d="M6 11.5c2.5-2 5-2 7.5 0s5 2 7.5 0 3.5-1.8 5-1.4" />
          <path class="fall" d="M9 16v7M16 16v7M23 16v7" />
        </svg>
        <span>${S.appName}</span>
      </a>
      <nav aria-label=${S.mainNavigation}>
        <a href=${linkToSessions()} aria-current=${place(page === 'sessions')}>${S.sessions}</a>
        <a href=${linkToFind()} aria-current=${place(page === 'find')}>${S.find.short}</a>
        <a href=${linkToCheckpoints()} aria-current=${place(page === 'checkpoints')}
          >${S.checkpoints.title}</a
        >
      </nav>
      <span class="spacer"></span>
      <button type="button" class="primary" aria-label=${S.openFile} title=${S.openFile} @click=${this.#open}>
        <weir-icon name="open"></weir-icon><span class="primary-text">${S.openFile}</span>
      </button>
      ${this.#tool('keyboard', S.shortcuts.title, 'shortcuts')}
      ${this.#tool('settings', S.settings, 'settings')} ${this.#tool('info', S.about, 'about')}
    </header>`;
  }

  #tool(icon: string, label: string, dialog: OpenDialog) {
    return html`<button
      type="button"
      class="quiet icon"
      aria-label=${label}
      title=${label}
      @click=${() => (this.dialog = dialog)}
    >
      <weir-icon name=${icon}></weir-icon>
    </button>`;
  }

  #notices() {
    if (this.notices.length === 0) return nothing;
    return html`<div class="notices">
      ${this.notices.map(
        (notice) =>
          html`<weir-notice
            closable
            tone=${notice.tone}
            heading=${notice.title}
            message=${notice.message}
            code=${notice.code ?? ''}
            @weir-close=${() => (this.notices = this.notices.filter((other) => other !== notice))}
          ></weir-notice>`,
      )}
    </div>`;
  }

  // --- going places ----------------------------------------------------------------------------------------------

  #navigated = (): void => {
    const before = this.route;
    this.route = parseRoute(location.hash);
    this.graph = graphOf(this.route, this.graph);
    this.file = fileOf(this.route, this.file);
    if (placeOf(before) === placeOf(this.route)) return;
    // A new page: the keyboard and the screen reader begin at its top.
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('#content')?.focus());
  };

  #skip = (event: Event): void => {
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>('#content')?.focus();
  };

  #closeDialog = (): void => {
    this.dialog = undefined;
  };

  #announce(text: string): void {
    // The same text twice is not read twice unless the region changes in between.
    this.announcement = text === this.announcement ? `${text}\u00a0` : text;
  }

  // --- graphs ----------------------------------------------------------------------------------------------------

  #open = async (): Promise<void> => {
    const { client } = this;
    if (client === undefined) return;
    try {
      const opened = await chooseAnyFile(client);
      if (opened !== undefined) await this.#opened(client, opened);
    } catch (error) {
      notifyError(this, S.dropZone.titleFailed, error);
    }
  };

  /** A graph is opened; of anything else it is shown what it is. */
  async #opened(client: Client, opened: OpenedFile): Promise<void> {
    let kind: string;
    try {
      kind = await kindOfOpened(client, opened);
    } catch (error) {
      notifyError(this, S.file.failed, error);
      return;
    }
    if (kind === 'graph') {
      const source = 'path' in opened ? opened : await sourceOfFile(client, opened.file);
      await this.#consider(client, source);
      return;
    }
    this.file = opened;
    go(linkToFile('path' in opened ? opened.path : ''));
  }

  /** Logical graphs are looked at and set up first; what can run as it is, is asked about in a dialog. */
  async #consider(client: Client, source: GraphSource): Promise<void> {
    let kind: string;
    try {
      ({ kind } = await client.call('graphs.open', { source }));
    } catch {
      // The dialog asks again, and says what is wrong.
      kind = 'unknown';
    }
    if (kind !== 'logical') {
      this.source = source;
      return;
    }
    this.graph = source;
    go(linkToGraph(source));
  }

  async #run(request: RunRequest): Promise<void> {
    const { client } = this;
    if (client === undefined) return;
    try {
      const { sessionId } = await client.call('sessions.run', { ...request });
      this.#announce(S.run.started(sessionId));
      go(linkToSession(sessionId));
    } catch (error) {
      notifyError(this, S.run.failed, error);
    }
  }

  #dragEntered = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    this.#dragDepth++;
    this.isDropping = true;
  };

  #dragLeft = (): void => {
    this.#dragDepth = Math.max(0, this.#dragDepth - 1);
    if (this.#dragDepth === 0) this.isDropping = false;
  };

  #dropped = async (event: DragEvent): Promise<void> => {
    event.preventDefault();
    this.#dragDepth = 0;
    this.isDropping = false;
    if (this.client === undefined) return;
    try {
      await this.#opened(this.client, openedFile(this.client, droppedFile(event.dataTransfer)));
    } catch (error) {
      notifyError(this, S.dropZone.titleFailed, error);
    }
  };

  #keyed = (event: KeyboardEvent): void => {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === 'o') void this.#open();
    else if (isCommand && event.key.toLowerCase() === 'f') {
      if (!this.#focusFilter()) return;
    } else if (event.altKey && event.key === '1') go(linkToSessions());
    else if (event.key === 'F1') this.dialog = 'shortcuts';
    else return;
    event.preventDefault();
  };

  /** Puts the cursor in the page's filter; false when it has none, so that the browser's own search may come. */
  #focusFilter(): boolean {
    const page = this.renderRoot.querySelector<HTMLElement & { focusFilter?: () => boolean }>('main > *');
    return page?.focusFilter?.() ?? false;
  }
}

/** The graph an address names; else the one that was opened last. */
function graphOf(route: Route, before?: GraphSource): GraphSource | undefined {
  if (route.page !== 'graph') return before;
  const { sample, path } = route.query;
  const named = sample ? { sample } : path ? { path } : undefined;
  return named === undefined || JSON.stringify(named) === JSON.stringify(before) ? before : named;
}

/** The file an address names; else the one that was opened last. */
function fileOf(route: Route, before?: OpenedFile): OpenedFile | undefined {
  if (route.page !== 'file' || !route.query['path']) return before;
  const path = route.query['path'];
  return before !== undefined && 'path' in before && before.path === path ? before : { path };
}

/** What makes a place of its own: not the filters in its address, nor the view of a session. */
function placeOf(route: Route): string {
  if (route.page === 'session') return `session ${route.sessionId}`;
  if (route.page === 'drop') return `drop ${route.sessionId} ${route.uid}`;
  return route.page;
}

customElements.define('weir-app', WeirApp);

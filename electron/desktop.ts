/**
 * The desktop application put together: a Host in the main process, one window that talks to it over IPC, menus, files
 * handed over by the desktop, quitting. No logic of graphs here.
 */
import { release } from 'node:os';
import path from 'node:path';
import {
  BrowserWindow,
  Menu,
  Tray,
  app,
  clipboard,
  dialog,
  ipcMain,
  nativeImage,
  nativeTheme,
  powerMonitor,
  protocol,
  screen,
  session,
  shell,
} from 'electron';
import { messageOf } from '../engine/protocol/index.ts';
import { aboutText } from './about.ts';
import { chosen, desktopAnswerer } from './desktop-answerer.ts';
import { hardenContents, hardenSession } from './hardening.ts';
import { Inbox } from './inbox.ts';
import { serveIpc, type Answerer } from './ipc.ts';
import { openMainWindow, showWindow, type MainWindow } from './main-window.ts';
import { menuTemplate } from './menu.ts';
import { OPENED_EXTENSIONS, filesOfSecondStart } from './open-files.ts';
import { pageHandler } from './page-protocol.ts';
import { Quitting, choiceOfButton, quitQuestion } from './quit.ts';
import { APP_SCHEME } from './security.ts';

const DOCUMENTATION = 'https://daliuge.readthedocs.io/';

/** What the shell needs of a Host (engine/host). */
export interface DesktopHost extends Answerer {
  readonly runningSessions: number;
  close(): Promise<void>;
}

export interface DesktopOptions {
  readonly startHost: () => Promise<DesktopHost>;
  readonly dataDir: string;
  /** The built page, the built preload, and the icon. */
  readonly rendererDir: string;
  readonly preload: string;
  readonly icon: string;
  /** Graph files among the arguments of this start. */
  readonly files: readonly string[];
}

/** Starts everything once Electron is ready. Throws where the Host cannot start (its store is locked, newer, damaged). */
export async function startDesktop(options: DesktopOptions): Promise<void> {
  hardenSession(session.defaultSession);
  protocol.handle(APP_SCHEME, pageHandler(options.rendererDir));
  const desktop = new Desktop(options, await options.startHost());
  await desktop.open();
}

/** Electron events that must be heard before the application is ready; what they carry waits in the inbox. */
export function listenForFiles(inbox: Inbox): void {
  // macOS hands files over with an event instead of arguments.
  app.on('open-file', (event, file) => {
    event.preventDefault();
    postFiles(inbox, [file]);
  });
}

function postFiles(inbox: Inbox, files: readonly string[]): void {
  for (const file of files) inbox.post({ type: 'openGraph', ...chosen(file) });
}

class Desktop {
  readonly #options: DesktopOptions;
  readonly #host: DesktopHost;
  readonly #inbox = new Inbox();
  readonly #quitting: Quitting;
  #window: BrowserWindow | undefined;
  #saveState: MainWindow['saveState'] = async () => undefined;
  #tray: Tray | undefined;
  /** The user chose to keep sessions running without a window. */
  #isHidden = false;

  constructor(options: DesktopOptions, host: DesktopHost) {
    this.#options = options;
    this.#host = host;
    this.#quitting = new Quitting({
      runningSessions: () => host.runningSessions,
      ask: (running) => this.#askToQuit(running),
      hide: () => this.#hide(),
      closeHost: async () => {
        await this.#saveState();
        await host.close();
      },
      exit: () => app.exit(0),
      report: (error) => warn('closing', error),
    });
  }

  async open(): Promise<void> {
    const chooseGraph = (): Promise<string | undefined> => this.#chooseGraph();
    serveIpc({
      ipcMain,
      answerer: desktopAnswerer({ host: this.#host, inbox: this.#inbox, chooseGraph }),
      isOurs: (contents) => contents === this.#window?.webContents,
    });
    app.on('web-contents-created', (_event, contents) => hardenContents(contents, openExternal));
    this.#listen();
    this.#setMenu();
    listenForFiles(this.#inbox);
    postFiles(this.#inbox, this.#options.files);
    const { window, saveState } = await openMainWindow({
      create: (constructorOptions) => (this.#window = new BrowserWindow(constructorOptions)),
      screen,
      preload: this.#options.preload,
      icon: this.#options.icon,
      isDark: nativeTheme.shouldUseDarkColors,
      stateFile: path.join(app.getPath('userData'), 'window-state.json'),
      warn: (error) => warn('keeping the window’s place', error),
    });
    this.#saveState = saveState;
    window.on('close', (event) => {
      if (this.#quitting.request()) event.preventDefault();
    });
  }

  #listen(): void {
    app.on('before-quit', (event) => {
      if (this.#quitting.request()) event.preventDefault();
    });
    app.on('second-instance', (_event, _argv, _workingDir, data) => {
      this.#show();
      postFiles(this.#inbox, filesOfSecondStart(data));
    });
    app.on('activate', () => this.#show());
    // Nobody is there to answer a question when the machine shuts down or a signal comes.
    powerMonitor.on('shutdown', () => this.#quitting.force());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => this.#quitting.force());
    }
  }

  #setMenu(): void {
    const actions = {
      openGraph: () => void this.#openGraph().catch((error: unknown) => warn('opening a graph', error)),
      showSessions: () => this.#inbox.post({ type: 'show', page: 'sessions' }),
      showShortcuts: () => this.#inbox.post({ type: 'show', page: 'shortcuts' }),
      showAbout: () => void this.#about().catch((error: unknown) => warn('the About box', error)),
      openDocumentation: () => openExternal(DOCUMENTATION),
      quit: () => app.quit(),
    };
    const isMac = process.platform === 'darwin';
    const template = menuTemplate(actions, { appName: 'Weir', isMac, isPackaged: app.isPackaged });
    Menu.setApplicationMenu(Menu.buildFromTemplate(template));
  }

  #show(): void {
    this.#isHidden = false;
    // On Linux the icon stays once it was made: a desktop may still be answering for it, and Chromium does not bear losing
    // it then (a crash where no desktop answers at all). A second hiding finds it again.
    if (process.platform !== 'linux') {
      this.#tray?.destroy();
      this.#tray = undefined;
    }
    if (this.#window && !this.#window.isDestroyed()) showWindow(this.#window);
  }

  async #chooseGraph(): Promise<string | undefined> {
    const options: Electron.OpenDialogOptions = {
      title: 'Open',
      properties: ['openFile'],
      filters: [
        { name: 'Graphs, proofs, bundles', extensions: [...OPENED_EXTENSIONS] },
        { name: 'All files', extensions: ['*'] },
      ],
    };
    const parent = this.#window;
    const answer = await (parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options));
    return answer.canceled ? undefined : answer.filePaths[0];
  }

  async #openGraph(): Promise<void> {
    const file = await this.#chooseGraph();
    if (file !== undefined) postFiles(this.#inbox, [file]);
  }

  async #about(): Promise<void> {
    const detail = aboutText({
      version: app.getVersion(),
      versions: process.versions,
      platform: process.platform,
      arch: process.arch,
      osRelease: release(),
      dataDir: this.#options.dataDir,
    });
    const buttons = ['Copy', 'Close'];
    const box = {
      type: 'info',
      title: 'About Weir',
      message: 'Weir',
      detail,
      buttons,
      defaultId: 1,
      cancelId: 1,
    } as const;
    const { response } = await this.#ask({ ...box, buttons });
    if (response === 0) await clipboard.writeText(detail);
  }

  #ask(options: Electron.MessageBoxOptions): Promise<Electron.MessageBoxReturnValue> {
    const parent = this.#window;
    return parent ? dialog.showMessageBox(parent, options) : dialog.showMessageBox(options);
  }

  async #askToQuit(running: number): Promise<ReturnType<typeof choiceOfButton>> {
    const { message, detail, buttons } = quitQuestion(running);
    const { response } = await this.#ask({
      type: 'question',
      title: 'Quit Weir',
      message,
      detail,
      buttons,
      defaultId: 1,
      cancelId: 2,
      noLink: true,
    });
    return choiceOfButton(response);
  }

  /** No window, but a tray icon; and when the last session has ended, Weir ends too: nobody would know it is there. */
  #hide(): void {
    this.#window?.hide();
    this.#isHidden = true;
    this.#tray ??= this.#makeTray();
    const end = this.#host.subscribe('sessions', {}, () => {
      if (this.#isHidden && this.#host.runningSessions > 0) return;
      const wasHidden = this.#isHidden;
      setImmediate(() => end());
      if (wasHidden) app.quit();
    });
  }

  #makeTray(): Tray {
    const image = nativeImage.createFromPath(this.#options.icon).resize({ width: 22, height: 22 });
    const tray = new Tray(image);
    tray.setToolTip('Weir is running sessions');
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: 'Show Weir', click: () => this.#show() },
        { label: 'Quit', click: () => app.quit() },
      ]),
    );
    tray.on('click', () => this.#show());
    return tray;
  }
}

function openExternal(url: string): void {
  shell.openExternal(url).catch((error: unknown) => warn(`opening ${url}`, error));
}

/** One line on standard error: the window goes on. */
function warn(what: string, error: unknown): void {
  process.stderr.write(`weir: ${what} failed: ${messageOf(error)}\n`);
}

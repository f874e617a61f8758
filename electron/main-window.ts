/** The one window: how it is made, where it stands, how it is shown again. */
import type { BrowserWindow, BrowserWindowConstructorOptions, Screen } from 'electron';
import { APP_START_URL, SAFE_WEB_PREFERENCES } from './security.ts';
import {
  MINIMUM_SIZE,
  placeWindow,
  readWindowState,
  writeWindowState,
  type Bounds,
  type WindowState,
} from './window-state.ts';

const SAVE_DELAY_MS = 500;

/** The constructor's options; nothing in them can be switched off from outside. */
export function windowOptions(
  bounds: Bounds,
  { preload, icon, isDark }: Pick<MainWindowOptions, 'preload' | 'icon' | 'isDark'>,
): BrowserWindowConstructorOptions {
  return {
    ...bounds,
    minWidth: MINIMUM_SIZE.width,
    minHeight: MINIMUM_SIZE.height,
    show: false,
    title: 'Weir',
    // The page's canvas (renderer/styles/tokens.css), so that nothing flashes before it is drawn.
    backgroundColor: isDark ? '#10141a' : '#f4f6f8',
    icon,
    webPreferences: { ...SAFE_WEB_PREFERENCES, preload },
  };
}

export interface MainWindowOptions {
  readonly create: (options: BrowserWindowConstructorOptions) => BrowserWindow;
  readonly screen: Pick<Screen, 'getPrimaryDisplay' | 'getAllDisplays'>;
  readonly preload: string;
  readonly stateFile: string;
  readonly icon: string;
  readonly isDark: boolean;
  /** Told when keeping the bounds fails; the window works without. */
  readonly warn: (error: unknown) => void;
}

export interface MainWindow {
  readonly window: BrowserWindow;
  /** Keeps the window's place now; resolves when it is written. Never rejects. */
  readonly saveState: () => Promise<void>;
}

/** Makes the window where it was last time and loads the page. */
export async function openMainWindow(options: MainWindowOptions): Promise<MainWindow> {
  const saved = await readWindowState(options.stateFile);
  const bounds = placeWindow(saved, workAreas(options.screen));
  const window = options.create(windowOptions(bounds, options));
  if (saved?.maximized) window.maximize();
  const saveState = keepState(window, options);
  window.once('ready-to-show', () => window.show());
  await window.loadURL(APP_START_URL);
  return { window, saveState };
}

function workAreas(screen: MainWindowOptions['screen']): Bounds[] {
  const main = screen.getPrimaryDisplay();
  const others = screen.getAllDisplays().filter((display) => display.id !== main.id);
  return [main, ...others].map((display) => display.workArea);
}

/** Writes the bounds a moment after the last change, one write at a time. Answers a function that writes them now. */
function keepState(window: BrowserWindow, { stateFile, warn }: MainWindowOptions): MainWindow['saveState'] {
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  const save = (): Promise<void> => {
    clearTimeout(timer);
    if (window.isDestroyed()) return writing;
    const state: WindowState = { bounds: window.getNormalBounds(), maximized: window.isMaximized() };
    writing = writing.then(() => writeWindowState(stateFile, state)).catch(warn);
    return writing;
  };
  const saveSoon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void save(), SAVE_DELAY_MS);
  };
  for (const change of ['resize', 'move', 'maximize', 'unmaximize'] as const) {
    // The overloads of `on` take one literal each.
    window.on(change as 'resize', saveSoon);
  }
  window.on('hide', () => void save());
  return save;
}

/** Brings the window to the front, whatever state it is in. */
export function showWindow(window: Pick<BrowserWindow, 'isMinimized' | 'restore' | 'show' | 'focus'>): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

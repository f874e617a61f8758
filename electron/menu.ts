/** The application menu, as data. What the entries do comes in as functions. */
import type { MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  readonly openGraph: () => void;
  readonly showSessions: () => void;
  readonly showShortcuts: () => void;
  readonly showAbout: () => void;
  readonly openDocumentation: () => void;
  readonly quit: () => void;
}

export interface MenuOptions {
  readonly appName: string;
  readonly isMac: boolean;
  /** Developer tools and reload are for people who work on Weir. */
  readonly isPackaged: boolean;
}

/** Menus for `Menu.buildFromTemplate`, in the platform's own order. */
export function menuTemplate(actions: MenuActions, options: MenuOptions): MenuItemConstructorOptions[] {
  const { appName, isMac } = options;
  const about: MenuItemConstructorOptions = { label: `About ${appName}`, click: () => actions.showAbout() };
  const quit: MenuItemConstructorOptions = {
    label: isMac ? `Quit ${appName}` : 'Quit',
    accelerator: 'CmdOrCtrl+Q',
    click: () => actions.quit(),
  };
  const application: MenuItemConstructorOptions = {
    label: appName,
    submenu: [
      about,
      { type: 'separator' },
      { role: 'services' },
      { type: 'separator' },
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      { type: 'separator' },
      quit,
    ],
  };
  const file: MenuItemConstructorOptions = {
    label: '&File',
    submenu: [
      { label: 'Open…', accelerator: 'CmdOrCtrl+O', click: () => actions.openGraph() },
      { label: 'Sessions', accelerator: 'CmdOrCtrl+1', click: () => actions.showSessions() },
      { type: 'separator' },
      { role: 'close' },
      ...(isMac ? [] : [quit]),
    ],
  };
  return [
    ...(isMac ? [application] : []),
    file,
    { role: 'editMenu' },
    viewMenu(options),
    ...(isMac ? [{ role: 'windowMenu' } as const] : []),
    {
      label: '&Help',
      role: 'help',
      submenu: [
        { label: 'Keyboard Shortcuts', click: () => actions.showShortcuts() },
        { label: 'DALiuGE Documentation', click: () => actions.openDocumentation() },
        ...(isMac ? [] : [{ type: 'separator' } as const, about]),
      ],
    },
  ];
}

function viewMenu({ isPackaged }: MenuOptions): MenuItemConstructorOptions {
  const forDevelopers: MenuItemConstructorOptions[] = isPackaged
    ? []
    : [{ role: 'reload' }, { role: 'toggleDevTools' }, { type: 'separator' }];
  return {
    label: '&View',
    submenu: [
      ...forDevelopers,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      { type: 'separator' },
      { role: 'togglefullscreen' },
    ],
  };
}

/** Light or dark: the system's, unless the person chose otherwise here. */

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'weir.theme';

/** The choice made on this machine. A storage that is barred counts as no choice. */
export function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

/** Shows a theme and, where storage is allowed, remembers it. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice holds until the window is closed.
  }
  window.dispatchEvent(new Event('weir-theme'));
}

/** Calls back whenever colours may have changed: the choice above, the system's scheme, its contrast. */
export function watchTheme(listener: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)', '(forced-colors: active)'].map(
    (q) => matchMedia(q),
  );
  window.addEventListener('weir-theme', listener);
  for (const query of queries) query.addEventListener('change', listener);
  return () => {
    window.removeEventListener('weir-theme', listener);
    for (const query of queries) query.removeEventListener('change', listener);
  };
}

/**
 * The rules of the window that keep a page a page (design/ux-and-trust.md section 6): what it is served, where it may
 * go, what it may ask for. Pure, except for reading the served files; Electron's objects come in as arguments.
 */
import { realpath } from 'node:fs/promises';
import path from 'node:path';

/** The origin of the window's own page: an own scheme, because `file:` pages may read files. */
export const APP_SCHEME = 'app';
export const APP_ORIGIN = 'app://weir';
export const APP_START_URL = `${APP_ORIGIN}/index.html`;

/** No inline script or style, nothing from elsewhere, no frames, no forms. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Every answer of the own scheme carries these. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** What every window is made with. */
export const SAFE_WEB_PREFERENCES = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  spellcheck: false,
} as const;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.map': 'application/json',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/** The content type of a served file; unknown kinds are plain bytes, which no page can run. */
export function contentTypeOf(file: string): string {
  return CONTENT_TYPES[path.extname(file).toLowerCase()] ?? 'application/octet-stream';
}

/** Whether a URL belongs to the window's own page. Says no to anything it cannot read. */
export function isAppUrl(url: string): boolean {
  const parsed = parseUrl(url);
  // An own scheme has the opaque origin 'null' in Node's URL, so its parts are compared.
  return (
    parsed !== undefined && parsed.protocol === `${APP_SCHEME}:` && parsed.host === 'weir' && !parsed.username
  );
}

function parseUrl(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

/**
 * The file below `root` that a URL of the own scheme names, or undefined for everything else: other origins, `..` in any
 * spelling, backslashes, NUL, absolute paths, and links that lead out of `root`.
 */
export async function resolveAsset(root: string, url: string): Promise<string | undefined> {
  if (!isAppUrl(url)) return undefined;
  const wanted = assetPath(new URL(url).pathname);
  if (wanted === undefined) return undefined;
  try {
    const base = await realpath(root);
    const file = await realpath(path.join(base, wanted));
    return file.startsWith(base + path.sep) ? file : undefined;
  } catch (error) {
    // Not there, not a folder on the way, no permission, too long: a page that asks for it learns no more than 404.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

function assetPath(pathname: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
  if (/[\\\0:%]/.test(decoded)) return undefined;
  const parts = decoded.split('/').slice(1);
  if (parts.length === 1 && parts[0] === '') return 'index.html';
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  return parts.join('/');
}

/** Hosts that the user may be sent to, in her own browser: what help and about link to. */
const EXTERNAL_HOSTS: ReadonlySet<string> = new Set([
  'daliuge.readthedocs.io',
  'github.com',
  'nodejs.org',
  'www.electronjs.org',
]);

/** Whether `shell.openExternal` may have this URL: https, a listed host, no name, password or port in it. */
export function isAllowedExternal(url: string): boolean {
  const parsed = parseUrl(url);
  if (parsed === undefined || parsed.protocol !== 'https:') return false;
  if (parsed.username || parsed.password || parsed.port) return false;
  return EXTERNAL_HOSTS.has(parsed.hostname);
}

const ALLOWED_PERMISSIONS: ReadonlySet<string> = new Set(['notifications', 'clipboard-sanitized-write']);

/** Whether the page may have a permission: notifications and writing to the clipboard, asked by the own page. */
export function isAllowedPermission(permission: string, requestingUrl: string): boolean {
  return ALLOWED_PERMISSIONS.has(permission) && isAppUrl(requestingUrl);
}

/** Whether a request may leave the page. Developer tools have a scheme of their own; blobs are made by the page. */
export function isAllowedRequest(url: string): boolean {
  const parsed = parseUrl(url);
  if (parsed === undefined) return false;
  if (isAppUrl(url)) return true;
  return ['data:', 'devtools:'].includes(parsed.protocol) || url.startsWith(`blob:${APP_ORIGIN}/`);
}

/**
 * Where the window was, kept across starts, and made sane for the displays there are now: a window whose display was
 * unplugged comes back in the middle of the main one.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** In device-independent pixels, as Electron's `Rectangle`. */
export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  readonly bounds: Bounds;
  readonly maximized: boolean;
}

export const DEFAULT_SIZE = { width: 1200, height: 800 } as const;
export const MINIMUM_SIZE = { width: 640, height: 420 } as const;
/** So much of the title bar must be on a display, or the user cannot get hold of the window. */
const GRIP = { width: 120, height: 40 } as const;

/** A window state from the text of its file, or undefined where that makes no sense. */
export function parseWindowState(text: string): WindowState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null || !('bounds' in value)) return undefined;
  const bounds = value.bounds;
  if (typeof bounds !== 'object' || bounds === null) return undefined;
  const { x, y, width, height } = bounds as Partial<Record<keyof Bounds, unknown>>;
  if (!isPixels(x) || !isPixels(y) || !isPixels(width) || !isPixels(height)) return undefined;
  if (width <= 0 || height <= 0) return undefined;
  return { bounds: { x, y, width, height }, maximized: 'maximized' in value && value.maximized === true };
}

function isPixels(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) < 100_000;
}

/**
 * The bounds to open the window with. `workAreas` are those of the displays, the main one first (at least one). A window
 * that cannot be reached on any of them is put in the middle of the main one; none is larger than its display.
 */
export function placeWindow(saved: WindowState | undefined, workAreas: readonly Bounds[]): Bounds {
  const main = workAreas[0] ?? { x: 0, y: 0, ...DEFAULT_SIZE };
  if (saved === undefined) return centred(DEFAULT_SIZE, main);
  const display = workAreas.find((area) => isReachable(saved.bounds, area));
  if (display === undefined) return centred(saved.bounds, main);
  return { ...saved.bounds, ...fitted(saved.bounds, display) };
}

/** Whether the top edge of the window, by which it is moved, is on the display. */
function isReachable(window: Bounds, area: Bounds): boolean {
  const overlap = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x);
  const isTopInside = window.y >= area.y && window.y <= area.y + area.height - GRIP.height;
  return overlap >= Math.min(GRIP.width, window.width) && isTopInside;
}

function fitted(size: Pick<Bounds, 'width' | 'height'>, area: Bounds): Pick<Bounds, 'width' | 'height'> {
  return {
    width: Math.min(Math.max(size.width, MINIMUM_SIZE.width), area.width),
    height: Math.min(Math.max(size.height, MINIMUM_SIZE.height), area.height),
  };
}

function centred(size: Pick<Bounds, 'width' | 'height'>, area: Bounds): Bounds {
  const { width, height } = fitted(size, area);
  return {
    x: area.x + Math.floor((area.width - width) / 2),
    y: area.y + Math.floor((area.height - height) / 2),
    width,
    height,
  };
}

/** Reads the kept state; undefined at a first start or where the file is damaged. */
export async function readWindowState(file: string): Promise<WindowState | undefined> {
  try {
    return parseWindowState(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

/** Keeps the state; a crash half-way leaves the old file. */
export async function writeWindowState(file: string, state: WindowState): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify(state)}\n`);
  await rename(`${file}.new`, file);
}

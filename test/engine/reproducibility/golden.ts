/** Where the results of the real system are, and how tests read them: with number tokens kept. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { parsePythonJson } from '../../../engine/reproducibility/index.ts';

export const SHARED = path.resolve('..', 'shared');
export const GOLDEN = path.join(SHARED, 'golden', 'repro');
export const hasGolden = existsSync(GOLDEN);
export const SKIP_REASON = 'the results of the real system (../shared/golden/repro) are not on this machine';

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- golden files have no type */
export type Any = any;

export function readText(file: string): string {
  return readFileSync(file, 'utf8');
}

export function readGolden(file: string): Any {
  return parsePythonJson(readText(path.join(GOLDEN, file)));
}

export function goldenGraphs(): string[] {
  return hasGolden ? readdirSync(path.join(GOLDEN, 'graphs')).sort() : [];
}

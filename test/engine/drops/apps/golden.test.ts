/** Graphs run by the real DALiuGE (shared/golden/engine) that consist of components of this room, run again here. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { AppDROP } from '../../../../engine/drops/app-drop.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { readPickle } from '../../../../engine/drops/pickle/index.ts';
import {
  NdArray,
  NumpyScalar,
  PyDict,
  PyTuple,
  typeName,
  dtypeName,
  type PyValue,
} from '../../../../engine/drops/pyrepr/index.ts';
import { dropClass } from '../../../../engine/drops/registry.ts';
import { APP_STATE_NAMES, DROP_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import { GraphRun, isRunning, type Spec } from './run-graph.ts';

const directory = path.resolve('..', 'shared', 'golden', 'engine');

interface Content {
  readonly text?: string;
  readonly base64?: unknown;
  readonly length?: number;
  readonly has_tokens?: boolean;
  readonly pickled?: Json;
}
type Json = { readonly type: string; readonly [key: string]: unknown };
interface Drop {
  readonly status_name?: string;
  readonly execStatus_name?: string;
  readonly content?: Content | null;
  readonly shell_commands?: readonly string[] | undefined;
  readonly recompute_data?: Readonly<Record<string, unknown>>;
  readonly events?: readonly (readonly [string, number])[];
}
interface Case {
  readonly graph: readonly Spec[];
  readonly run: {
    readonly drive: readonly { readonly do: string; readonly [key: string]: unknown }[];
    readonly env?: Record<string, string>;
  };
  readonly expected: { readonly drops?: Readonly<Record<string, Drop>>; readonly failure?: unknown };
  readonly expected_sane?: {
    readonly session_status_name?: string;
    readonly drops?: Readonly<Record<string, Drop>>;
  } | null;
}

const OWN = /^dlg\.apps\.(simple\.(?!Branch$)|bash_shell_app\.|crc\.|branch\.)/;
const runs: GraphRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) rmSync(run.baseDir, { recursive: true, force: true });
});

function isOurs(golden: Case): boolean {
  if (!Array.isArray(golden.graph) || (golden.expected.failure && !golden.expected_sane?.drops)) return false;
  const plain = ['deploy', 'write', 'complete', 'error', 'cancel', 'sleep', 'wait', 'wait_exec'];
  if (!golden.run.drive.every((step) => plain.includes(step.do))) return false;
  return golden.graph.every(
    (spec) =>
      spec.oid === undefined ||
      (dropClass(String(spec['dropclass'])) !== undefined &&
        (/^dlg\.data/.test(String(spec['dropclass'])) || OWN.test(String(spec['dropclass'])))),
  );
}

function cases(): [string, Case][] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name): [string, Case] => [
      name.replace('.json', ''),
      JSON.parse(readFileSync(path.join(directory, name), 'utf8')) as Case,
    ])
    .filter(([, golden]) => isOurs(golden));
}

/** Cases about the session, the loader or the lifecycle: their tests are in those rooms. */
const ELSEWHERE =
  /own_(load|lifespan|memory_lifespan|dlm|expire|not_triggered|external|container_roots|cancel_empty|n_effective|threshold_101|ngas|skip_shared)|NotDAG|testCycle|testTwo|topo_dataSandwich|lg_pydata_types/;

function described(value: PyValue): unknown {
  if (value instanceof NdArray) {
    const values = value.elements().map((v) => (typeof v === 'bigint' ? Number(v) : v));
    return { type: 'ndarray', dtype: dtypeName(value.descr), shape: value.shape, values };
  }
  if (value instanceof NumpyScalar) return { type: typeName(value), value: plain(value.value) };
  if (Array.isArray(value)) return { type: 'list', items: value.map(described) };
  if (value instanceof PyTuple) return { type: 'tuple', items: value.items.map(described) };
  if (value instanceof PyDict)
    return { type: 'dict', items: value.entries().map(([k, v]) => [described(k), described(v)]) };
  return { type: typeName(value), value: plain(value) };
}

function plain(value: PyValue): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

function hasVarying(value: unknown): boolean {
  return JSON.stringify(value).includes('"varies"');
}

describe.skipIf(!existsSync(directory))('recorded runs of DALiuGE', () => {
  for (const [name, golden] of cases()) {
    if (ELSEWHERE.test(name)) continue;
    it(`${name} ends as recorded, or as it should have`, async () => {
      const run = new GraphRun(
        golden.graph.filter((spec) => spec.oid !== undefined),
        { env: golden.run.env ?? {} },
      );
      runs.push(run);
      await drive(run, golden);
      const sane = golden.expected_sane;
      // A session that should have ended otherwise makes every other recorded state worthless.
      const recorded = sane?.session_status_name ? {} : (golden.expected.drops ?? {});
      for (const [oid, drop] of Object.entries({ ...recorded, ...sane?.drops }))
        await compare(run, oid, {
          ...recorded[oid],
          ...drop,
          ...(sane?.drops && { shell_commands: undefined }),
        });
      if (sane?.session_status_name === 'FAILED')
        expect([...run.drops.values()].some(({ status }) => status === 3)).toBe(true);
    });
  }
});

async function drive(run: GraphRun, golden: Case): Promise<void> {
  for (const step of golden.run.drive) {
    const drop = typeof step['oid'] === 'string' ? run.drop(step['oid']) : undefined;
    if (step.do === 'deploy')
      await run.trigger(
        step['completed'] === 'roots'
          ? run.roots
          : (step['completed'] as string[]).map((oid) => run.drop(oid)),
      );
    else if (step.do === 'write')
      await (drop as DataDROP).write(
        typeof step['text'] === 'string' ? step['text'] : Buffer.from(String(step['base64']), 'base64'),
      );
    else if (step.do === 'complete') await drop?.setCompleted();
    else if (step.do === 'error') await drop?.setError();
    else if (step.do === 'wait_exec') await isRunning(drop as AppDROP);
    else if (step.do === 'cancel')
      for (const one of run.drops.values()) if (one.status < 2) await one.cancel();
  }
  await run.over();
}

async function compare(run: GraphRun, oid: string, expected: Drop): Promise<void> {
  const drop = run.drop(oid);
  const untoken = (text: string): string => text.replaceAll('{SESSION_DIR}', run.baseDir);
  if (expected.status_name) expect(DROP_STATE_NAMES[drop.status], oid).toBe(expected.status_name);
  if (drop instanceof AppDROP) {
    if (expected.execStatus_name)
      expect(APP_STATE_NAMES[drop.execStatus], oid).toBe(expected.execStatus_name);
    if (expected.shell_commands && !isLegacy(run, oid))
      expect([drop.facts['commandLine']], oid).toEqual(expected.shell_commands.map(untoken));
    if (expected.recompute_data?.['stdout'] && !hasVarying(expected.recompute_data) && drop.status === 2)
      expect(drop.generateRecomputeData(), oid).toMatchObject(expected.recompute_data);
    return;
  }
  if (!expected.content || DROP_STATE_NAMES[drop.status] !== 'COMPLETED') return;
  const bytes = Buffer.from(await (drop as DataDROP).contents());
  const { text, length, pickled, has_tokens: hasTokens } = expected.content;
  if (length !== undefined) expect(bytes.length, oid).toBe(length);
  if (text !== undefined && !hasTokens) expect(bytes.toString('utf8'), oid).toBe(text);
  if (pickled && !hasVarying(pickled) && 'values' in pickled)
    expect(described(readPickle(bytes)), oid).toEqual(pickled);
  if (typeof expected.content.base64 === 'string')
    expect(bytes.toString('base64'), oid).toBe(expected.content.base64);
}

/** Commands in the syntax of before 5.0.0 are run here and not there. */
function isLegacy(run: GraphRun, oid: string): boolean {
  return JSON.stringify(run.specs.find((spec) => spec.oid === oid)).includes('%i0');
}

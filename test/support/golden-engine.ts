/** Runs a golden case (shared/golden/engine/README.md) on a Host and gathers what came out, in the terms of `expected`. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import net from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { DataDROP, type AppDROP } from '../../engine/drops/index.ts';
import { startHost, type Host } from '../../engine/host/index.ts';
import {
  APP_STATE_NAMES,
  DROP_STATE_NAMES,
  DROPStates,
  isWeirError,
  SESSION_STATE_NAMES,
} from '../../engine/protocol/index.ts';
import type { Session } from '../../engine/session/index.ts';

export interface GoldenCase {
  readonly graph: readonly { readonly oid?: string }[];
  readonly run: {
    readonly drive?: readonly Step[];
    readonly env?: Readonly<Record<string, string>>;
    readonly manager?: Readonly<Record<string, number>>;
  };
  readonly expected: Expected;
  readonly expected_sane?: Partial<Expected>;
}

interface Step {
  readonly do: string;
  readonly oid?: string;
  readonly completed?: 'roots' | readonly string[];
  readonly text?: string;
  readonly base64?: string;
  readonly port?: number;
  readonly execStatus?: number;
  readonly seconds?: number;
}

export interface Expected {
  readonly session_status_name?: unknown;
  readonly hangs?: boolean;
  readonly failure?: { readonly stage?: string };
  readonly drops?: Readonly<Record<string, ExpectedDrop>>;
  readonly files?: unknown;
  readonly nondeterministic?: readonly string[];
}

export interface ExpectedDrop {
  readonly status_name?: unknown;
  readonly execStatus_name?: unknown;
  readonly content?: null | {
    readonly kind?: string;
    readonly length?: number;
    readonly sha256?: string;
    readonly text?: string;
    readonly has_tokens?: boolean;
    readonly pickled?: unknown;
    readonly npy?: unknown;
  };
}

export interface Outcome {
  readonly status: string;
  readonly failure: { readonly stage: string; readonly message: string } | undefined;
  readonly drops: Readonly<
    Record<
      string,
      { readonly status: string; readonly exec: string | undefined; readonly content: Uint8Array | undefined }
    >
  >;
  readonly files: readonly string[];
  readonly errors: readonly string[];
  readonly sessionDir: string;
  readonly dlgRoot: string;
}

/** Until the session is over, or stands still with nothing running. */
async function quiet(host: Host, session: Session): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    session.over.then(() => resolve(), reject);
    const stop = host.manager.subscribe((changed) => {
      if (changed === session && session.isStalled) {
        stop();
        resolve();
      }
    });
    if (session.isStalled) resolve();
  });
}

async function execReached(session: Session, host: Host, oid: string, wanted: number): Promise<void> {
  const reached = () => (session.findDrop(oid) as AppDROP | undefined)?.execStatus === wanted;
  if (reached()) return;
  await new Promise<void>((resolve) => {
    const stop = host.manager.subscribe(() => {
      if (!reached()) return;
      stop();
      resolve();
    });
  });
}

async function drive(host: Host, session: Session, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    const drop = step.oid === undefined ? undefined : session.findDrop(step.oid);
    if (step.do === 'deploy') await session.deploy(step.completed ?? 'roots');
    else if (step.do === 'write')
      await (drop as DataDROP).write(step.text ?? Buffer.from(step.base64 ?? '', 'base64'));
    else if (step.do === 'complete') await drop?.setCompleted().catch(() => undefined);
    else if (step.do === 'error') await drop?.setError();
    else if (step.do === 'cancel') await session.cancel();
    else if (step.do === 'wait_exec')
      await execReached(session, host, step.oid as string, step.execStatus as number);
    else if (step.do === 'connect') await connect(step.port as number, step.text ?? '');
    else if (step.do === 'wait') await quiet(host, session);
  }
  await quiet(host, session);
}

/** With the lifecycle manager on, drops go on changing after the session's end: until they are as expected, or too late. */
async function aged(host: Host, session: Session, golden: GoldenCase): Promise<void> {
  const expected = Object.entries({ ...golden.expected.drops, ...golden.expected_sane?.drops });
  const isThere = () =>
    expected.every(([oid, { status_name: wanted }]) => {
      const drop = session.findDrop(oid);
      return typeof wanted !== 'string' || !drop || DROP_STATE_NAMES[drop.status] === wanted;
    });
  await new Promise<void>((resolve) => {
    const tooLate = setTimeout(resolve, 8000);
    const look = () => {
      if (!isThere()) return;
      clearTimeout(tooLate);
      resolve();
    };
    host.manager.subscribe(look);
    look();
  });
}

async function connect(port: number, text: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const socket = net.connect(port, '127.0.0.1');
    try {
      await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      await new Promise<void>((resolve) => socket.end(text, resolve));
      return;
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

export async function runGolden(golden: GoldenCase): Promise<Outcome> {
  const dlgRoot = await mkdtemp(path.join(tmpdir(), 'weir-golden-'));
  const before = { ...process.env };
  Object.assign(process.env, { DLG_ROOT: dlgRoot });
  for (const [name, value] of Object.entries(golden.run.env ?? {}))
    process.env[name] = value.replaceAll('{DLG_ROOT}', dlgRoot);
  const host = await startHost({
    dataDir: dlgRoot,
    version: 'test',
    maxThreads: golden.run.manager?.['max_threads'] ?? 4,
    ...dlm(golden),
  });
  try {
    const session = await host.manager.createSession('golden');
    let failure: Outcome['failure'];
    let stage = 'append';
    try {
      await session.addGraphSpec(new Uint8Array(Buffer.from(JSON.stringify(golden.graph))));
      stage = 'deploy';
      await drive(host, session, golden.run.drive ?? [{ do: 'deploy', completed: 'roots' }]);
      if (golden.run.manager?.['dlm_check_period']) await aged(host, session, golden);
    } catch (error) {
      if (!isWeirError(error)) throw error;
      failure = { stage, message: error.message };
    }
    return await gather(host, session, failure, dlgRoot);
  } finally {
    await host.close();
    await rm(dlgRoot, { recursive: true, force: true });
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

function dlm(golden: GoldenCase): { lifecycle?: { expireDefaults: boolean } } {
  return golden.run.manager?.['dlm_check_period'] ? { lifecycle: { expireDefaults: true } } : {};
}

async function gather(
  host: Host,
  session: Session,
  failure: Outcome['failure'],
  dlgRoot: string,
): Promise<Outcome> {
  const drops: Record<string, { status: string; exec: string | undefined; content: Uint8Array | undefined }> =
    {};
  const [graph] = session.parts;
  for (let row = 0; row < session.table.size; row++) {
    const isApp = graph?.isApp(row);
    drops[graph?.oid(row) as string] = {
      status: DROP_STATE_NAMES[session.table.status[row] as number] as string,
      exec: isApp ? APP_STATE_NAMES[session.table.exec[row] as number] : undefined,
      content: isApp ? undefined : await contentOf(session, graph?.uid(row) as string),
    };
  }
  await host.store.flush();
  const errors = (await host.store.errors(session.key, 100)).map(({ uid, message }) => `${uid}: ${message}`);
  return {
    status: SESSION_STATE_NAMES[session.status] as string,
    failure,
    drops,
    files: await filesBelow(session.dir),
    errors,
    sessionDir: session.dir,
    dlgRoot,
  };
}

async function contentOf(session: Session, uid: string): Promise<Uint8Array | undefined> {
  const drop = session.findDrop(uid);
  if (!(drop instanceof DataDROP)) return undefined;
  if (drop.status === DROPStates.COMPLETED) return drop.contents(1 << 26).catch(() => undefined);
  const { path: file } = drop as { path?: unknown };
  return typeof file === 'string' ? readFile(file).catch(() => undefined) : undefined;
}

async function filesBelow(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(dir, { recursive: true })) {
    const facts = await stat(path.join(dir, name));
    if (facts.isFile() && name !== 'reprodata.out' && !/^dlg_.*\.log$/.test(name)) found.push(name);
    else if (facts.isDirectory() && (await readdir(path.join(dir, name))).length === 0)
      found.push(`${name}/`);
  }
  return found.sort();
}

/** Compares an outcome with what is expected; every difference as a line. */
export function differences(golden: GoldenCase, outcome: Outcome): string[] {
  const sane = golden.expected_sane ?? {};
  const wanted = { ...golden.expected, ...sane };
  const out: string[] = [];
  const upstreamRefuses = golden.expected.failure !== undefined && !('session_status_name' in sane);
  if (wanted.failure?.stage && ('failure' in sane || upstreamRefuses)) {
    const refused = outcome.failure !== undefined || outcome.status === 'FAILED';
    if (!refused)
      out.push(`expected a refusal at ${wanted.failure.stage}, but the session is ${outcome.status}`);
    return out;
  }
  if (wanted.hangs && !('session_status_name' in sane)) return out;
  const ok = (expected: unknown, found: unknown) => expected === found || isVarying(expected, found);
  const refusedInstead = sane.session_status_name === 'FAILED' && outcome.failure !== undefined;
  if (
    !refusedInstead &&
    !ok(
      golden.expected_sane ? (sane.session_status_name ?? outcome.status) : wanted.session_status_name,
      outcome.status,
    )
  )
    out.push(
      `session is ${outcome.status}, expected ${JSON.stringify(wanted.session_status_name)} (${outcome.failure?.message ?? outcome.errors[0] ?? ''})`,
    );
  if (refusedInstead) return out;
  // What the sane expectation lists is compared, and nothing else of that case.
  const drops = golden.expected_sane ? (sane.drops ?? {}) : (golden.expected.drops ?? {});
  for (const [oid, expected] of Object.entries(drops)) out.push(...dropDifferences(oid, expected, outcome));
  return out;
}

function isVarying(expected: unknown, found: unknown): boolean {
  if (typeof expected !== 'object' || expected === null || !('varies' in expected)) return false;
  return expected.varies === true || (Array.isArray(expected.varies) && expected.varies.includes(found));
}

function dropDifferences(oid: string, expected: ExpectedDrop, outcome: Outcome): string[] {
  const found = outcome.drops[oid];
  if (!found) return [`${oid} is missing`];
  const out: string[] = [];
  const ok = (e: unknown, f: unknown) => e === undefined || e === null || e === f || isVarying(e, f);
  const why = outcome.errors.find((line) => line.startsWith(`${oid}:`)) ?? '';
  if (!ok(expected.status_name, found.status))
    out.push(`${oid} is ${found.status}, expected ${JSON.stringify(expected.status_name)} ${why}`);
  if (!ok(expected.execStatus_name, found.exec))
    out.push(`${oid} execStatus is ${found.exec}, expected ${JSON.stringify(expected.execStatus_name)}`);
  if (expected.content !== undefined && expected.content !== null && found.status === 'COMPLETED')
    out.push(...contentDifferences(oid, expected.content, found.content, outcome));
  return out;
}

function contentDifferences(
  oid: string,
  expected: NonNullable<ExpectedDrop['content']>,
  found: Uint8Array | undefined,
  outcome: Outcome,
): string[] {
  if ('varies' in expected) return [];
  if (found === undefined) return [`${oid} has no content, expected ${expected.length ?? '?'} bytes`];
  const text = Buffer.from(found).toString('utf8');
  const show = () => JSON.stringify(text.slice(0, 120));
  if (expected.has_tokens) {
    const plain = (expected.text ?? '')
      .replaceAll('{SESSION_DIR}', outcome.sessionDir)
      .replaceAll('{DLG_ROOT}', outcome.dlgRoot)
      .replaceAll('{DATE}', new Date().toISOString().slice(0, 10))
      .replaceAll('{HOST}', hostname());
    const pattern = new RegExp(
      `^${plain.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\\\{(UUID|PID|ID|ADDR|TMPNAME|HOST|DALIUGE)\\\}/g, '[^\\s]+')}$`,
      's',
    );
    return pattern.test(text)
      ? []
      : [`${oid} holds ${show()}, expected ${JSON.stringify(plain.slice(0, 120))}`];
  }
  if (typeof expected.sha256 !== 'string') return [];
  // Pickled objects without a JSON form (functions) are equal in meaning, not in bytes.
  if (isOpaque(expected.pickled))
    return found.length > 0 ? [] : [`${oid} is empty, expected a pickled object`];
  const isRecorded = (content: Uint8Array | string) =>
    createHash('sha256').update(content).digest('hex') === expected.sha256;
  // The cases were recorded with numpy 1: numpy 2 writes np.float64(5.0) where a function of the graph asks for repr().
  if (isRecorded(found) || isRecorded(text.replace(/\bnp\.\w+\(([^()]*)\)/g, '$1'))) return [];
  return [
    `${oid} holds ${found.length} bytes ${show()}, expected ${expected.length} bytes ${JSON.stringify(expected.text ?? JSON.stringify(expected.pickled ?? expected.npy))?.slice(0, 140)}`,
  ];
}

function isOpaque(pickled: unknown): boolean {
  return typeof pickled === 'object' && pickled !== null && 'repr' in pickled;
}

/**
 * Data drops of the graphs that the real system ran, by themselves: what memory drops hold at first, the text of
 * parameter sets, and where files and directories lie.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type {
  DirectoryDROP,
  FileDROP,
  InMemoryDROP,
  ParameterSetDROP,
} from '../../../../engine/drops/index.ts';
import { crc32c, dropClass, type DropKwargs } from '../../../../engine/drops/index.ts';
import { contextIn, placedIn, temporaryDirectory } from '../support/drops.ts';

const golden = path.resolve('..', 'shared', 'golden', 'engine');

interface Spec {
  readonly oid: string;
  readonly uid?: string;
  readonly dropclass?: string;
  readonly categoryType?: string;
  readonly producers?: readonly unknown[];
  readonly applicationArgs?: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly [key: string]: unknown;
}

interface ExpectedDrop {
  readonly class: string;
  readonly path?: string;
  readonly checksum?: number | null;
  readonly content?: {
    readonly kind: string;
    readonly length?: number;
    readonly sha256?: string;
    readonly base64?: string;
    readonly text?: string;
    readonly pickled?: { readonly type: string };
  } | null;
}

interface Case {
  readonly name: string;
  readonly graph: readonly Spec[];
  readonly run: {
    readonly env?: Readonly<Record<string, string>>;
    readonly drive: readonly { readonly do: string; readonly oid?: string }[];
  };
  readonly expected: { readonly drops?: Readonly<Record<string, ExpectedDrop>> };
}

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

/** Arguments as a session gives them (spec/engine.md 8.4). */
function kwargsOf(spec: Spec): DropKwargs {
  const { oid: _oid, uid: _uid, dropclass: _class, ...kwargs } = spec as Record<string, unknown>;
  for (const [name, argument] of Object.entries(spec.applicationArgs ?? {})) kwargs[name] = argument.value;
  return kwargs;
}

function make(test: Case, spec: Spec): object {
  const session = path.join(temporary.dir, test.name);
  const context = contextIn(session, {
    env: { ...test.run.env, DLG_ROOT: path.join(temporary.dir, 'root') },
  });
  const type = dropClass(spec.dropclass ?? '');
  if (!type) throw new Error(`no class for ${spec.dropclass ?? ''}`);
  return new type(spec.oid, spec.uid ?? spec.oid, placedIn(context, kwargsOf(spec)));
}

/** A path with tokens instead of what differs from run to run. */
function tokens(test: Case, place: string): string {
  const today = new Date();
  const date = [today.getFullYear(), today.getMonth() + 1, today.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
  return place
    .replace(path.join(temporary.dir, test.name), '{SESSION_DIR}')
    .replace(path.join(temporary.dir, 'root'), '{DLG_ROOT}')
    .replaceAll(date, '{DATE}');
}

const cases: Case[] = existsSync(golden)
  ? readdirSync(golden)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(path.join(golden, name), 'utf8')) as Case)
  : [];

/** Data drops of a case with what became of them upstream. */
function* dataDrops(test: Case, className: string): Generator<[Spec, ExpectedDrop]> {
  const oids = test.graph.map(({ oid }) => oid);
  for (const spec of test.graph) {
    // Of two drops with one oid only the last one ran.
    if (oids.indexOf(spec.oid) !== oids.lastIndexOf(spec.oid)) continue;
    const expected = test.expected.drops?.[spec.oid];
    if (
      spec.categoryType === 'Data' &&
      expected?.class.endsWith(`.${className}`) &&
      expected.class === spec.dropclass
    )
      yield [spec, expected];
  }
}

const withRoots = (className: string) =>
  cases.flatMap((test) =>
    [...dataDrops(test, className)]
      .filter(([spec, { content }]) => !spec.producers?.length && content && content.length !== undefined)
      // What the test of the real system wrote from outside is not the drop's own.
      .filter(([{ oid }]) => !test.run.drive.some((step) => step.do === 'write' && step.oid === oid))
      .map(([spec, expected]): [string, Case, Spec, ExpectedDrop] => [
        `${test.name} ${spec.oid}`,
        test,
        spec,
        expected,
      ]),
  );

describe.skipIf(cases.length === 0)('as upstream (skipped where ../shared is missing)', () => {
  it.each(withRoots('InMemoryDROP'))('memory of %s', async (_name, test, spec, { content, checksum }) => {
    const drop = make(test, spec) as InMemoryDROP;
    await drop.setCompleted();
    const bytes = Buffer.from(await drop.contents());
    // A serialised function is kept as the graph has it; upstream unpacks and packs it again.
    if (content?.pickled?.type === 'builtins.function')
      return expect(bytes.subarray(0, 2).toString('hex')).toBe('8004');
    expect(bytes.length).toBe(content?.length);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(content?.sha256);
    expect(drop.buftype).toBe(content?.kind === 'text' ? 'str' : 'bytes');
    expect(drop.size).toBe(bytes.length);
    if (typeof checksum === 'number') expect(drop.checksum).toBe(checksum);
  });

  it.each(withRoots('ParameterSetDROP'))(
    'parameters of %s',
    async (_name, test, spec, { content, checksum }) => {
      const drop = make(test, spec) as ParameterSetDROP;
      await drop.setCompleted();
      expect(Buffer.from(await drop.contents()).toString()).toBe(content?.text);
      expect(await drop.computeChecksum()).toBe(checksum);
      expect(crc32c(await drop.contents())).toBe(checksum);
    },
  );

  const placed = cases.flatMap((test) =>
    [...dataDrops(test, 'FileDROP'), ...dataDrops(test, 'DirectoryDROP')]
      // Where a producer decides the name, the whole graph has to run.
      .filter(([spec, { path: place }]) => place && !(spec['port_map'] && !spec['filepath']))
      .map(([spec, expected]): [string, Case, Spec, ExpectedDrop] => [
        `${test.name} ${spec.oid}`,
        test,
        spec,
        expected,
      ]),
  );
  it.each(placed)('place of %s', (_name, test, spec, { path: place }) => {
    const drop = make(test, spec) as FileDROP | DirectoryDROP;
    expect(tokens(test, drop.path)).toBe(place);
  });
});

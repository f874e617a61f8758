/** docs/seed-index.md is complete and true: its files are there, and they export the names it promises. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { registeredPaths, dropClass } from '../../engine/drops/index.ts';
import * as weir from '../../engine/index.ts';
import { missing, SHARED } from '../support/shared.ts';

const root = path.resolve(import.meta.dirname, '../..');
const text = readFileSync(path.join(root, 'docs/seed-index.md'), 'utf8');

interface Row {
  readonly seed: string;
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly here: string;
  readonly notes: string;
}

const camelCase = (name: string): string =>
  name.replaceAll(/(?<=\w)_(\w)/g, (_all, unit: string) => unit.toUpperCase());

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, part]) => part as string);

/** Files of a row: the first is a path from the root, others may stand beside it or below the room. */
function filesOf(here: string): string[] {
  const files: string[] = [];
  for (const part of quoted(here)) {
    if (!/\.(ts|py|mjs|h)$|\/$|^resources\//.test(part)) continue;
    const beside = files.at(-1);
    const places = [part, ...(beside ? [path.join(path.dirname(beside), part)] : []), `engine/drops/${part}`];
    files.push(places.find((place) => existsSync(path.join(root, place))) ?? `${part} (missing)`);
  }
  return files;
}

/** `dlg.x`: A, B becomes A, B; explanations in brackets are no names. */
function namesOf(seed: string): string[] {
  return seed
    .replaceAll(/`dlg[.\w]*`:?/g, ',')
    .replaceAll(/\([^)]*\)/g, '')
    .split(/[,;]/)
    .map((name) => name.replaceAll('`', '').trim())
    .filter((name) => /^[A-Za-z_]\w*(\.\w+)?$/.test(name));
}

const rows: Row[] = text
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\|[\s|-]+\|$/.test(line) && !line.startsWith('| seed name'))
  .map((line) => {
    const [seed = '', here = '', notes = ''] = line
      .slice(1)
      .split('|')
      .map((cell) => cell.trim());
    return { seed, here, notes, names: namesOf(seed), files: filesOf(here) };
  });

/** Names a file declares for others, and members of its classes. */
function declaredIn(file: string): Set<string> {
  const full = path.join(root, file);
  if (!existsSync(full) || !/\.(ts|py)$/.test(file)) return new Set();
  const source = readFileSync(full, 'utf8');
  const found = source.matchAll(
    file.endsWith('.py')
      ? /^\s*(?:class|def)\s+(\w+)/gm
      : /^\s*export (?:abstract |async )?(?:class|function\*?|const|type|interface) (\w+)|^ {2}(?:override |readonly |async |static |abstract |protected |get |set )*(\w+)[(<?!:;= ]/gm,
  );
  return new Set([...found].flatMap(([, exported, member]) => exported ?? member ?? []));
}

/** What a file exports that is there at run time. */
function valuesOf(file: string): string[] {
  const full = path.join(root, file);
  if (file.endsWith('/') || !existsSync(full)) return [];
  const source = readFileSync(full, 'utf8');
  return [...source.matchAll(/^export (?:abstract |async )?(?:class|function\*?|const) (\w+)/gm)].map(
    ([, name]) => name as string,
  );
}

const inLibrary = weir as unknown as Readonly<Record<string, unknown>>;

describe('the index of seed names', () => {
  it('is a table of names, places and notes', () => {
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.flatMap(({ names }) => names).length).toBeGreaterThan(200);
  });

  it('names files that are there', () => {
    expect(rows.flatMap(({ files }) => files).filter((file) => file.endsWith('(missing)'))).toEqual([]);
  });

  it.each(rows.filter(({ here }) => here !== '(none)').map((row) => [row.seed, row] as const))(
    'is true about %s',
    (_seed, { names, files, here, notes }) => {
      expect(files.length).toBeGreaterThan(0);
      const declared = new Set(files.flatMap((file) => [...declaredIn(file)]));
      const isHere = (name: string): boolean =>
        [name, name.replace(/^_+/, '')].some((form) => declared.has(form) || declared.has(camelCase(form)));
      // "`a` is `b`" in the notes, or the names of the column in its order.
      const renamed = new Map(
        [...notes.matchAll(/`(\w+)` is `(\w+)`/g)].map(([, from, to]) => [from as string, to as string]),
      );
      const wrong = names.filter((name) => {
        const last = name.split('.').at(-1) as string;
        return !isHere(renamed.get(last) ?? last);
      });
      expect(wrong).toEqual([]);
      // Whoever is sent here by this page finds it in the library.
      const values = new Set(files.filter((file) => file.endsWith('.ts')).flatMap(valuesOf));
      const unreachable = names
        .map((name) => renamed.get(name) ?? name)
        .flatMap((name) => [name, camelCase(name)].filter((form) => values.has(form)))
        .filter((name) => !(name in inLibrary) && !notes.includes(`\`${name}\` (internal)`));
      expect(unreachable).toEqual([]);
      // What the column or the notes promise under another name is there, too.
      const promised = [...renamed.values(), ...quoted(here).filter((part) => /^[A-Za-z]\w+$/.test(part))];
      expect(promised.filter((name) => !isHere(name) && !(name in inLibrary))).toEqual([]);
    },
  );

  it('says why something is not here', () => {
    expect(rows.filter(({ here, notes }) => here === '(none)' && notes === '')).toEqual([]);
  });

  it('has every class that graphs may name', () => {
    const listed = new Set(rows.flatMap(({ names }) => names));
    const absent = registeredPaths()
      .filter((dotted) => dotted.startsWith('dlg.'))
      .filter((dotted) => {
        const name = dotted.split('.').at(-1) as string;
        return !listed.has(name) && !listed.has(dropClass(dotted)?.name ?? '');
      });
    expect(absent).toEqual([]);
  });

  const why = missing('seed');
  it.skipIf(why)(`has every class and function of the seed's pages ${why ?? ''}`, () => {
    const seed = readFileSync(path.join(SHARED, 'seed/000_00461ecd896595b8.txt'), 'utf8');
    const wanted = new Set(
      [...seed.matchAll(/^(?:class )?dlg\.(?:\w+\.)+([A-Za-z]\w*)(?:\(|$)/gm)].map(
        ([, name]) => name as string,
      ),
    );
    expect(wanted.size).toBeGreaterThan(60);
    const listed = new Set(rows.flatMap(({ names }) => names));
    const modules = new Set(['ddap_protocol', 'graph_loader', 'delayed']);
    expect([...wanted].filter((name) => !listed.has(name) && !modules.has(name))).toEqual([]);
  });
});

/** Every name of the seed's pages for drops, droputils, events, the loader and utilities is here. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as weir from '../../../engine/drops/index.ts';
import * as protocol from '../../../engine/protocol/index.ts';
import { missing, SHARED } from '../../support/shared.ts';

const FOLDER = 'seed';
const FILE = '000_00461ecd896595b8.txt';
const why = missing(FOLDER);

const HERE = { ...protocol, ...weir } as unknown as Readonly<Record<string, unknown>>;

const camelCase = (name: string): string =>
  name.replaceAll(/_(\w)/g, (_all, unit: string) => unit.toUpperCase());

function namesOf(text: string, module: string): string[] {
  const found = new Set<string>();
  for (const [, name] of text.matchAll(new RegExp(`^(?:class )?dlg\\.${module}\\.([A-Za-z0-9_]+)`, 'gm')))
    if (name !== undefined) found.add(name);
  return [...found];
}

/** Types and interfaces leave nothing behind at run time. */
const TYPES_ONLY = new Set(['DROPRel', 'EventHandler']);

describe.skipIf(why)(`names of the seed ${why ?? ''}`, () => {
  const text = why ? '' : readFileSync(path.join(SHARED, FOLDER, FILE), 'utf8');

  it.each(['ddap_protocol', 'event', 'drop', 'droputils', 'graph_loader', 'utils'])(
    'of dlg.%s are all here',
    (module) => {
      const names = namesOf(text, module).filter((name) => !TYPES_ONLY.has(name));
      expect(names.length).toBeGreaterThan(0);
      const absent = names.filter((name) => !(name in HERE) && !(camelCase(name) in HERE));
      expect(absent).toEqual([]);
    },
  );

  it('of the members of AbstractDROP are all members of drops', () => {
    const start = text.indexOf('class dlg.drop.AbstractDROP');
    const page = text.slice(start, text.indexOf('class dlg.drop.ListAsDict'));
    const members = [...page.matchAll(/^(?:property )?([a-zA-Z0-9_]+)(?:\(.*\))?$/gm)].flatMap(
      ([, name]) => name ?? [],
    );
    const drop = new weir.InMemoryDROP('a', 'a');
    const isMember = (name: string): boolean => camelCase(name) in drop;
    const listed = members.filter((name) =>
      /^(add|get|set|generate|is|handle|drop|producer)|^(oid|uid|parent|persist|phase|size|skip|status|commit|cancel|completedrop|consumers|producers|streamingConsumers|executionMode|initialize|autofill_environment_variables)$/.test(
        name,
      ),
    );
    expect(listed.length).toBeGreaterThan(35);
    expect(listed.filter((name) => !isMember(name))).toEqual([]);
  });
});

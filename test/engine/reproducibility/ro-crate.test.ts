/**
 * The metadata of bundles against the rules of RO-Crate 1.1 (https://w3id.org/ro/crate/1.1), Workflow RO-Crate 1.0, Process
 * Run Crate 0.5, Workflow Run Crate 0.5 and Provenance Run Crate 0.5 (https://w3id.org/ro/wfrun), written down here one by one. Where
 * WEIR_ROCRATE_VALIDATOR names the program `rocrate-validator` (PyPI: roc-validator), that is asked, too.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportBundle, importBundle } from '../../../engine/api/index.ts';
import { readZip } from '../../../engine/reproducibility/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../support/host.ts';

interface Entity {
  readonly '@id': string;
  readonly '@type': string | readonly string[];
  readonly [property: string]: unknown;
}
interface Crate {
  readonly context: readonly unknown[];
  readonly entities: readonly Entity[];
  readonly byId: ReadonlyMap<string, Entity>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const BASH = 'dlg.apps.bash_shell_app.BashShellApp';
const file = (oid: string, more: object = {}) =>
  data(oid, { dropclass: 'dlg.data.drops.file.FileDROP', ...more });

let host: TestHost;
let folder: string;
const crates = new Map<string, Crate>();

async function run(id: string, graph: object, graphName: string): Promise<void> {
  const session = await host.manager.createSession(id, { graphName });
  await session.addGraphSpec(bytesOf(graph));
  await session.deploy('roots');
  await session.recorded();
}

async function crateOf(of: TestHost, id: string): Promise<Crate> {
  const entries = readZip(Buffer.concat([...(await exportBundle(of.deps, id))]));
  const files = new Map(entries.map(({ path: name, bytes }) => [name, bytes]));
  const document = JSON.parse(Buffer.from(files.get('ro-crate-metadata.json') ?? []).toString('utf8')) as {
    '@context': readonly unknown[];
    '@graph': readonly Entity[];
  };
  expect(Object.keys(document).sort()).toEqual(['@context', '@graph']);
  return {
    context: document['@context'],
    entities: document['@graph'],
    byId: new Map(document['@graph'].map((entity) => [entity['@id'], entity])),
    files,
  };
}

beforeAll(async () => {
  host = await testHost();
  folder = await mkdtemp(path.join(tmpdir(), 'weir-crate-'));
  const input = path.join(folder, 'input');
  await writeFile(input, 'one');
  await run(
    'whole',
    [
      file('in', { filepath: input, consumers: ['c'] }),
      app('c', BASH, { command: 'cat %i0 > %o0', inputs: ['in'], outputs: ['out of/it é'] }),
      file('out of/it é', { producers: ['c'] }),
    ],
    'a graph.graph',
  );
  await run(
    'failed',
    [app('x', BASH, { command: 'exit 3', outputs: ['o'] }), file('o', { producers: ['x'] })],
    'x',
  );
  const other = await testHost();
  try {
    await importBundle(other.deps, Buffer.concat([...(await exportBundle(host.deps, 'whole'))]), 'whole.zip');
    // A session that is exported by another device than it ran on, and not as it was imported.
    const row = await other.store.session('whole');
    await other.store.putDocument(row!.key, 'imported/manifest.txt', new Uint8Array(0));
    crates.set('imported', await crateOf(other, 'whole'));
  } finally {
    await other.remove();
  }
  crates.set('whole', await crateOf(host, 'whole'));
  crates.set('failed', await crateOf(host, 'failed'));
});
afterAll(async () => {
  await host.remove();
  await rm(folder, { recursive: true, force: true });
});

const CASES = ['whole', 'failed', 'imported'] as const;
const crate = (name: string): Crate => crates.get(name) as Crate;
const typesOf = (entity: Entity | undefined): readonly string[] => {
  const types: string | readonly string[] = entity?.['@type'] ?? [];
  return typeof types === 'string' ? [types] : types;
};
const refsIn = (value: unknown): string[] =>
  [value ?? []].flat().map((one) => (one as { '@id': string })['@id']);
const one = (c: Crate, value: unknown): Entity => {
  const [id, ...more] = refsIn(value);
  expect(more).toEqual([]);
  const entity = c.byId.get(id as string);
  expect(entity, `an entity ${id}`).toBeDefined();
  return entity as Entity;
};
const root = (c: Crate): Entity => c.byId.get('./') as Entity;
const action = (c: Crate): Entity => one(c, [{ '@id': refsIn(root(c)['mentions'])[0] }]);

/** ISO 8601, to the day or finer. */
const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

describe.each(CASES)('the crate of the %s session', (name) => {
  it('is one flat list of entities with ids and types of their own (RO-Crate 1.1, 4 and appendix)', () => {
    const c = crate(name);
    expect(c.context).toContain('https://w3id.org/ro/crate/1.1/context');
    expect(c.byId.size).toBe(c.entities.length);
    for (const entity of c.entities) {
      expect(typeof entity['@id']).toBe('string');
      expect(typesOf(entity).length, entity['@id']).toBeGreaterThan(0);
      for (const [property, value] of Object.entries(entity))
        for (const item of [value].flat()) {
          const isReference = typeof item === 'object' && item !== null;
          if (isReference) expect(Object.keys(item), `${entity['@id']} ${property}`).toEqual(['@id']);
          else expect(['string', 'number', 'boolean']).toContain(typeof item);
        }
    }
  });

  it('uses only terms that its contexts define', () => {
    const known = new Set([
      '@id', '@type', 'about', 'actionStatus', 'agent', 'conformsTo', 'contentSize', 'datePublished', 'description',
      'encodingFormat', 'endTime', 'error', 'hasPart', 'identifier', 'instrument', 'license', 'mainEntity', 'mentions', 'name',
      'object', 'position', 'programmingLanguage', 'result', 'sha256', 'softwareVersion', 'startTime', 'step', 'url', 'version', 'workExample',
    ]); // prettier-ignore
    for (const entity of crate(name).entities)
      for (const property of Object.keys(entity)) expect(known, property).toContain(property);
    // sha256 is a term of the second context; all others are of the first.
    expect(crate(name).context).toContain('https://w3id.org/ro/terms/workflow-run/context');
  });

  it('describes itself: descriptor, root, date, licence (RO-Crate 1.1, 5 and 4.1)', () => {
    const c = crate(name);
    const descriptor = c.byId.get('ro-crate-metadata.json');
    expect(typesOf(descriptor)).toEqual(['CreativeWork']);
    expect(refsIn(descriptor?.['about'])).toEqual(['./']);
    expect(refsIn(descriptor?.['conformsTo'])).toContain('https://w3id.org/ro/crate/1.1');
    expect(typesOf(root(c))).toEqual(['Dataset']);
    expect(root(c)['name']).toBeTruthy();
    expect(root(c)['description']).toBeTruthy();
    expect(root(c)['datePublished']).toMatch(ISO);
    const licence = one(c, root(c)['license']);
    expect(licence['name']).toBeTruthy();
    expect(licence['description']).toBeTruthy();
  });

  it('lists every file that is in it, by relative URI, with its size and hash (RO-Crate 1.1, 4.2)', () => {
    const c = crate(name);
    const parts = refsIn(root(c)['hasPart']);
    const described = c.entities.filter((entity) => typesOf(entity).includes('File'));
    expect(described.map((entity) => entity['@id']).sort()).toEqual([...parts].sort());
    for (const id of parts) {
      expect(id).toMatch(/^[A-Za-z0-9._~%/-]+$/);
      expect(id.split('/')).not.toContain('..');
      const bytes = c.files.get(decodeURIComponent(id));
      expect(bytes, id).toBeDefined();
      expect(c.byId.get(id)?.['contentSize']).toBe(String(bytes?.length));
      expect(c.byId.get(id)?.['name']).toBeTruthy();
    }
    const undescribed = [...c.files.keys()].filter(
      (file) => !parts.some((id) => decodeURIComponent(id) === file),
    );
    expect(undescribed.sort()).toEqual(['manifest.txt', 'ro-crate-metadata.json']);
  });

  it('refers to nothing that it does not describe', () => {
    const c = crate(name);
    const external = /^https?:\/\//;
    for (const entity of c.entities)
      for (const value of Object.values(entity).flat())
        if (typeof value === 'object' && value !== null) {
          const [id] = refsIn(value) as [string];
          if (!c.byId.has(id)) expect(id, entity['@id']).toMatch(external);
        }
    // What is described must be reached, too.
    const reached = new Set(['ro-crate-metadata.json']);
    const waiting = [...reached];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop())
      for (const value of Object.values(c.byId.get(id) ?? {}).flat())
        if (typeof value === 'object' && value !== null)
          for (const next of refsIn(value))
            if (c.byId.has(next) && !reached.has(next)) {
              reached.add(next);
              waiting.push(next);
            }
    expect(
      c.entities.map((entity) => entity['@id']).filter((id) => !reached.has(id) && id !== '#weir'),
    ).toEqual([]);
  });

  it('has a main workflow in a described language (Workflow RO-Crate 1.0)', () => {
    const c = crate(name);
    const workflow = one(c, root(c)['mainEntity']);
    expect(typesOf(workflow)).toEqual(
      expect.arrayContaining(['File', 'SoftwareSourceCode', 'ComputationalWorkflow']),
    );
    expect(refsIn(root(c)['hasPart'])).toContain(workflow['@id']);
    expect(workflow['name']).toBeTruthy();
    const language = one(c, workflow['programmingLanguage']);
    expect(typesOf(language)).toEqual(['ComputerLanguage']);
    expect(language['name']).toBeTruthy();
    expect(language['url']).toMatch(/^https:/);
    expect(refsIn(root(c)['license'])).toHaveLength(1);
  });

  it('names the profiles it follows, with their versions (Process and Workflow Run Crate 0.5)', () => {
    const c = crate(name);
    const profiles = refsIn(root(c)['conformsTo']);
    expect(profiles).toEqual(
      expect.arrayContaining([
        'https://w3id.org/ro/wfrun/process/0.5',
        'https://w3id.org/ro/wfrun/workflow/0.5',
        'https://w3id.org/workflowhub/workflow-ro-crate/1.0',
        'https://w3id.org/ro/wfrun/provenance/0.5',
      ]),
    );
    for (const id of profiles) {
      expect(typesOf(c.byId.get(id))).toEqual(['CreativeWork']);
      expect(c.byId.get(id)?.['version']).toBeTruthy();
    }
  });

  it('tells the run as an action of the workflow, with times, status, what went in and what came out', () => {
    const c = crate(name);
    const it = action(c);
    expect(typesOf(it)).toEqual(['CreateAction']);
    expect(it['name']).toBeTruthy();
    expect(refsIn(it['instrument'])).toEqual(refsIn(root(c)['mainEntity']));
    expect(it['startTime']).toMatch(ISO);
    expect(it['endTime']).toMatch(ISO);
    const status = name === 'failed' ? 'Failed' : 'Completed';
    expect(it['actionStatus']).toBe(`http://schema.org/${status}ActionStatus`);
    for (const id of [...refsIn(it['object']), ...refsIn(it['result'])])
      expect(typesOf(c.byId.get(id))).toContain('File');
    if (name === 'failed') return;
    const oids = (value: unknown) => refsIn(value).map((id) => c.byId.get(id)?.['identifier']);
    expect(oids(it['object'])).toEqual(['in']);
    expect(oids(it['result'])).toEqual(['out of/it é']);
  });
});

describe.each(CASES)('the runs of applications in the crate of the %s session', (name) => {
  const ofType = (type: string) => crate(name).entities.filter((entity) => typesOf(entity).includes(type));

  it('are actions of tools, started for steps of the workflow by the engine (Provenance Run Crate 0.5)', () => {
    const c = crate(name);
    const workflow = one(c, root(c)['mainEntity']);
    expect(typesOf(workflow)).toContain('HowTo');
    const steps = refsIn(workflow['step']);
    const tools = refsIn(workflow['hasPart']);
    expect(steps.length).toBeGreaterThan(0);
    expect(ofType('HowToStep').map((step) => step['@id'])).toEqual(steps);
    for (const step of ofType('HowToStep')) {
      expect(tools).toContain(one(c, step['workExample'])['@id']);
      expect(step['position']).toMatch(/^\d+$/);
    }
    const [engine, ...more] = ofType('OrganizeAction');
    expect(more).toEqual([]);
    expect(one(c, engine?.['instrument'])['@id']).toBe('#weir');
    expect(one(c, engine?.['result'])).toBe(action(c));
    const controls = refsIn(engine?.['object']).map((id) => c.byId.get(id) as Entity);
    expect(controls).toEqual(ofType('ControlAction'));
    const runs = controls.map((control) => one(c, control['object']));
    for (const [i, control] of controls.entries()) {
      expect(steps).toContain(one(c, control['instrument'])['@id']);
      expect(tools).toContain(one(c, runs[i]?.['instrument'])['@id']);
    }
    for (const tool of tools) expect(typesOf(c.byId.get(tool))).toEqual(['SoftwareApplication']);
    expect(runs.map((run) => run['identifier'])).toEqual(name === 'failed' ? ['x'] : ['c']);
    const [run] = runs;
    const status = name === 'failed' ? 'Failed' : 'Completed';
    expect(run?.['actionStatus']).toBe(`http://schema.org/${status}ActionStatus`);
    if (name === 'failed') return;
    const oids = (value: unknown) => refsIn(value).map((id) => c.byId.get(id)?.['identifier']);
    expect(oids(run?.['object'])).toEqual(['in']);
    expect(oids(run?.['result'])).toEqual(['out of/it é']);
  });
});

const validator = process.env['WEIR_ROCRATE_VALIDATOR'];
describe('rocrate-validator', () => {
  const profiles = [
    'ro-crate-1.1',
    'process-run-crate-0.5',
    'workflow-run-crate-0.5',
    'provenance-run-crate-0.5',
  ];
  it.skipIf(!validator).each(profiles.flatMap((profile) => CASES.map((name) => [profile, name] as const)))(
    'finds every REQUIRED rule of %s kept by the crate of the %s session (skipped without WEIR_ROCRATE_VALIDATOR)',
    async (profile, name) => {
      const where = path.join(folder, `${name}-${profile}`);
      for (const [file, bytes] of crate(name).files) {
        await mkdir(path.dirname(path.join(where, file)), { recursive: true });
        await writeFile(path.join(where, file), bytes);
      }
      const report = path.join(folder, `${name}-${profile}.json`);
      const args = [
        'validate',
        '-p',
        profile,
        '-l',
        'required',
        '-f',
        'json',
        '--no-paging',
        '-o',
        report,
        where,
      ];
      await promisify(execFile)(validator as string, args).catch(() => undefined);
      const { issues } = JSON.parse(await readFile(report, 'utf8')) as { issues: { message: string }[] };
      expect(issues.map(({ message }) => message)).toEqual([]);
    },
    60_000,
  );
});

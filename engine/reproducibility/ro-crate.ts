/**
 * The metadata of a bundle: RO-Crate 1.1 JSON-LD, profile Workflow Run Crate 0.5, of our own writing. The graph is the
 * workflow, the session the action that ran it, outputs its results. Where the runs of applications can be told one by one
 * (provenance-crate.ts), it is a Provenance Run Crate 0.5, too.
 */

import { PROVENANCE_PROFILE, toldRuns, type ToldRuns } from './provenance-crate.ts';
import type { SessionFacts } from './session-seal.ts';

const CONTEXT = ['https://w3id.org/ro/crate/1.1/context', 'https://w3id.org/ro/terms/workflow-run/context'];
const CRATE_SPEC = 'https://w3id.org/ro/crate/1.1';
const PROFILES = [
  ['https://w3id.org/ro/wfrun/process/0.5', 'Process Run Crate', '0.5'],
  ['https://w3id.org/ro/wfrun/workflow/0.5', 'Workflow Run Crate', '0.5'],
  ['https://w3id.org/workflowhub/workflow-ro-crate/1.0', 'Workflow RO-Crate', '1.0'],
] as const;
const LANGUAGE_ID = 'https://daliuge.readthedocs.io/#graph';

/** A file of the bundle as the metadata describes it. */
export interface CrateFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly name: string;
  readonly encodingFormat: string;
  /** `input` and `output`: the content of a data drop that was given to the session, or that it made. */
  readonly role: 'workflow' | 'input' | 'output' | 'record' | 'other';
  /** For contents: the drop that holds it. */
  readonly oid?: string;
}

export interface CrateFacts {
  readonly facts: SessionFacts;
  readonly files: readonly CrateFile[];
  /** Canonical texts of the records. */
  readonly recordTexts: readonly string[];
  readonly exportedAtMs: number;
  /** Who is responsible for the run, if the user has said so; shown as a Person. */
  readonly agentName?: string;
  /** SPDX identifier or URL; default states that no licence was given. */
  readonly license?: string;
}

type Entity = Record<string, unknown>;
const ref = (id: string): { '@id': string } => ({ '@id': id });

/** A path as a relative URI reference. */
function fileId(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Time to the second; the records have the milliseconds. */
const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
/** RO-Crate wants a single value where there is one. */
const oneOrMany = <T>(list: readonly T[]): T | readonly T[] => (list.length === 1 ? (list[0] as T) : list);

/** Ends of sessions in schema.org's words. */
function actionStatus(status: string): string {
  if (status === 'FINISHED') return 'http://schema.org/CompletedActionStatus';
  return status === 'RUNNING'
    ? 'http://schema.org/ActiveActionStatus'
    : 'http://schema.org/FailedActionStatus';
}

const WORKFLOW = ['File', 'SoftwareSourceCode', 'ComputationalWorkflow'];

function fileEntity(file: CrateFile, graphSha256: string, runs: ToldRuns | undefined): Entity {
  const isWorkflow = file.role === 'workflow';
  const type = runs ? [...WORKFLOW, 'HowTo'] : WORKFLOW;
  return {
    '@id': fileId(file.path),
    '@type': isWorkflow ? type : 'File',
    name: file.name,
    encodingFormat: file.encodingFormat,
    contentSize: String(file.sizeBytes),
    sha256: file.sha256,
    ...(isWorkflow && { programmingLanguage: ref(LANGUAGE_ID), version: graphSha256, ...runs?.workflow }),
    ...(file.oid !== undefined && { identifier: file.oid }),
  };
}

const profilesOf = (runs: ToldRuns | undefined) => (runs ? [...PROFILES, PROVENANCE_PROFILE] : PROFILES);

function rootEntity(
  crate: CrateFacts,
  workflowId: string | undefined,
  licenseId: string,
  runs: ToldRuns | undefined,
): Entity {
  const { facts } = crate;
  return {
    '@id': './',
    '@type': 'Dataset',
    name: `Session ${facts.sessionId} of ${facts.graphName}`,
    description:
      `Execution record of the DALiuGE graph "${facts.graphName}" with ${facts.drops} drops, ` +
      `ended ${facts.status}, sealed by Weir ${facts.weirVersion}.`,
    datePublished: iso(crate.exportedAtMs),
    license: ref(licenseId),
    conformsTo: profilesOf(runs).map(([id]) => ref(id)),
    hasPart: crate.files.map((file) => ref(fileId(file.path))),
    mentions: oneOrMany(['#session', ...(runs?.actions ?? [])].map(ref)),
    ...(workflowId !== undefined && { mainEntity: ref(workflowId) }),
  };
}

function actionEntity(crate: CrateFacts, workflowId: string | undefined): Entity {
  const { facts } = crate;
  const refsOf = (role: CrateFile['role']) =>
    crate.files.filter((file) => file.role === role).map((file) => ref(fileId(file.path)));
  const [inputs, outputs] = [refsOf('input'), refsOf('output')];
  return {
    '@id': '#session',
    '@type': 'CreateAction',
    name: `Execution of ${facts.graphName} as session ${facts.sessionId}`,
    description: `Ran ${facts.drops} drops with R-mode ${facts.rmode} and ended ${facts.status}.`,
    identifier: facts.runId,
    startTime: iso(facts.createdAtMs),
    endTime: iso(facts.finishedAtMs),
    actionStatus: actionStatus(facts.status),
    instrument: ref(workflowId ?? '#weir'),
    ...(inputs.length > 0 && { object: oneOrMany(inputs) }),
    ...(outputs.length > 0 && { result: oneOrMany(outputs) }),
    ...(crate.agentName !== undefined && { agent: ref('#agent') }),
  };
}

/** The document `ro-crate-metadata.json`. The time of export comes from the caller. */
export function roCrateMetadata(crate: CrateFacts): { '@context': unknown; '@graph': readonly Entity[] } {
  const workflow = crate.files.find((file) => file.role === 'workflow');
  const workflowId = workflow && fileId(workflow.path);
  const license = crate.license ?? '#no-license';
  const licenseId =
    license.startsWith('#') || license.includes('://') ? license : `https://spdx.org/licenses/${license}`;
  const fileOf = new Map(
    crate.files.flatMap(({ oid, path }) => (oid === undefined ? [] : [[oid, fileId(path)] as const])),
  );
  const runs = workflow && toldRuns(crate.recordTexts, fileOf, '#session', '#weir');
  const graph: Entity[] = [
    {
      '@id': 'ro-crate-metadata.json',
      '@type': 'CreativeWork',
      conformsTo: [ref(CRATE_SPEC), ref('https://w3id.org/workflowhub/workflow-ro-crate/1.0')],
      about: ref('./'),
    },
    rootEntity(crate, workflowId, licenseId, runs),
    ...profilesOf(runs).map(([id, name, version]) => ({ '@id': id, '@type': 'CreativeWork', name, version })),
    ...crate.files.map((file) => fileEntity(file, crate.facts.graphSha256, runs)),
    actionEntity(crate, workflowId),
    ...(runs?.entities ?? []),
    {
      '@id': '#weir',
      '@type': 'SoftwareApplication',
      name: 'Weir',
      softwareVersion: crate.facts.weirVersion,
    },
    {
      '@id': LANGUAGE_ID,
      '@type': 'ComputerLanguage',
      name: 'DALiuGE graph',
      url: 'https://daliuge.readthedocs.io/',
    },
    {
      '@id': licenseId,
      '@type': 'CreativeWork',
      name: crate.license ?? 'No licence was stated',
      description:
        crate.license === undefined
          ? 'The person who exported this session did not state a licence.'
          : `The contents are under ${crate.license}.`,
    },
  ];
  if (crate.agentName !== undefined)
    graph.push({ '@id': '#agent', '@type': 'Person', name: crate.agentName });
  return { '@context': CONTEXT, '@graph': graph };
}

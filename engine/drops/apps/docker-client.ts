/** The connection to Docker of one Host, and what is known of its images. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { InvalidDropException, messageOf, WeirError } from '../../protocol/index.ts';
import { ServiceKey, type DropContext } from '../context.ts';
import { untilAborted } from './wait.ts';

/** As upstream's client. */
const ANSWER_SECONDS = 60;

/** Client options: DOCKER_HOST and its like, or the file dlg.settings below DLG_ROOT. */
async function makeClient(context: DropContext): Promise<Docker> {
  // Loaded by the first container only: it is large.
  const { default: Client } = await import('dockerode');
  const file = path.join(context.dlgRoot, 'dlg.settings');
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const host = context.env['DOCKER_HOST'];
  const usual = host?.startsWith('unix://') ? { socketPath: host.slice('unix://'.length) } : undefined;
  try {
    const settings = JSON.parse(text) as { docker?: Docker.DockerOptions };
    return new Client(settings.docker ?? usual);
  } catch (cause) {
    throw new InvalidDropException(`The settings in ${file} must be a JSON map: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** The Docker client of one Host. */
export const dockerClient = new ServiceKey<Promise<Docker>>('Docker client', makeClient);

/** Seconds Docker may take to answer a question; DOCKER_CLIENT_TIMEOUT names others than 60. */
export function answerSeconds(context: DropContext): number {
  return Number(context.env['DOCKER_CLIENT_TIMEOUT']) || ANSWER_SECONDS;
}

/** Between two things it says of a pull Docker may take this many times what it takes for an answer. */
const PULL_ANSWERS = 10;

/** Pulls an image. Rejects where Docker cannot, says nothing for long, or breaks off. */
export async function pullImage(
  docker: Docker,
  name: string,
  context: DropContext,
  signal: AbortSignal,
): Promise<void> {
  const seconds = PULL_ANSWERS * answerSeconds(context);
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new WeirError('TIMEOUT', `Docker said nothing for ${seconds} s.`)),
    seconds * 1000,
  );
  const over = AbortSignal.any([signal, late.signal]);
  const progress = docker.pull(name);
  try {
    const heard = (): void => void timer.refresh();
    await untilAborted(
      progress.then((stream) => listenTo(stream, heard)),
      over,
    );
  } finally {
    clearTimeout(timer);
    progress.then(
      (stream) => (stream as Readable).destroy(),
      () => undefined,
    );
  }
}

async function listenTo(stream: NodeJS.ReadableStream, heard: () => void): Promise<void> {
  let rest = '';
  for await (const chunk of stream) {
    heard();
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() as string;
    lines.forEach(expectProgress);
  }
  expectProgress(rest);
}

function expectProgress(line: string): void {
  if (line.trim() === '') return;
  let said: { readonly error?: string };
  try {
    said = JSON.parse(line) as typeof said;
  } catch (cause) {
    throw new WeirError('REMOTE', `What answers is no Docker, but says ${line.slice(0, 80)}`, { cause });
  }
  if (said.error !== undefined) throw new WeirError('REMOTE', said.error);
}

/** What says which image ran: its id, and the digest of the registry it came from where it has one. */
export function imageFacts(image: Docker.ImageInspectInfo): {
  readonly imageId: string;
  readonly imageDigest?: string;
} {
  const [digest] = image.RepoDigests ?? [];
  return { imageId: image.Id, ...(digest && { imageDigest: digest }) };
}

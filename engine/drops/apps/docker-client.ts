/** The connection to Docker of one Host, and what is known of its images. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import { InvalidDropException, messageOf } from '../../protocol/index.ts';
import { ServiceKey, type DropContext } from '../context.ts';

/** As upstream's client. */
const ANSWER_SECONDS = 60;

/** Client options: DOCKER_HOST and its like, or the file dlg.settings below DLG_ROOT. */
async function makeClient(context: DropContext): Promise<Docker> {
  // Loaded by the first container only: it is large.
  const { default: Client } = await import('dockerode');
  const file = path.join(context.dlgRoot, 'dlg.settings');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    const host = context.env['DOCKER_HOST'];
    return new Client(host?.startsWith('unix://') ? { socketPath: host.slice('unix://'.length) } : undefined);
  }
  try {
    const settings = JSON.parse(text) as { docker?: Docker.DockerOptions };
    return new Client(settings.docker ?? {});
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

/** What says which image ran: its id, and the digest of the registry it came from where it has one. */
export function imageFacts(image: Docker.ImageInspectInfo): {
  readonly imageId: string;
  readonly imageDigest?: string;
} {
  const [digest] = image.RepoDigests ?? [];
  return { imageId: image.Id, ...(digest && { imageDigest: digest }) };
}

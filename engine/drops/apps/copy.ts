/** Copying from inputs to outputs: files and memory by content, containers by their children, directories as trees. */
import { cp } from 'node:fs/promises';
import { InvalidDropException } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { DirectoryDROP } from '../data/index.ts';
import type { AbstractDROP } from '../drop.ts';
import { makeDirectories } from '../util/make-directory.ts';
import { describeApp } from './python-values.ts';

interface Container {
  readonly children: readonly AbstractDROP[];
}

function isContainer(drop: AbstractDROP): drop is AbstractDROP & Container {
  return Array.isArray((drop as Partial<Container>).children);
}

/**
 * Appends each input's content to every output; inputs in order. `onBytes` hears of every piece. Stops when the
 * application is cancelled. Throws InvalidDropException where a directory meets an output that is none.
 */
export async function copyInputs(
  app: AppDROP,
  bufferBytes: number,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> {
  for (const input of app.inputs) await copyDrop(app, input, bufferBytes, onBytes);
}

async function copyDrop(
  app: AppDROP,
  source: DataDROP,
  bufferBytes: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  if (source instanceof DirectoryDROP) return copyDirectory(app, source);
  if (isContainer(source)) {
    for (const child of source.children) await copyDrop(app, child as DataDROP, bufferBytes, onBytes);
    return;
  }
  const { outputs, signal } = app;
  // Text stays text: a text drop would keep bytes as base64.
  const decoder = source.buftype === 'str' ? new TextDecoder() : undefined;
  for await (const chunk of source.stream(bufferBytes)) {
    if (signal.aborted) return;
    const piece = decoder ? decoder.decode(chunk, { stream: true }) : chunk;
    for (const output of outputs) await output.writeOrThrow(piece);
    onBytes(chunk.length);
  }
}

async function copyDirectory(app: AppDROP, source: DirectoryDROP): Promise<void> {
  for (const output of app.outputs) {
    if (!(output instanceof DirectoryDROP))
      throw new InvalidDropException(
        `${describeApp(app)} cannot copy the directory of drop ${source.uid} into ${output.constructor.name} ${output.uid}; link a directory drop as output.`,
        { details: { uid: app.uid, input: source.uid, output: output.uid } },
      );
    await makeDirectories(output.path);
    await cp(source.path, output.path, { recursive: true, force: true });
  }
}

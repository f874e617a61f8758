/** Calls of functions on the wire, and what comes back. */
import type { Frame, FrameHeader } from '../util/frames.ts';
import { PyContent } from './content.ts';
import type { Marshaller } from './marshal.ts';
import type { CallSettings, Encoding, FunctionCall, FunctionResult, FunctionSpec } from './types.ts';
import { carriedOf, type OutDescription, type PythonWorker } from './worker.ts';

/** For messages. */
export function whatOf(call: FunctionCall): string {
  return `${call.function.name || 'a function'} for ${call.label}`;
}

/** Which function a request is about. */
export function functionHeader({ name, code, kept }: FunctionSpec): Readonly<Record<string, unknown>> {
  return { name: name ?? '', ...(code && { code }), ...(kept && { keep: kept.number }) };
}

/** A call as it is sent; bytes of its values become attachments of the marshaller. */
export async function callHeader(call: FunctionCall, marshaller: Marshaller): Promise<FrameHeader> {
  const args = await marshaller.all(call.args);
  const kwargs = await marshaller.named(call.kwargs);
  return {
    t: 'call',
    ...functionHeader(call.function),
    args,
    kwargs,
    out: call.outputs,
    ...(call.wantRecord && { record: true }),
    ...(call.wantDigest && { digest: true }),
    ...(call.wantTruth && { truth: true }),
  };
}

/** What the answer to a call says. */
export function functionResult(worker: PythonWorker, frame: Frame, call: FunctionCall): FunctionResult {
  const { header, attachments } = frame;
  const out = header['out'] as readonly OutDescription[];
  const handle = header['h'] as number | undefined;
  const size = Math.max(0, ...out.map((one) => one.size ?? one.est ?? 0));
  const object = handle === undefined ? undefined : worker.hold(handle, call.label, size);
  const contents = new Map<Encoding, PyContent>();
  for (const one of out) {
    const carried = one.est === undefined ? carriedOf(one, attachments) : undefined;
    const digest = one.sha256 === undefined ? undefined : { sizeBytes: one.est ?? 0, sha256: one.sha256 };
    contents.set(one.enc, new PyContent(one.enc, carried, object, digest));
  }
  return {
    contents,
    nothingIn: new Set(out.filter((one) => one.nothing === true).map((one) => one.enc)),
    typeName: String(header['type']),
    record: header['record'] as string | undefined,
    truth: header['truth'] as boolean | undefined,
    text: header['text'] as string | undefined,
    seconds: Number(header['seconds']),
  };
}

/** What is set up around a request. */
export function surroundings(settings: CallSettings): Readonly<Record<string, unknown>> {
  return {
    ...(settings.cwd !== undefined && { cwd: settings.cwd }),
    ...(settings.env && { env: settings.env }),
    ...(settings.path && { path: settings.path }),
    ...(settings.scratchDir !== undefined && { scratch: settings.scratchDir }),
  };
}

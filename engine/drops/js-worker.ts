/** The thread that runs functions in JavaScript: loads, calls, encodes. A worker_threads entry. */
import { parentPort } from 'node:worker_threads';
import type { JsArgument, JsJob, JsReply } from './apps/js-protocol.ts';
import { signatureOf, type Signature } from './apps/js-signature.ts';
import { decodeJs, encodeJs, toJs } from './apps/js-values.ts';
import { readPickle } from './pickle/index.ts';

type AnyFunction = (...args: unknown[]) => unknown;

async function load(job: JsJob): Promise<AnyFunction> {
  const url = job.module ?? `data:text/javascript;base64,${Buffer.from(moduleText(job)).toString('base64')}`;
  const loaded = (await import(url)) as Record<string, unknown>;
  const wanted = job.module === undefined && !Object.hasOwn(loaded, job.name) ? 'default' : job.name;
  const found = loaded[wanted];
  if (typeof found === 'function') return found as AnyFunction;
  const exported = Object.keys(loaded).filter((name) => typeof loaded[name] === 'function');
  throw new TypeError(
    `There is no function "${wanted}" in ${job.module ?? 'the given code'}; it exports ${exported.join(', ') || 'no functions'}.`,
  );
}

/** Source of a function, made a module: with exports as it is, else its named declaration, else an expression. */
function moduleText({ code = '', name }: JsJob): string {
  if (/^\s*export\b/m.test(code)) return code;
  const isDeclared = new RegExp(`\\b(?:function\\*?|const|let|var|class)\\s+${escaped(name)}\\b`).test(code);
  if (isDeclared && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name))
    return `${code}\nexport { ${name} };`;
  return `export default (\n${code}\n);`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function valueOf(arg: JsArgument): unknown {
  if (arg.kind === 'value') return arg.value;
  try {
    return arg.kind === 'default' ? toJs(readPickle(arg.bytes)) : decodeJs(arg.bytes, arg.encoding);
  } catch (cause) {
    const which = arg.name === null ? 'An argument by position' : `The argument "${arg.name}"`;
    throw new TypeError(
      `${which} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/**
 * The arguments of a call: by name where the function names them, the unnamed into what is free, in order. What the
 * function does not take is not even decoded.
 */
export function bind(signature: Signature, args: readonly JsArgument[]): { list: unknown[]; used: string[] } {
  const named = new Map<string, JsArgument>();
  const unnamed: JsArgument[] = [];
  for (const arg of args) {
    if (arg.name === null || arg.name.startsWith('...')) unnamed.push(arg);
    else if (signature.names === undefined || signature.names.includes(arg.name)) named.set(arg.name, arg);
  }
  const used = [...named.keys()];
  if (signature.names === undefined) {
    const all = Object.fromEntries([...named].map(([name, arg]) => [name, valueOf(arg)]));
    return { list: [all, ...unnamed.map(valueOf)], used };
  }
  const list = signature.names
    .map((name) => named.get(name) ?? unnamed.shift())
    .map((arg) => arg && valueOf(arg));
  return { list: signature.hasRest ? [...list, ...unnamed.map(valueOf)] : list, used };
}

async function perform(job: JsJob): Promise<JsReply> {
  try {
    const fn = await load(job);
    const { list, used } = bind(signatureOf(fn), job.args);
    const result = await fn(...list);
    const encoded = new Map<string, Uint8Array>();
    for (const encoding of job.outputs)
      if (!encoded.has(encoding)) encoded.set(encoding, encodeJs(result, encoding));
    return { ok: true, results: job.outputs.map((encoding) => encoded.get(encoding) as Uint8Array), used };
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    return { ok: false, name, message, stack: stack ?? '' };
  }
}

/** Resolves when the Host has taken what was printed: output belongs to the job that made it. */
function printed(): Promise<unknown> {
  return Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
  );
}

async function performAndPrint(job: JsJob): Promise<JsReply> {
  const reply = await perform(job);
  await printed();
  return reply;
}

parentPort?.on('message', (job: JsJob) => {
  performAndPrint(job).then(
    (reply) => parentPort?.postMessage(reply),
    // Only a reply that cannot be sent ends here; the Host must not wait for it.
    (error: unknown) =>
      parentPort?.postMessage({
        ok: false,
        name: 'Error',
        message: String(error),
        stack: '',
      } satisfies JsReply),
  );
});

/** Turns arguments into what a particular worker can take. */
import type { PyObject } from './content.ts';
import type { NamedArgument, PyArgument } from './types.ts';
import type { PythonWorker } from './worker.ts';

type WireArgument = Readonly<Record<string, unknown>>;

export class Marshaller {
  readonly attachments: Uint8Array[] = [];
  readonly #worker: PythonWorker;
  readonly #moved: PyObject[] = [];

  constructor(worker: PythonWorker) {
    this.#worker = worker;
  }

  async all(args: readonly PyArgument[]): Promise<WireArgument[]> {
    const wired: WireArgument[] = [];
    for (const argument of args) {
      const now = this.#now(argument);
      wired.push(now ?? (await this.#later(argument)));
    }
    return wired;
  }

  async named(args: readonly NamedArgument[]): Promise<WireArgument[]> {
    const values = await this.all(args.map((argument) => argument.value));
    return args.map((argument, i) => ({ ...values[i], name: argument.name }));
  }

  /** To be called once the worker has the values. */
  handedOver(): void {
    for (const object of this.#moved) object.moved();
  }

  async done(): Promise<void> {
    this.attachments.length = 0;
  }

  /** The argument where nothing has to be fetched first. */
  #now(argument: PyArgument): WireArgument | undefined {
    switch (argument.kind) {
      case 'json':
        return { k: 'json', v: argument.value ?? null };
      case 'json-text':
        return { k: 'json-text', v: argument.text };
      case 'float':
        return { k: 'float', v: argument.value };
      case 'literal':
        return { k: 'literal', v: argument.text };
      case 'dill64':
        return { k: 'dill64', v: argument.text };
      case 'default':
        return { k: 'default' };
      case 'previous':
        return { k: 'previous', as: argument.writtenAs, enc: argument.encoding };
      case 'bytes':
        return this.#bytes(argument.data, argument.encoding, argument.isText);
      case 'file':
        return {
          k: 'file',
          path: argument.path,
          enc: argument.encoding,
          ...(argument.isText && { text: true }),
        };
      case 'content':
        return this.#held(argument);
    }
  }

  #held({ content, encoding, isLast }: PyArgument & { kind: 'content' }): WireArgument | undefined {
    const { object } = content;
    if (object?.isThere && object.keeper === this.#worker) {
      if (isLast) this.#moved.push(object);
      return {
        k: 'handle',
        h: object.handle,
        as: content.encoding,
        enc: encoding,
        ...(isLast && { move: true }),
      };
    }
    return content.data ? this.#bytes(content.data, encoding, false) : undefined;
  }

  async #later(argument: PyArgument): Promise<WireArgument> {
    const { content, encoding } = argument as PyArgument & { kind: 'content' };
    const carried = await content.carried();
    return carried.kind === 'file'
      ? { k: 'file', path: carried.path, enc: encoding }
      : this.#bytes(carried.data, encoding, false);
  }

  #bytes(data: Uint8Array, encoding: string, isText: boolean | undefined): WireArgument {
    this.attachments.push(data);
    return { k: 'bytes', at: this.attachments.length - 1, enc: encoding, ...(isText && { text: true }) };
  }
}

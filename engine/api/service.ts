/** The three verbs of the contract over a Host: what comes in is checked against the schemas, what goes out is typed. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { WeirError } from '../protocol/index.ts';
import { methods as contract, topics, type MethodName, type TopicName } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import { makeMethods, type Methods } from './methods.ts';
import { Push } from './push.ts';
import { Translations } from './translations.ts';

interface Problem {
  readonly instancePath: string;
  readonly message: string;
}
interface Check {
  Check(value: unknown): boolean;
  Errors(value: unknown): readonly Problem[];
}

export class ApiService {
  readonly #methods: Methods;
  readonly #push: Push;
  readonly #translations = new Translations();
  readonly #checks = new Map<string, Check>();

  constructor(deps: ApiDeps) {
    this.#methods = makeMethods(deps, this.#translations);
    this.#push = new Push(deps);
  }

  /** Calls a method of the contract. Rejects with a WeirError: USAGE for a call that does not fit the contract. */
  async call(method: string, params: unknown): Promise<unknown> {
    if (!Object.hasOwn(contract, method))
      throw new WeirError('USAGE', `There is no method "${method}".`, { details: { method } });
    const name = method as MethodName;
    this.#expect(`method ${method}`, contract[name].params, params ?? {});
    const result = await (this.#methods[name] as (params: unknown) => Promise<unknown>)(params ?? {});
    if (name === 'sessions.delete') this.#push.removed((params as { sessionId: string }).sessionId);
    return result;
  }

  /** Watches a topic of the contract until the returned function is called. Throws USAGE. */
  subscribe(topic: string, params: unknown, listener: (message: unknown) => void): () => void {
    if (!Object.hasOwn(topics, topic))
      throw new WeirError('USAGE', `There is no topic "${topic}".`, { details: { topic } });
    const name = topic as TopicName;
    this.#expect(`topic ${topic}`, topics[name].params, params ?? {});
    if (name === 'translation')
      return this.#translations.watch((params as { ticket: string }).ticket, listener);
    return this.#push.subscribe(name, params ?? {}, listener);
  }

  close(): void {
    this.#push.close();
    this.#translations.close();
  }

  #expect(what: string, schema: TSchema, value: unknown): void {
    let check = this.#checks.get(what);
    if (!check) {
      check = Compile(schema);
      this.#checks.set(what, check);
    }
    if (check.Check(value)) return;
    const first = [...check.Errors(value)][0];
    throw new WeirError(
      'USAGE',
      `The parameters of ${what} do not fit: ${first?.instancePath || 'they'} ${first?.message ?? 'are of the wrong shape'}.`,
      {
        details: { what, path: first?.instancePath ?? '' },
      },
    );
  }
}

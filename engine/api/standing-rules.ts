/**
 * Standing rules of retention: kept in the settings of the data folder, carried out when a Host starts and whenever one of
 * its sessions has been recorded. None by default. What they take is an entry of the log, as what a person takes.
 */
import { Compile } from 'typebox/compile';
import { Type } from 'typebox';
import { WeirError } from '../protocol/index.ts';
import type { Session } from '../session/index.ts';
import type { ApiDeps } from './deps.ts';
import { Rule, type RetentionRule } from './history-contract.ts';
import { adoptEarlier } from './retention-acts.ts';
import { prune } from './retention.ts';

/** The name of the rules among the settings. */
const SETTING = 'retention';
const Rules = Type.Array(Rule, { maxItems: 100 });

/** The rules as they are set. Throws USAGE, naming the rule, for what is none. */
export async function readRules(deps: ApiDeps): Promise<readonly RetentionRule[]> {
  const rules = (await deps.settings?.read())?.[SETTING] ?? [];
  checkRules(rules, deps.settings?.file ?? 'the settings');
  return rules;
}

export async function writeRules(deps: ApiDeps, rules: readonly RetentionRule[]): Promise<void> {
  checkRules(rules, 'the call');
  if (deps.settings === undefined)
    throw new WeirError('USAGE', 'This Host has no settings, so it keeps no standing rules.');
  await deps.settings.write(SETTING, rules);
}

let checker: ReturnType<typeof Compile<typeof Rules>> | undefined;

function checkRules(rules: unknown, where: string): asserts rules is RetentionRule[] {
  checker ??= Compile(Rules);
  if (!checker.Check(rules)) {
    const [first] = checker.Errors(rules);
    throw new WeirError(
      'USAGE',
      `The rules of retention in ${where} do not fit: ${first?.instancePath || 'they'} ${first?.message ?? 'are of the wrong shape'}. No rule is carried out until that is mended.`,
      { details: { where, path: first?.instancePath ?? '' } },
    );
  }
  for (const [i, rule] of rules.entries())
    if (rule.olderThanMs === undefined && rule.keep === undefined && rule.maxBytes === undefined)
      throw new WeirError(
        'USAGE',
        `Rule ${i + 1} of retention in ${where} says neither how old (olderThanMs) nor how many (keep) nor how large (maxBytes). No rule is carried out until that is mended.`,
        { details: { where, rule: i } },
      );
}

/** Carries the rules out, one time after the other; what comes while they are carried out makes one more time. */
export class StandingRules {
  readonly #deps: ApiDeps;
  readonly #onProblem: (error: unknown) => void;
  readonly #ended = new WeakSet<Session>();
  readonly #stop: () => void;
  #work: Promise<void> = Promise.resolve();
  #isDue = false;
  #isClosed = false;

  constructor(deps: ApiDeps, onProblem: (error: unknown) => void) {
    this.#deps = deps;
    this.#onProblem = onProblem;
    this.#stop = deps.manager.subscribe((session) => this.#changed(session));
    this.#work = adoptEarlier(deps).catch(onProblem);
    void this.apply();
  }

  /** Resolves when the rules, as they are now, have been carried out. */
  apply(): Promise<void> {
    if (this.#isDue || this.#isClosed) return this.#work;
    this.#isDue = true;
    this.#work = this.#work.then(async () => {
      this.#isDue = false;
      if (this.#isClosed) return;
      await this.#carryOut().catch(this.#onProblem);
    });
    return this.#work;
  }

  async #carryOut(): Promise<void> {
    for (const rule of await readRules(this.#deps)) {
      const { skipped } = await prune(this.#deps, rule, 'rules');
      for (const { sessionId, message } of skipped)
        this.#onProblem(
          new WeirError('SESSION_STATE', `Retention leaves session ${sessionId} as it is: ${message}`, {
            details: { sessionId },
          }),
        );
    }
  }

  #changed(session: Session): void {
    if (!session.isOver || this.#ended.has(session)) return;
    this.#ended.add(session);
    void session.recorded().then(() => this.apply());
  }

  /** Waits for what was begun; sessions that have ended until now were the last that are seen to. */
  async close(): Promise<void> {
    this.#stop();
    await this.#work;
    this.#isClosed = true;
  }
}

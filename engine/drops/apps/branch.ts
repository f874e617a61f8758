/** Branches: one of two outputs goes on, the other is skipped (spec/engine.md 6.10). */
import { InvalidDropException } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { boolParam, readParams } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { describeApp } from './python-values.ts';

/**
 * The base of branches. The order of the outputs decides, not their names: the first goes on when the condition
 * holds, the second when it does not. Nothing is copied.
 */
export class BranchAppDrop extends BarrierAppDROP {
  #taken: boolean | undefined;

  /** Which way it went in the last run. */
  override get facts(): Readonly<Record<string, unknown>> {
    return this.#taken === undefined ? {} : { condition: this.#taken };
  }

  override async run(): Promise<void> {
    const [whenTrue, whenFalse, ...more] = this.outputs;
    if (!whenTrue || !whenFalse || more.length > 0)
      throw new InvalidDropException(
        `${describeApp(this)} is a branch and needs exactly two outputs, but has ${this.outputs.length}.`,
        { details: { uid: this.uid, outputs: this.outputs.length } },
      );
    this.#taken = await this.condition();
    await (this.#taken ? whenFalse : whenTrue).skip();
  }

  /** Whether the first output goes on. */
  condition(): boolean | Promise<boolean> {
    throw new InvalidDropException(
      `${describeApp(this)} is a branch without a condition; use SimpleBranch or Branch.`,
      { details: { uid: this.uid } },
    );
  }
}

const SIMPLE = { result: boolParam('result', true, 'Whether the first output goes on') } as const;

/** A branch whose way is a parameter. */
export class SimpleBranch extends BranchAppDrop {
  readonly #result: boolean;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#result = readParams(SIMPLE, kwargs, this.uid).result;
  }

  override condition(): boolean {
    return this.#result;
  }
}

registerDrop(BranchAppDrop, 'dlg.apps.branch.BranchAppDrop');
registerDrop(SimpleBranch, 'dlg.apps.simple.SimpleBranch');

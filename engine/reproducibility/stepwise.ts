/** A verification in steps that never throws for what it verifies: every step that fails is noted with its reason. */
import { messageOf } from '../protocol/index.ts';

export class Stepwise<Step extends string> {
  readonly problems: { readonly step: Step; readonly message: string }[] = [];
  /** Steps that were tried. */
  checked = 0;

  /** What the check gives, or undefined where it throws. */
  readonly attempt = <T>(step: Step, check: () => T): T | undefined => {
    this.checked++;
    try {
      return check();
    } catch (error) {
      this.problems.push({ step, message: messageOf(error) });
      return undefined;
    }
  };
}

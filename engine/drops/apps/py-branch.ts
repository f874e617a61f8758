/** A branch whose condition is a Python function (seed `dlg.apps.simple.Branch`, spec/engine.md 6.10). */
import { InvalidDropException } from '../../protocol/index.ts';
import type { DataDROP } from '../data-drop.ts';
import { fromJson } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { namedPorts, readableDrop } from './named-ports.ts';
import { PyFuncApp } from './pyfunc.ts';
import { describeApp, saveValue } from './python-values.ts';

/** The argument that is passed on. */
const PASSED_ON = 'x';

export class Branch extends PyFuncApp {
  #taken: boolean | undefined;

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#taken === undefined ? super.facts : { ...super.facts, condition: this.#taken };
  }

  override async run(): Promise<void> {
    const ways = { true: this.#way('true'), false: this.#way('false') };
    const result = await this.call([], true);
    // "true" and "false" as texts are answers too; everything else counts by its truth.
    const text = result.text?.toLowerCase();
    this.#taken = text === 'true' || (text !== 'false' && result.truth === true);
    await ways[this.#taken ? 'false' : 'true'].skip();
    await this.#passOn(ways[this.#taken ? 'true' : 'false']);
  }

  /** The output of a way: by the dropspec's `ports`, or else by the port names of its outputs. */
  #way(name: 'true' | 'false'): DataDROP {
    const entry = this.ports.find((port) => port.direction === 'output' && port.name === name);
    const found =
      (entry && this.outputs.find((drop) => drop.oid === entry.oid || drop.uid === entry.oid)) ??
      namedPorts(this, 'outputs').find((port) => port.name === name)?.drops[0];
    if (found) return found;
    throw new InvalidDropException(
      `${describeApp(this)} is a branch and needs an output on a port named "${name}"; name the port in the graph.`,
      { details: { uid: this.uid, port: name } },
    );
  }

  /** Copies the input on port `x` (or the only input); without inputs, the value of parameter `x`. */
  async #passOn(target: DataDROP): Promise<void> {
    const ports = namedPorts(this, 'inputs');
    const port = ports.find((one) => one.name === PASSED_ON) ?? (ports.length === 1 ? ports[0] : undefined);
    const source = (port && readableDrop(port)) ?? (ports.length === 0 ? this.inputs[0] : undefined);
    if (source) {
      for await (const piece of source.stream()) await target.writeOrThrow(piece);
      return;
    }
    if (this.inputs.length > 0)
      throw new InvalidDropException(
        `${describeApp(this)} passes on its input "${PASSED_ON}", but has no port of that name; rename the port that is to be passed on.`,
        { details: { uid: this.uid } },
      );
    await saveValue([target], fromJson(this.parameters[PASSED_ON]));
  }
}

registerDrop(Branch, 'dlg.apps.simple.Branch');

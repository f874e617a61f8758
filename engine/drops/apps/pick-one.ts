/** Taking the first element off a list, for loops (spec/engine.md 6.9). */
import { InvalidDropException } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import { isTruthy, NdArray, PyTuple, typeName, type PyValue } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { itemAt, toArray } from './numpy.ts';
import { orInPython, writeFromPython } from './python-fallback.ts';
import { describeApp, loadValue, saveValue } from './python-values.ts';

/** The name of the drop that gets what is left. */
const REST = 'rest_array';

/** Writes the first element of its input to its outputs, and the rest to those outputs whose drop is called `rest_array`. */
export class PickOne extends BarrierAppDROP {
  override async run(): Promise<void> {
    const [input] = this.inputs;
    if (!input) throw new InvalidDropException(`${describeApp(this)} has no input to pick from; link one.`);
    const forRest = this.outputs.filter(({ name }) => name === REST);
    const forFirst = this.outputs.filter(({ name }) => name !== REST);
    await orInPython(
      this,
      async () => {
        const { first, rest } = this.#pick(input.size === 0 ? [] : await loadValue(input), input.uid);
        await saveValue(forRest, rest);
        await saveValue(forFirst, first);
      },
      () =>
        writeFromPython(this, { operation: 'pick', inputs: [input] }, (i) => (i === 0 ? forFirst : forRest)),
    );
  }

  #pick(value: PyValue, from: string): { first: PyValue; rest: PyValue } {
    const nothing = { first: null, rest: NdArray.of(new Float64Array(0)) };
    const isList = Array.isArray(value) || value instanceof PyTuple || value instanceof NdArray;
    if (!isList) {
      if (!isTruthy(value)) return { first: null, rest: [] };
      throw new InvalidDropException(
        `${describeApp(this)} picks from a list, tuple or array, but input ${from} holds a ${typeName(value)}.`,
        { details: { uid: this.uid, input: from } },
      );
    }
    const array = toArray(value);
    if (array) {
      // An array without dimensions is taken for a list of one.
      const list = array.shape.length === 0 ? new NdArray(array.descr, [1], array.data) : array;
      const count = list.shape[0] as number;
      return count === 0 ? nothing : { first: itemAt(list, 0), rest: list.slice(1, count) };
    }
    const items = value instanceof PyTuple ? value.items : (value as readonly PyValue[]);
    return { first: items[0] ?? null, rest: items.slice(1) };
  }
}

registerDrop(PickOne, 'dlg.apps.simple.PickOne');

/**
 * Python values as applications read them from and write them to data drops. Plain data and numpy arrays only: they
 * need no Python on the machine. What needs the real Python (instances of classes, functions) is refused by name.
 */
import { InvalidEncodingException, messageOf } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { readPickle, writePickle } from '../pickle/index.ts';
import { NumpyScalar, type PyValue } from '../pyrepr/index.ts';

/** The largest content that is read into memory to be understood as a value, in bytes. */
export const MAX_VALUE_BYTES = 1 << 30;

/** The pickled (or dilled) value of a drop; the text of a text drop, which holds no pickle. An empty drop holds None. */
export async function loadValue(drop: DataDROP): Promise<PyValue> {
  const bytes = await drop.contents(MAX_VALUE_BYTES);
  if (drop.buftype === 'str') return Buffer.from(bytes).toString('utf8');
  return bytes.length === 0 ? null : unpickle(bytes, drop);
}

/** The value of pickled bytes. Throws InvalidEncodingException, naming the drop they came from. */
export function unpickle(bytes: Uint8Array, drop: DataDROP): PyValue {
  try {
    return readPickle(bytes);
  } catch (cause) {
    throw new InvalidEncodingException(
      `The content of drop ${drop.uid} cannot be read as a pickled value: ${messageOf(cause)} Choose the encoding its producer writes.`,
      { cause, details: { uid: drop.uid, bytes: bytes.length } },
    );
  }
}

/** Writes one value, pickled, to every output. */
export async function saveValue(outputs: readonly DataDROP[], value: PyValue): Promise<void> {
  if (outputs.length === 0) return;
  const bytes = writePickle(value);
  for (const output of outputs) await output.writeOrThrow(bytes);
}

/** A number out of a Python value or dropspec value; undefined where it is none. */
export function numberOf(value: unknown): number | undefined {
  const plain = value instanceof NumpyScalar ? value.value : value;
  if (typeof plain === 'number') return Number.isNaN(plain) ? undefined : plain;
  if (typeof plain === 'bigint' || typeof plain === 'boolean') return Number(plain);
  if (typeof plain === 'string' && plain.trim() !== '') {
    const number = Number(plain);
    return Number.isNaN(number) ? undefined : number;
  }
  return undefined;
}

/** Which drop of which class, for messages. */
export function describeApp(app: AppDROP): string {
  return `${app.constructor.name} ${app.uid}`;
}

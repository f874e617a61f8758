/** The .npy format of numpy, versions 1 to 3, for arrays of plain types. */
import { InvalidEncodingException } from '../../protocol/index.ts';
import { NeedsPython } from '../pickle/errors.ts';
import { dtypeParts, NdArray, type DtypeParts } from '../pyrepr/ndarray.ts';
import { parseLiteral } from '../pyrepr/literal.ts';
import { PyDict, PyTuple } from '../pyrepr/values.ts';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGNMENT = 64;
/** Room numpy leaves for the first axis to grow. */
const GROWTH_DIGITS = 21;

/** Whether the bytes begin like a .npy file. */
export function isNpy(data: Uint8Array): boolean {
  return data.length >= MAGIC.length && MAGIC.equals(data.subarray(0, MAGIC.length));
}

/**
 * The array of a .npy file. Throws NeedsPython for arrays of objects, dates or records, InvalidEncodingException for
 * damaged files.
 */
export function readNpy(data: Uint8Array): NdArray {
  if (!isNpy(data)) throw damaged('the magic text \\x93NUMPY');
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const version = view[6] ?? 0;
  if (version < 1 || version > 3) throw damaged(`format version 1, 2 or 3, not ${version}`);
  const wide = version > 1;
  const start = wide ? 12 : 10;
  if (view.length < start) throw damaged('a header');
  const end = start + (wide ? view.readUInt32LE(8) : view.readUInt16LE(8));
  if (end > view.length) throw damaged('the whole header');
  const header = parseLiteral(view.toString(version === 3 ? 'utf8' : 'latin1', start, end));
  const { descr, fortran, shape } = headerParts(header);
  const { itemBytes } = partsOf(descr);
  const bytes = shape.reduce((a, b) => a * b, 1) * itemBytes;
  if (view.length - end < bytes) throw damaged(`${bytes} bytes of elements, not ${view.length - end}`);
  return new NdArray(descr, shape, data.subarray(end, end + bytes), fortran);
}

/** The bytes numpy.save writes for the array. */
export function writeNpy(array: NdArray): Uint8Array {
  const shape = array.shape.length === 1 ? `(${String(array.shape[0])},)` : `(${array.shape.join(', ')})`;
  const dict = `{'descr': '${array.descr}', 'fortran_order': ${array.fortranOrder ? 'True' : 'False'}, 'shape': ${shape}, }`;
  const grown = array.shape[array.fortranOrder ? array.shape.length - 1 : 0];
  const spare = grown === undefined ? 0 : GROWTH_DIGITS - String(grown).length;
  const text = dict + ' '.repeat(Math.max(spare, 0));
  const wide = padded(text, 10).length >= 65536;
  const header = padded(text, wide ? 12 : 10);
  const prefix = Buffer.alloc(wide ? 12 : 10);
  MAGIC.copy(prefix);
  prefix[6] = wide ? 2 : 1;
  if (wide) prefix.writeUInt32LE(header.length, 8);
  else prefix.writeUInt16LE(header.length, 8);
  return new Uint8Array(Buffer.concat([prefix, header, array.data]));
}

/** The header text, ended by a line feed so that the elements begin at a multiple of 64. */
function padded(text: string, prefixLength: number): Buffer {
  const used = prefixLength + text.length + 1;
  return Buffer.from(`${text}${' '.repeat(ALIGNMENT - (used % ALIGNMENT))}\n`, 'latin1');
}

function headerParts(header: unknown): { descr: string; fortran: boolean; shape: number[] } {
  if (!(header instanceof PyDict)) throw damaged('a header that is a dict');
  const descr = header.get('descr');
  const fortran = header.get('fortran_order');
  const shape = header.get('shape');
  if (descr === undefined || typeof fortran !== 'boolean' || !(shape instanceof PyTuple))
    throw damaged('the header entries descr, fortran_order and shape');
  if (typeof descr !== 'string') throw new NeedsPython('a numpy array of records');
  const lengths = shape.items.map((length) => {
    if (typeof length !== 'bigint' || length < 0n) throw damaged('a shape of whole numbers');
    return Number(length);
  });
  return { descr, fortran, shape: lengths };
}

function partsOf(descr: string): DtypeParts {
  const parts = dtypeParts(descr);
  if (!parts) throw new NeedsPython(`a numpy array of type "${descr}"`);
  return parts;
}

function damaged(expected: string): InvalidEncodingException {
  return new InvalidEncodingException(`The data is no readable .npy file: ${expected} was expected.`);
}

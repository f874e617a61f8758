/** `str()` of a numpy array as numpy 2 writes it, with its print options as they are by default. */
import { dtypeParts, type DtypeParts, type NdArray } from './ndarray.ts';
import type { PyValue } from './values.ts';

const PRECISION = 8;
const LINE_WIDTH = 75;
/** Longer arrays are cut to so many items at either end of each axis. */
const THRESHOLD = 1000;
const EDGE_ITEMS = 3;

/**
 * `str(array)`; `repr` writes one value as Python does. Undefined for types whose text only numpy makes (complex numbers,
 * half floats).
 */
export function arrayText(array: NdArray, repr: (value: PyValue) => string): string | undefined {
  const { kind, width } = dtypeParts(array.descr) as DtypeParts;
  const items = array.elements();
  if (kind === 'f' && width === 2) return undefined;
  if (array.shape.length === 0) return scalarText(items[0] as PyValue, kind === 'f' && width === 4, repr);
  if (kind === 'c') return undefined;
  const isCut = items.length > THRESHOLD;
  const shown = isCut ? edges(array.shape, items) : items;
  if (items.length === 0) return '[]';
  const texts = formatted(shown, kind, width === 4, repr);
  const cells = isCut ? placed(array.shape, texts) : texts;
  return nested(array.shape, cells, isCut);
}

/** Indices of an axis that are shown; -1 stands for the dots between. */
function shownIndices(length: number, isCut: boolean): number[] {
  const all = Array.from({ length }, (_, i) => i);
  if (!isCut || length <= 2 * EDGE_ITEMS) return all;
  return [...all.slice(0, EDGE_ITEMS), -1, ...all.slice(-EDGE_ITEMS)];
}

/** The positions of all shown items in C order. */
function shownPositions(shape: readonly number[]): number[] {
  return shape.reduce<number[]>(
    (outer, length) =>
      outer.flatMap((at) =>
        shownIndices(length, true)
          .filter((i) => i >= 0)
          .map((i) => at * length + i),
      ),
    [0],
  );
}

function edges(shape: readonly number[], items: readonly PyValue[]): PyValue[] {
  return shownPositions(shape).map((at) => items[at] as PyValue);
}

function placed(shape: readonly number[], texts: readonly string[]): string[] {
  const cells: string[] = [];
  shownPositions(shape).forEach((at, i) => (cells[at] = texts[i] as string));
  return cells;
}

function nested(shape: readonly number[], cells: readonly string[], isCut: boolean): string {
  const write = (axis: number, from: number, indent: string): string => {
    const length = shape[axis];
    if (length === undefined) return cells[from] as string;
    const rest = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const inner = `${indent} `;
    const parts = shownIndices(length, isCut).map((i) =>
      i < 0 ? '...' : write(axis + 1, from + i * rest, inner),
    );
    if (axis < shape.length - 1) return `[${parts.join(`${'\n'.repeat(shape.length - axis - 1)}${inner}`)}]`;
    return `[${wrapped(parts, inner, LINE_WIDTH - shape.length)}]`;
  };
  return write(0, 0, '');
}

/** The items of one row, broken up where a line would be wider than `room`. */
function wrapped(parts: readonly string[], indent: string, room: number): string {
  const lines: string[] = [];
  let line = indent;
  for (const part of parts) {
    if (line.length + part.length > room && line.length > indent.length) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${part} `;
  }
  lines.push(line.slice(0, -1));
  return lines.join('\n').slice(indent.length);
}

/** An array without dimensions is written as the number or text it holds. */
function scalarText(item: PyValue, isSingle: boolean, repr: (value: PyValue) => string): string {
  if (typeof item === 'string') return item;
  return repr(isSingle ? Number(shortest(item as number, true)) : item);
}

function formatted(
  items: readonly PyValue[],
  kind: string,
  isSingle: boolean,
  repr: (value: PyValue) => string,
): string[] {
  if (kind === 'b') return items.map((item) => (item ? ' True' : 'False'));
  if (kind === 'f') return floats(items as readonly number[], isSingle);
  const texts = items.map((item) => (kind === 'i' || kind === 'u' ? String(item as bigint) : repr(item)));
  if (kind !== 'i' && kind !== 'u') return texts;
  const width = Math.max(...texts.map(({ length }) => length));
  return texts.map((text) => text.padStart(width));
}

function floats(items: readonly number[], isSingle: boolean): string[] {
  const finite = items.filter(Number.isFinite);
  const sizes = finite.map(Math.abs).filter((size) => size !== 0);
  const [largest, smallest] = [Math.max(...sizes), Math.min(...sizes)];
  const isScientific = sizes.length > 0 && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000);
  const parts = new Map(
    finite.map((value) => [
      key(value),
      isScientific ? scientific(value, isSingle) : positional(value, isSingle),
    ]),
  );
  const all = [...parts.values()];
  const fraction = Math.max(0, ...all.map(({ fraction: digits }) => digits.length));
  const exponent = Math.max(0, ...all.map(({ exponent: digits }) => digits.length));
  const after = fraction + (isScientific ? exponent : 0);
  const others = items
    .filter((item) => !Number.isFinite(item))
    .map((item) => special(item).length - after - 1);
  const before = Math.max(0, ...all.map(({ whole }) => whole.length), ...others);
  return items.map((item) => {
    const part = parts.get(key(item));
    if (!part) return special(item).padStart(before + after + 1);
    if (!isScientific) return `${part.whole.padStart(before)}.${part.fraction.padEnd(after)}`;
    // All with the same number of digits: those of the value itself, not zeros.
    const digits = toEven(item.toExponential(100), fraction).split('.')[1] ?? '';
    return `${part.whole.padStart(before)}.${digits}${part.exponent.padEnd(exponent)}`;
  });
}

/** A key that tells -0 from 0. */
function key(value: number): number | string {
  return Object.is(value, -0) ? '-0' : value;
}

function special(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

interface FloatParts {
  readonly whole: string;
  /** Digits behind the point, without zeros at the end. */
  readonly fraction: string;
  /** `e+00`; empty where there is none. */
  readonly exponent: string;
}

/** The fewest digits that read back, as mantissa and exponent. */
function shortest(value: number, isSingle: boolean): string {
  if (!isSingle) return value.toExponential();
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(9);
}

function positional(value: number, isSingle: boolean): FloatParts {
  const exact = Number(shortest(value, isSingle));
  const length = fractionLength(exact);
  const text = length > PRECISION ? toEven(value.toFixed(100), PRECISION) : exact.toFixed(length);
  const [whole = '', fraction = ''] = text.split('.');
  const sign = Object.is(value, -0) ? '-' : '';
  return { whole: `${sign}${whole}`, fraction: fraction.replace(/0+$/, ''), exponent: '' };
}

/** All digits of a number, cut to `digits` behind the point; what lies in the middle goes to the even neighbour. */
function toEven(all: string, digits: number): string {
  const [mantissa = '', power] = all.split('e');
  const point = mantissa.indexOf('.');
  const tail = mantissa.slice(point + 1 + digits);
  const isDown =
    /^50*$/.test(tail) &&
    '02468'.includes(
      mantissa
        .slice(0, point + 1 + digits)
        .replace(/\.$/, '')
        .at(-1) ?? '',
    );
  if (isDown) return mantissa.slice(0, point + 1 + digits);
  return power === undefined
    ? Number(all).toFixed(digits)
    : (Number(all).toExponential(digits).split('e')[0] as string);
}

/** How many digits a number has behind the point. */
function fractionLength(value: number): number {
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(power));
}

function scientific(value: number, isSingle: boolean): FloatParts {
  const full = shortest(value, isSingle);
  const digits = (full.split('e')[0] as string).replace('-', '').length - 2;
  const text = digits > PRECISION ? value.toExponential(PRECISION) : full;
  const [mantissa = '', power = '+0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const sign = Object.is(value, -0) ? '-' : '';
  const exponent = `e${power.startsWith('-') ? '-' : '+'}${power.replace(/^[+-]/, '').padStart(2, '0')}`;
  return { whole: `${sign}${whole}`, fraction: fraction.replace(/0+$/, ''), exponent };
}

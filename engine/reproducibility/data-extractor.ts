/**
 * Collects and hashes the data of drops, once per distinct content: in a graph of 100 000 drops only a few differ.
 */

import { extractFields, type FieldTable } from './fields.ts';
import { merkleRoot } from './merkle.ts';
import { keysOf, type PyObject } from './python-json.ts';
import { pythonRepr, tupleText } from './python-repr.ts';

/** Python's text form of the enumeration member that the translator puts in for `categoryType` (spec 8.3). */
export function enumCategoryText(categoryType: string): string {
  return `<CategoryType.${categoryType.toUpperCase()}: '${categoryType}'>`;
}

/** Gives equal data as the same frozen object, with its `merkleroot`. Make one per stage. */
export class DataExtractor {
  readonly #known = new Map<string, PyObject>();

  /**
   * The fields of `table` found in `source`, and their root as `merkleroot`, which is not part of its own hash.
   * `isEnum`: `categoryType` is hashed as an enumeration member, though written as text.
   */
  extract(source: object, table: FieldTable, nameOf: string, isEnum = false): PyObject {
    const key = contentKey(source as PyObject, table, isEnum);
    let data = this.#known.get(key);
    if (data === undefined) {
      const fields = extractFields(source, table, nameOf);
      data = Object.freeze({ ...fields, merkleroot: merkleRoot(leaves(fields, isEnum)) });
      this.#known.set(key, data);
    }
    return data;
  }
}

function leaves(fields: PyObject, isEnum: boolean): string[] {
  return keysOf(fields).map((key) => {
    const value = fields[key];
    if (isEnum && key === 'categoryType' && typeof value === 'string')
      return `('categoryType', ${enumCategoryText(value)})`;
    return tupleText(key, value);
  });
}

function contentKey(source: PyObject, table: FieldTable, isEnum: boolean): string {
  let key = isEnum ? 'e' : '';
  for (const [name, op] of table) {
    const value = Object.hasOwn(source, name) ? source[name] : undefined;
    if (value === undefined || value === null) key += `${name}~`;
    else if (typeof value === 'string') key += `${name}${op}${value.length}:${value}`;
    else key += `${name}${op}!${pythonRepr(value)}`;
  }
  return key;
}

import type { Json } from '../protocol/index.ts';
import { GraphException, shown } from './errors.ts';
import { Category, type LgField, type LgNode } from './logical-graph.ts';

interface Global {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/**
 * Replaces `{name}` in field values by global variables and removes the nodes that define them (spec/translator.md 2.2).
 *
 * A value that is nothing but the placeholder takes the type of the variable; text around it stays text (DALiuGE fails
 * there for any type but String). Throws `global-type-unsupported`, `global-value-not-convertible`.
 */
export function resolveGlobals(nodes: readonly LgNode[]): readonly LgNode[] {
  const globals = nodes.filter((n) => n.category === Category.GLOBAL).flatMap((n) => n.fields.map(globalOf));
  const byName = new Map(globals.map((g) => [g.name, g]));
  const rest = nodes.filter((n) => n.category !== Category.GLOBAL);
  if (byName.size === 0) return rest;
  return rest.map((node) => {
    let changed = false;
    const fields = node.fields.map((field) => {
      const resolved = resolveField(field, byName, node);
      if (resolved !== field) changed = true;
      return resolved;
    });
    return changed ? { ...node, fields } : node;
  });
}

function globalOf(field: LgField): Global {
  return { name: field.name, type: field.type ?? '', text: pythonLikeText(field.value ?? '') };
}

function pythonLikeText(value: Json): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null) return 'None';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function resolveField(field: LgField, globals: ReadonlyMap<string, Global>, node: LgNode): LgField {
  let value: Json | undefined = field.value;
  let type = field.type;
  for (const global of globals.values()) {
    if (global.name === '' || typeof value !== 'string') continue;
    const mark = `{${global.name}}`;
    if (!value.includes(mark)) continue;
    const isWhole = value === mark;
    value = convert(value.replaceAll(mark, global.text), global, isWhole, field, node);
    if (isWhole || global.type === 'String') type = global.type;
  }
  if (value === field.value) return field;
  return { ...field, ...(value === undefined ? {} : { value }), ...(type === undefined ? {} : { type }) };
}

function convert(text: string, global: Global, isWhole: boolean, field: LgField, node: LgNode): Json {
  const fail = (expected: string): never => {
    throw new GraphException(
      'global-value-not-convertible',
      `Expected the global variable "${global.name}" of type ${global.type} to hold ${expected}, found ${shown(text)} ` +
        `(used by field "${field.name}" of node "${node.name}", ${node.id}). Change the variable's value or type.`,
      { nodeId: node.id, nodeName: node.name, fieldName: field.name, expected, found: text },
    );
  };
  switch (global.type) {
    case 'String':
      return text;
    case 'Integer': {
      if (/^\s*[+-]?\d+(_\d+)*\s*$/.test(text)) return Number(text.replaceAll('_', ''));
      return isWhole ? fail('a whole number') : text;
    }
    case 'Float': {
      const number = Number(text.trim());
      if (text.trim() !== '' && Number.isFinite(number)) return number;
      return isWhole ? fail('a number') : text;
    }
    case 'Boolean':
      return isWhole || /^(true|1|false|0)$/i.test(text) ? /^(true|1)$/i.test(text) : text;
    default:
      throw new GraphException(
        'global-type-unsupported',
        `Expected the global variable "${global.name}" to be an Integer, Float, String or Boolean, found the type ` +
          `${shown(global.type)} (used by field "${field.name}" of node "${node.name}", ${node.id}).`,
        { nodeId: node.id, nodeName: node.name, fieldName: field.name, found: global.type },
      );
  }
}

/** TOML as Python writes it (tomli-w): a table for each map, lists with an item on each line, floats as Python has them. */
import { InvalidDropException } from '../../protocol/index.ts';
import { PyDict, pyRepr, pyStr, PyTuple, type PyValue } from '../pyrepr/index.ts';

const INDENT = 4;
const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

/** A map as a TOML document. TOML has no null: such entries are left out. Throws InvalidDropException for what it has no form for. */
export function pythonTomlText(value: PyDict): string {
  const chunks: string[] = [];
  table(value, [], chunks);
  return chunks.join('');
}

function table(dict: PyDict, path: readonly string[], chunks: string[]): void {
  const entries = dict.entries().filter(([, item]) => item !== null);
  const tables = entries.filter(([, item]) => item instanceof PyDict);
  const literals = entries.filter(([, item]) => !(item instanceof PyDict));
  const separate = (): void => {
    if (chunks.length > 0) chunks.push('\n');
  };
  if (path.length > 0 && (literals.length > 0 || tables.length === 0)) {
    separate();
    chunks.push(`[${path.join('.')}]\n`);
  }
  for (const [key, item] of literals) chunks.push(`${keyText(key)} = ${literal(item, 0)}\n`);
  for (const [key, item] of tables) table(item as PyDict, [...path, keyText(key)], chunks);
}

function keyText(key: PyValue): string {
  const text = pyStr(key);
  return /^[\w-]+$/.test(text) ? text : quoted(text);
}

function literal(value: PyValue, depth: number): string {
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return pyRepr(value);
  if (typeof value === 'string') return quoted(value);
  const items = value instanceof PyTuple ? value.items : value;
  if (Array.isArray(items)) return list(items as readonly PyValue[], depth);
  if (value instanceof PyDict) return inlineTable(value, depth);
  throw new InvalidDropException(`A value has no TOML form: ${pyRepr(value).slice(0, 100)}`);
}

function list(items: readonly PyValue[], depth: number): string {
  const kept = items.filter((item) => item !== null);
  if (kept.length === 0) return '[]';
  const inner = ' '.repeat(INDENT * (depth + 1));
  const lines = kept.map((item) => `${inner}${literal(item, depth + 1)},\n`);
  return `[\n${lines.join('')}${' '.repeat(INDENT * depth)}]`;
}

function inlineTable(dict: PyDict, depth: number): string {
  const entries = dict.entries().filter(([, item]) => item !== null);
  if (entries.length === 0) return '{}';
  return `{ ${entries.map(([key, item]) => `${keyText(key)} = ${literal(item, depth)}`).join(', ')} }`;
}

function quoted(text: string): string {
  // eslint-disable-next-line no-control-regex -- exactly these are meant
  const escaped = text.replaceAll(/["\\\x00-\x08\x0a-\x1f\x7f]/g, (letter) => {
    const hex = letter.charCodeAt(0).toString(16).padStart(4, '0');
    return ESCAPES[letter] ?? `\\u${hex}`;
  });
  return `"${escaped}"`;
}

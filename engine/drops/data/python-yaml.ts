/**
 * YAML as Python writes it (PyYAML's `dump` with its defaults): keys in order, texts plain where they cannot be taken for
 * anything else, else in single quotes, beyond ASCII in double quotes, folded behind column 80.
 */
import { InvalidDropException } from '../../protocol/index.ts';
import { PyDict, pyRepr, pyStr, PyTuple, type PyValue } from '../pyrepr/index.ts';

const WIDTH = 80;
const INDENT = 2;

/** What YAML 1.1 would not read as a text where it stands without quotes. */
const OTHER_THAN_TEXT = [
  /^(?:yes|no|true|false|on|off)$/,
  /^(?:Yes|No|True|False|On|Off|YES|NO|TRUE|FALSE|ON|OFF)$/,
  /^(?:~|null|Null|NULL|=|<<|)$/,
  /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/,
  /^(?:[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^\d{4}-\d\d-\d\d$/,
  /^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/,
];

/** Only in double quotes: what is no printable ASCII, and breaks beside spaces. */
const NEEDS_ESCAPES = /[^\n\x20-\x7e]| \n|\n /;
/** A text that begins or ends with space or a break, or has a break at all, cannot stand without quotes. */
const NOT_PLAIN = /^[ \n]|[ \n]$|\n|^(?:---|\.\.\.)|^[#,[\]{}&*!|>'"%@`]|^[?:-](?:\s|$)|:(?:\s|$)|\s#/;

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xa0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

/** A map or list as a YAML document; ends with a line break. Throws InvalidDropException for what YAML has no form for. */
export function pythonYamlText(value: PyValue): string {
  const writer = new Writer();
  if (isCollection(value)) writer.block(value, 0, false);
  else writer.scalar(value, 0);
  return `${writer.text}\n`;
}

class Writer {
  text = '';
  #column = 0;

  /** `isInline`: the first line goes on behind a dash. */
  block(value: PyValue, indent: number, isInline: boolean): void {
    let isFirst = isInline;
    const begin = (): void => {
      if (!isFirst && this.text !== '') this.#line(indent);
      isFirst = false;
    };
    for (const item of itemsOf(value) ?? []) {
      begin();
      this.#put('-');
      if (isCollection(item)) {
        this.#put(' ');
        this.block(item, indent + INDENT, true);
      } else this.scalar(item, indent + INDENT);
    }
    for (const [key, item] of entriesOf(value)) {
      begin();
      this.#put(`${keyText(key)}:`);
      // Lists stand as far to the left as the key they belong to.
      if (!isCollection(item)) this.scalar(item, indent + INDENT);
      else {
        const at = itemsOf(item) ? indent : indent + INDENT;
        this.#line(at);
        this.block(item, at, true);
      }
    }
  }

  scalar(value: PyValue, indent: number): void {
    if (this.text !== '') this.#put(' ');
    if (typeof value !== 'string') return this.#put(scalarText(value));
    if (NEEDS_ESCAPES.test(value)) return this.#escaped(value, indent);
    if (isPlain(value)) return this.#folded(value, indent, '');
    this.#folded(value, indent, "'");
  }

  #put(text: string): void {
    this.text += text;
    this.#column += text.length;
  }

  #line(indent: number): void {
    this.text += `\n${' '.repeat(indent)}`;
    this.#column = indent;
  }

  /** Words and the spaces between them; a single space behind the width of a line becomes its end. */
  #folded(text: string, indent: number, quote: string): void {
    this.#put(quote);
    let at = 0;
    for (const piece of text.match(/ +|\n+|[^ \n]+/g) ?? []) {
      const isInside = quote === '' || (at > 0 && at + piece.length < text.length);
      if (piece === ' ' && this.#column > WIDTH && isInside) this.#line(indent);
      else if (piece.startsWith('\n')) {
        // The first break in a row is one more, as a single one would be read as a space.
        this.text += '\n'.repeat(piece.length);
        this.#line(indent);
      } else this.#put(quote === '' ? piece : piece.replaceAll("'", "''"));
      at += piece.length;
    }
    this.#put(quote);
  }

  /** In double quotes, broken up with backslashes behind the width of a line. */
  #escaped(text: string, indent: number): void {
    this.#put('"');
    const letters = [...text];
    let pending = '';
    for (const [i, letter] of letters.entries()) {
      const mustEscape = isEscaped(letter);
      if (mustEscape) {
        this.#put(pending);
        pending = '';
        this.#put(escapeOf(letter));
      }
      const mayBreak = i > 0 && i < letters.length - 1 && (letter === ' ' || pending === '');
      const width = this.#column + pending.length - (mustEscape ? 1 : 0);
      if (mayBreak && width > WIDTH) {
        this.#put(`${pending}\\`);
        pending = '';
        this.#line(indent);
        const next = mustEscape ? letters[i + 1] : letter;
        if (next === ' ') this.#put('\\');
      }
      if (!mustEscape) pending += letter;
    }
    this.#put(`${pending}"`);
  }
}

function isPlain(text: string): boolean {
  return !NOT_PLAIN.test(text) && !OTHER_THAN_TEXT.some((other) => other.test(text));
}

/** Whether double quotes need a letter escaped. */
function isEscaped(letter: string): boolean {
  return letter === '"' || letter === '\\' || letter < ' ' || letter > '~';
}

function escapeOf(letter: string): string {
  const short = ESCAPES[letter];
  if (short !== undefined) return `\\${short}`;
  const code = letter.codePointAt(0) as number;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** A key on one line, however long it is. */
function keyText(key: PyValue): string {
  if (typeof key !== 'string') return scalarText(key);
  if (key.includes('\n') || NEEDS_ESCAPES.test(key))
    return `"${[...key].map((letter) => (isEscaped(letter) ? escapeOf(letter) : letter)).join('')}"`;
  return isPlain(key) ? key : `'${key.replaceAll("'", "''")}'`;
}

function scalarText(value: PyValue): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return floatText(value);
  if (itemsOf(value)) return '[]';
  if (value instanceof PyDict) return '{}';
  throw new InvalidDropException(`A value has no YAML form: ${pyRepr(value).slice(0, 100)}`);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const text = pyRepr(value);
  return text.includes('.') ? text : text.replace('e', '.0e');
}

function itemsOf(value: PyValue): readonly PyValue[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof PyTuple ? value.items : undefined;
}

function entriesOf(value: PyValue): (readonly [PyValue, PyValue])[] {
  if (!(value instanceof PyDict)) return [];
  return [...value.entries()].sort(([a], [b]) => compare(pyStr(a), pyStr(b)));
}

/** By code points, as Python compares texts. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** A list or map with something in it: those stand on lines of their own. */
function isCollection(value: PyValue): boolean {
  return (itemsOf(value)?.length ?? entriesOf(value).length) > 0;
}

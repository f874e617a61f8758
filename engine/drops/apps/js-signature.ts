/** The parameters of a function in JavaScript, from its source. */

/** How a function takes its arguments, read off its source. */
export interface Signature {
  /** Names in order; undefined: the first parameter is taken apart (`{ a, b }`), so it gets all of them as an object. */
  readonly names: readonly string[] | undefined;
  readonly hasRest: boolean;
}

/** The parameter list of a function's source. */
export function signatureOf(fn: (...args: never[]) => unknown): Signature {
  const source = fn.toString();
  const parts = parametersIn(source);
  // Built-in functions show no parameters, others may take theirs from `arguments`.
  if (parts.length === 0) return { names: [], hasRest: /\barguments\b|\[native code\]/.test(source) };
  if (parts[0]?.startsWith('{')) return { names: undefined, hasRest: false };
  const names: string[] = [];
  let hasRest = false;
  for (const part of parts) {
    if (part.startsWith('...')) hasRest = true;
    else names.push(/^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(part)?.[0] ?? '');
  }
  return { names, hasRest };
}

/** The text of each parameter, with blanks for comments, texts and regular expressions, which may hold any sign. */
function parametersIn(source: string): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  let isInList = false;
  for (let i = 0; i < source.length; i++) {
    const end = afterLiteral(source, i, part);
    if (end > i) {
      part += ' ';
      i = end - 1;
      continue;
    }
    const c = source[i] as string;
    if (!isInList && depth === 0) {
      if (c === '=' && source[i + 1] === '>') return [part.replace(/^\s*async\s+(?=\S)/, '').trim()];
      // A class; what it is made with is no call.
      if (c === '{') return [];
      if (c === '(') {
        isInList = true;
        part = '';
        continue;
      }
    }
    if ('([{'.includes(c)) depth++;
    if (')]}'.includes(c) && --depth < 0) break;
    if (isInList && c === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += c;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return isInList ? parts : [];
}

/** Where the comment, text, template or regular expression ends that starts at `at`; `at` where none does. */
function afterLiteral(source: string, at: number, before: string): number {
  const start = source.slice(at, at + 2);
  if (start === '//') return indexAfter(source, '\n', at);
  if (start === '/*') return indexAfter(source, '*/', at + 2);
  const c = source[at] as string;
  if (c === '"' || c === "'") return afterQuoted(source, at, c);
  if (c === '`') return afterTemplate(source, at);
  // After a value a slash divides.
  if (c === '/' && /(?:^|[(,=:[!&|?{};+\-*%<>~^]|=>)\s*$/.test(before)) return afterRegExp(source, at);
  return at;
}

function indexAfter(source: string, end: string, from: number): number {
  const found = source.indexOf(end, from);
  return found < 0 ? source.length : found + end.length;
}

function afterQuoted(source: string, at: number, quote: string): number {
  let i = at + 1;
  while (i < source.length && source[i] !== quote) i += source[i] === '\\' ? 2 : 1;
  return i + 1;
}

function afterRegExp(source: string, at: number): number {
  let isInClass = false;
  for (let i = at + 1; i < source.length; i++) {
    const c = source[i];
    if (c === '\\') i++;
    else if (c === '[') isInClass = true;
    else if (c === ']') isInClass = false;
    else if (c === '/' && !isInClass) return i + 1;
  }
  return source.length;
}

function afterTemplate(source: string, at: number): number {
  let i = at + 1;
  while (i < source.length && source[i] !== '`') {
    if (source[i] === '\\') i += 2;
    else if (source.startsWith('${', i)) i = afterBraces(source, i + 2);
    else i++;
  }
  return i + 1;
}

/** Where the expression in a template ends. */
function afterBraces(source: string, from: number): number {
  let depth = 1;
  let before = '';
  for (let i = from; i < source.length; i++) {
    const end = afterLiteral(source, i, before);
    if (end > i) {
      before += ' ';
      i = end - 1;
      continue;
    }
    const c = source[i] as string;
    before += c;
    if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return i + 1;
  }
  return source.length;
}

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
  const parts = splitParameters(parameterText(source));
  // Built-in functions show no parameters, others may take theirs from `arguments`.
  if (parts.length === 0) return { names: [], hasRest: /\barguments\b|\[native code\]/.test(source) };
  if (/^[{]/.test(parts[0] ?? '')) return { names: undefined, hasRest: false };
  const names: string[] = [];
  let hasRest = false;
  for (const part of parts) {
    if (part.startsWith('...')) hasRest = true;
    else names.push(/^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(part)?.[0] ?? '');
  }
  return { names, hasRest };
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ');
}

function parameterText(source: string): string {
  const text = withoutComments(source);
  const arrow = /^\s*(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(text);
  if (arrow) return arrow[1] as string;
  const open = text.indexOf('(');
  if (open < 0) return '';
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if ('([{'.includes(text[i] as string)) depth++;
    else if (')]}'.includes(text[i] as string) && --depth === 0) return text.slice(open + 1, i);
  }
  return '';
}

function splitParameters(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c !== undefined && '([{'.includes(c)) depth++;
    else if (c !== undefined && ')]}'.includes(c)) depth--;
    else if (c === undefined || (c === ',' && depth === 0)) {
      const part = text.slice(from, i).trim();
      if (part !== '') parts.push(part);
      from = i + 1;
    }
  }
  return parts;
}

/** What the text of a function in JavaScript is, and how it becomes a module. Nothing is run here. */
import vm from 'node:vm';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

function parses(code: string): boolean {
  try {
    new vm.Script(code);
    return true;
  } catch {
    return false;
  }
}

/** The text as an expression, without what a statement ends with; undefined where it is none. */
function asExpression(code: string): string | undefined {
  const bare = code.replace(/[;\s]+$/, '');
  return bare !== '' && parses(`(${bare}\n)`) ? bare : undefined;
}

/** The source of a function, as `toString` gives it, as an expression; undefined for what is none outside of its class. */
export function expressionOf(source: string): string | undefined {
  const expression = asExpression(source);
  if (expression !== undefined) return expression;
  // A method: `name(x) { ... }`, where the name may be anything.
  const inObject = `Object.values({ ${source} })[0]`;
  return parses(inObject) ? inObject : undefined;
}

/**
 * The text of a module for source that stands in a graph: an expression is its default export, with exports it is one
 * already, else the declaration `name` is exported.
 */
export function moduleText(code: string, name: string): string {
  const expression = asExpression(code);
  if (expression !== undefined) return `export default (\n${expression}\n);`;
  if (/^\s*export\b/m.test(code)) return code;
  const declared = new RegExp(`\\b(?:function\\s*\\*?|const|let|var|class)\\s*${escaped(name)}(?![\\w$])`);
  if (IDENTIFIER.test(name) && declared.test(code)) return `${code}\nexport { ${name} };`;
  return `export default (\n${code}\n);`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** The parameters of a function in JavaScript, from its source. */
import { parseExpressionAt, type Expression, type Pattern } from 'acorn';

/** How a function takes its arguments, read off its source. */
export interface Signature {
  /** Names in order; undefined: the first parameter is taken apart (`{ a, b }`), so it gets all of them as an object. */
  readonly names: readonly string[] | undefined;
  readonly hasRest: boolean;
}

/** The parameter list of a function's source. */
export function signatureOf(fn: (...args: never[]) => unknown): Signature {
  const source = fn.toString();
  const params = parametersIn(source);
  // Built-in functions show no parameters, others may take theirs from `arguments`.
  if (params === undefined || params.length === 0)
    return { names: [], hasRest: /\barguments\b|\[native code\]/.test(source) };
  if (bare(params[0] as Pattern).type === 'ObjectPattern') return { names: undefined, hasRest: false };
  const names = params.filter((param) => param.type !== 'RestElement').map((param) => nameOf(bare(param)));
  return { names, hasRest: names.length < params.length };
}

/** The parameters of a function; undefined for what cannot be parsed: built-in functions. A class is no call and has none. */
function parametersIn(source: string): readonly Pattern[] | undefined {
  const whole = expression(`(${source})`);
  if (whole?.type === 'FunctionExpression' || whole?.type === 'ArrowFunctionExpression') return whole.params;
  if (whole !== undefined) return [];
  // A method shows itself as it stands in its class or object.
  const around = expression(`(class { ${source} })`);
  const member = around?.type === 'ClassExpression' ? around.body.body[0] : undefined;
  return member?.type === 'MethodDefinition' ? member.value.params : undefined;
}

/** Code of modules is strict and may use `import.meta`; other code may be older than that. */
function expression(source: string): Expression | undefined {
  for (const sourceType of ['module', 'script'] as const)
    try {
      return parseExpressionAt(source, 0, {
        ecmaVersion: 'latest',
        sourceType,
        // A method stands here without its class.
        allowSuperOutsideMethod: true,
        checkPrivateFields: false,
      });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  return undefined;
}

/** A parameter without its default. */
function bare(param: Pattern): Pattern {
  return param.type === 'AssignmentPattern' ? param.left : param;
}

function nameOf(param: Pattern): string {
  return param.type === 'Identifier' ? param.name : '';
}

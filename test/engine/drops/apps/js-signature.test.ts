import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { signatureOf } from '../../../../engine/drops/apps/js-signature.ts';

type Fn = (...args: never[]) => unknown;

/** A function as its text makes it: no compiler has touched it. */
const made = (source: string): Fn => runInThisContext(source) as Fn;

describe('the signature of a function in JavaScript', () => {
  it.each([
    ['(x) => x', ['x']],
    ['async x => x', ['x']],
    ['(function (a, b = /[/)]/, c = `${(() => ")")()}`) {})', ['a', 'b', 'c']],
    ['(a /* , b */, c // , d\n) => a', ['a', 'c']],
    ['(ünï, $x, _y) => 1', ['ünï', '$x', '_y']],
    ['({ async "x y"(k) {} })["x y"]', ['k']],
    ['({ async(a) {} }).async', ['a']],
    ['(class { #x = 1; m(a, b = this.#x) { return super.toString() + a + b; } }).prototype.m', ['a', 'b']],
    ['(class { static async *g(q) {} }).g', ['q']],
    ['new Function("a", "b", "with (a) { return b + 010 }")', ['a', 'b']],
    ['([a, b], c) => a', ['', 'c']],
  ])('of %s names its parameters in order', (source, names) => {
    expect(signatureOf(made(source))).toEqual({ names, hasRest: false });
  });

  it.each(['({ a, b }) => a', '({ a } = {}) => a', '(function ({ a }, b) {})'])(
    'of %s has no names, as its first parameter is taken apart',
    (source) => {
      expect(signatureOf(made(source)).names).toBeUndefined();
    },
  );

  it.each([
    '(a, ...rest) => a',
    '(function () { return arguments[0]; })',
    'Math.max',
    '(() => 1).bind(null)',
  ])('of %s takes as many arguments as there are', (source) => {
    expect(signatureOf(made(source)).hasRest).toBe(true);
  });

  it('of a function of a module may use what only modules have', () => {
    const fn = (a: string) => import.meta.url + a;
    expect(signatureOf(Object.assign(() => '', { toString: () => '(a) => import.meta.url + a' }))).toEqual({
      names: ['a'],
      hasRest: false,
    });
    expect(signatureOf(fn).names).toEqual(['a']);
  });
});

/** Random plain Python values. */
import fc from 'fast-check';
import { PyByteArray, PyDict, PySet, PyTuple, type PyValue } from '../../../../engine/drops/pyrepr/index.ts';

/** Well-formed texts: UTF-8 has no lone surrogates. */
export const anyText = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 12 }));
const anyInt = fc.oneof(
  fc.bigInt({ min: -300n, max: 70000n }),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
);
const anyFloat = fc.double({ noNaN: true, noDefaultInfinity: true });
const anyBytes = fc.uint8Array({ maxLength: 12 });
const anyKey: fc.Arbitrary<PyValue> = fc.oneof(anyText, anyInt, anyBytes, fc.boolean(), fc.constant(null));

const { value } = fc.letrec<{ value: PyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    anyText,
    anyInt,
    anyFloat,
    anyBytes,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 5 }).map((items) => new PyTuple(items)),
    fc.array(fc.tuple(anyKey, tie('value')), { maxLength: 4 }).map((entries) => new PyDict(entries)),
    fc.array(anyKey, { minLength: 1, maxLength: 4 }).map((items) => new PySet(items)),
  ),
}));

/** Values `ast.literal_eval` can read back from their repr. */
export const literalValue = value;

export const plainValue: fc.Arbitrary<PyValue> = fc.oneof(
  value,
  fc.array(anyKey, { maxLength: 4 }).map((items) => new PySet(items, true)),
  anyBytes.map((bytes) => new PyByteArray(bytes)),
);

/** The permutation Keccak-f[1600] (FIPS 202) as WebAssembly, for one state or two side by side. */

import * as wasm from './wasm-assembler.ts';
import { at, END, functionBody, get, I32, I64, i32, i64, set, tee } from './wasm-assembler.ts';

/** Bytes absorbed at once by SHA3-256. */
export const RATE = 136;
export const ROUNDS = 24;

/** Rotation of each lane, by the walk of FIPS 202 (algorithm 2). */
function rotations(): number[] {
  const rotate = new Array<number>(25).fill(0);
  let x = 1;
  let y = 0;
  for (let t = 0; t < ROUNDS; t++) {
    rotate[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return rotate;
}

/** The 24 round constants, from the shift register of FIPS 202 (algorithms 5 and 6). */
export function roundConstants(): bigint[] {
  const constants: bigint[] = [];
  let register = 1;
  for (let round = 0; round < ROUNDS; round++) {
    let constant = 0n;
    for (let j = 0; j <= 6; j++) {
      if (register & 1) constant |= 1n << BigInt(2 ** j - 1);
      register = register & 128 ? ((register << 1) ^ 0x171) & 255 : register << 1;
    }
    constants.push(constant);
  }
  return constants;
}

/** How the permutation is said for one state, or for two side by side. */
export interface Lanes {
  readonly type: number;
  readonly bytes: number;
  readonly xor: readonly number[];
  /** Value on the stack -> value on the stack; may use a local. */
  readonly rotate: (bits: number, local: number) => number[];
  /** a ^ (~b & c). */
  readonly chi: (a: number, b: number, c: number) => number[];
  readonly load: (offset: number) => number[];
  readonly store: (offset: number) => number[];
  /** The address of a round constant on the stack -> the constant; `offset` is added to the address. */
  readonly constant: (offset: number) => number[];
}

/** One state, in 64-bit numbers. */
export const ONE: Lanes = {
  type: I64,
  bytes: 8,
  xor: [wasm.I64_XOR],
  rotate: (bits) => [...i64(BigInt(bits)), wasm.I64_ROTL],
  chi: (a, b, c) => [...get(a), ...get(b), ...i64(-1n), wasm.I64_XOR, ...get(c), wasm.I64_AND, wasm.I64_XOR],
  load: (offset) => at(wasm.I64_LOAD, offset),
  store: (offset) => at(wasm.I64_STORE, offset),
  constant: (offset) => at(wasm.I64_LOAD, offset),
};

const { Simd, simd, simdAt } = wasm;
/** Two states side by side. A rotation by whole bytes is one shuffle; others are two shifts. */
export const TWO: Lanes = {
  type: wasm.V128,
  bytes: 16,
  xor: simd(Simd.xor),
  rotate: (bits, local) =>
    bits % 8 === 0
      ? [...tee(local), ...get(local), ...simd(Simd.shuffle), ...byteRotation(bits / 8)]
      : [
          ...tee(local),
          ...[...i32(bits), ...simd(Simd.shl)],
          ...[...get(local), ...i32(64 - bits), ...simd(Simd.shrU)],
          ...simd(Simd.or),
        ],
  chi: (a, b, c) => [...get(a), ...get(c), ...get(b), ...simd(Simd.andNot), ...simd(Simd.xor)],
  load: (offset) => simdAt(Simd.load, offset),
  store: (offset) => simdAt(Simd.store, offset),
  constant: (offset) => simdAt(Simd.load64Splat, offset),
};

function byteRotation(bytes: number): number[] {
  return Array.from({ length: 16 }, (_, i) => (i & 8) | (((i & 7) - bytes + 8) & 7));
}

// Locals of the permutation.
const A = 1;
const E = 26;
const B = 51;
const C = 56;
const D = 61;
const TEMPORARY = 66;

/** One round, from the lanes at `from` to those at `to`: five lanes at a time, so that few have to be held. */
function roundCode(lanes: Lanes, constants: number, from: number, to: number): number[][] {
  const rotate = rotations();
  const code: number[][] = [];
  for (let x = 0; x < 5; x++) {
    code.push(get(from + x));
    for (let y = 1; y < 5; y++) code.push(get(from + x + 5 * y), [...lanes.xor]);
    code.push(set(C + x));
  }
  for (let x = 0; x < 5; x++)
    code.push(
      get(C + ((x + 4) % 5)),
      get(C + ((x + 1) % 5)),
      lanes.rotate(1, TEMPORARY),
      [...lanes.xor],
      set(D + x),
    );
  for (let row = 0; row < 5; row++) {
    for (let column = 0; column < 5; column++) {
      // Pi puts the lane (x, y) at (y, 2x + 3y); this is the lane that comes to (column, row).
      const y = column;
      const x = (3 * (row + 10 - 3 * y + 5)) % 5;
      const lane = x + 5 * y;
      code.push(get(from + lane), get(D + x), [...lanes.xor]);
      if (rotate[lane]) code.push(lanes.rotate(rotate[lane], TEMPORARY));
      code.push(set(B + column));
    }
    for (let column = 0; column < 5; column++) {
      code.push(lanes.chi(B + column, B + ((column + 1) % 5), B + ((column + 2) % 5)));
      if (row === 0 && column === 0) code.push(get(0), lanes.constant(constants), [...lanes.xor]);
      code.push(set(to + column + 5 * row));
    }
  }
  return code;
}

/**
 * The body of a function that permutes the state at `base`, with the round constants at `constants`; with `block`, that
 * is mixed in before. The local 0 counts rounds, by 8.
 */
export function permutation(lanes: Lanes, constants: number, base: number, block?: number): number[] {
  const code: number[][] = [];
  for (let i = 0; i < 25; i++) {
    code.push(i32(base), lanes.load(lanes.bytes * i));
    if (block !== undefined && i < RATE / 8)
      code.push(i32(block), lanes.load(lanes.bytes * i), [...lanes.xor]);
    code.push(set(A + i));
  }
  const next = [...get(0), ...i32(8), wasm.I32_ADD];
  code.push([wasm.LOOP, wasm.VOID]);
  code.push(...roundCode(lanes, constants, A, E), next, set(0));
  code.push(...roundCode(lanes, constants, E, A), next, tee(0));
  code.push(i32(ROUNDS * 8), [wasm.I32_LT_U, wasm.BR_IF, 0, END]);
  for (let i = 0; i < 25; i++) code.push(i32(base), get(A + i), lanes.store(lanes.bytes * i));
  return functionBody(
    [
      [1, I32],
      [TEMPORARY, lanes.type],
    ],
    code,
  );
}

/**
 * SHA3-256 (FIPS 202) as a small WebAssembly module, assembled here from its description.
 *
 * Why not node:crypto: a block-DAG hashes millions of messages of 65 bytes, and a call into OpenSSL costs several
 * times the permutation itself. Here digests stay in the module's memory and are combined without leaving it. Where the
 * processor allows it, two messages are hashed at once, one in each half of 128-bit registers.
 *
 * Memory:  0 state (25 lanes of 8 bytes) | 256 block (136 bytes) | 512 round constants (24) | 1024 two states side by
 *          side (25 lanes of 16 bytes) | 2048... digests
 *
 * Exports: reset() clears the state; absorb() mixes the block into it; node(l, r, out) hashes 01 || l || r;
 * leafText(t, out) hashes 00 || the 64 characters at t; leafHex(d, out) does so for the hexadecimal characters of the
 * digest d; hex(d, out) writes these characters. run(list, end) works off a list of such jobs, none of which may need
 * the result of another: entries of 16 bytes (what, a, b, out); their number is even. splice(list, end, out) writes texts
 * one after the other: entries of 8 bytes (from, size), or (digest, 0) for the hexadecimal characters of a digest.
 */

import { ONE, permutation, RATE, roundConstants, ROUNDS, TWO } from './keccak-permutation.ts';
import * as wasm from './wasm-assembler.ts';
import { at, CALL, END, functionBody, get, I32, I64, i32, i64, section, set, tee } from './wasm-assembler.ts';

export { RATE };

const STATE = 0;
export const BLOCK = 256;
const ROUND_CONSTANTS = 512;
const PAIR = 1024;
export const HEAP = 2048;

/** What an entry of a list for `run` asks for. */
export const Job = { LEAF_TEXT: 0, NODE: 1, LEAF_HEX: 2 } as const;

const resetBody = (): number[] =>
  functionBody(
    [],
    Array.from({ length: 25 }, (_, i) => [...i32(STATE), ...i64(0n), ...at(wasm.I64_STORE, 8 * i)]),
  );

/** Indices of the functions. */
const Fn = {
  reset: 0,
  absorb: 1,
  node: 2,
  leafHex: 3,
  hex: 4,
  leafText: 5,
  splice: 6,
  fill: 7,
  permute: 8,
  run: 9,
} as const;

/** The end of a hash of 65 bytes whose prefix and text are in the block: padding, permutation, digest to `out`. */
function finish65(out: number): number[] {
  const code: number[] = [...i32(BLOCK), ...i64(6n), ...at(wasm.I64_STORE8, 65)];
  for (const offset of [66, 74, 82, 90, 98, 106, 114, 122])
    code.push(...i32(BLOCK), ...i64(0n), ...at(wasm.I64_STORE, offset));
  code.push(
    ...i32(BLOCK),
    ...i64(0n),
    ...at(wasm.I64_STORE, 127),
    ...i32(BLOCK),
    ...i64(0x80n),
    ...at(wasm.I64_STORE8, 135),
  );
  code.push(CALL, Fn.reset, CALL, Fn.absorb);
  for (let i = 0; i < 4; i++)
    code.push(...get(out), ...i32(STATE), ...at(wasm.I64_LOAD, 8 * i), ...at(wasm.I64_STORE, 8 * i));
  return code;
}

function nodeBody(): number[] {
  const code: number[] = [...i32(BLOCK), ...i64(1n), ...at(wasm.I64_STORE8, 0)];
  for (const [local, start] of [
    [0, 1],
    [1, 33],
  ] as const)
    for (let i = 0; i < 4; i++)
      code.push(
        ...i32(BLOCK),
        ...get(local),
        ...at(wasm.I64_LOAD, 8 * i),
        ...at(wasm.I64_STORE, start + 8 * i),
      );
  return functionBody([], [code, finish65(2)]);
}

function leafHexBody(): number[] {
  const code: number[] = [...i32(BLOCK), ...i64(0n), ...at(wasm.I64_STORE8, 0)];
  code.push(...get(0), ...i32(BLOCK + 1), CALL, Fn.hex);
  return functionBody([], [code, finish65(1)]);
}

function leafTextBody(): number[] {
  const code: number[] = [...i32(BLOCK), ...i64(0n), ...at(wasm.I64_STORE8, 0)];
  for (let i = 0; i < 8; i++)
    code.push(...i32(BLOCK), ...get(0), ...at(wasm.I64_LOAD, 8 * i), ...at(wasm.I64_STORE, 1 + 8 * i));
  return functionBody([], [code, finish65(1)]);
}

/** Eight hexadecimal characters of four bytes: spread to nibbles and turned into characters without a branch. */
function hexWord(digest: number, word: number, local: number): number[] {
  const nibbles = 0x000f000f000f000fn;
  const spread = (bits: bigint, mask: bigint): number[] => [
    ...[...get(local), ...get(local), ...i64(bits), wasm.I64_SHL, wasm.I64_OR],
    ...[...i64(mask), wasm.I64_AND, ...set(local)],
  ];
  return [
    ...[...get(digest), ...at(wasm.I64_LOAD32_U, 4 * word), ...set(local)],
    ...spread(16n, 0x0000ffff0000ffffn),
    ...spread(8n, 0x00ff00ff00ff00ffn),
    ...[...get(local), ...i64(4n), wasm.I64_SHR_U, ...i64(nibbles), wasm.I64_AND],
    ...[...get(local), ...i64(nibbles), wasm.I64_AND, ...i64(8n), wasm.I64_SHL, wasm.I64_OR, ...set(local)],
    ...[...get(local), ...i64(0x3030303030303030n), wasm.I64_ADD],
    ...[...get(local), ...i64(0x0606060606060606n), wasm.I64_ADD, ...i64(4n), wasm.I64_SHR_U],
    ...[...i64(0x0101010101010101n), wasm.I64_AND, ...i64(39n), wasm.I64_MUL, wasm.I64_ADD],
  ];
}

function hexBody(): number[] {
  const code: number[] = [];
  for (let word = 0; word < 8; word++)
    code.push(...get(1), ...hexWord(0, word, 2), ...at(wasm.I64_STORE, 8 * word));
  return functionBody([[1, I64]], [code]);
}

function spliceBody(): number[] {
  const [list, end, out, size] = [0, 1, 2, 3];
  const forward = (step: readonly number[]): number[] => [...get(out), ...step, wasm.I32_ADD, ...set(out)];
  return functionBody(
    [[1, I32]],
    [
      [wasm.LOOP, wasm.VOID, ...get(list), ...get(end), wasm.I32_LT_U, wasm.IF, wasm.VOID],
      [...get(list), ...at(wasm.I32_LOAD, 4), ...tee(size), wasm.I32_EQZ, wasm.IF, wasm.VOID],
      [...get(list), ...at(wasm.I32_LOAD, 0), ...get(out), CALL, Fn.hex, ...forward(i32(64))],
      [wasm.ELSE, ...get(out), ...get(list), ...at(wasm.I32_LOAD, 0), ...get(size), ...wasm.MEMORY_COPY],
      [...forward(get(size)), END],
      [...get(list), ...i32(8), wasm.I32_ADD, ...set(list), wasm.BR, 1, END, END],
    ],
  );
}

/**
 * fill(entry, half): puts the 65 bytes that an entry asks for, padded, into one half of the two states. A lane of the
 * message is seven bytes of the text and one before them, because of the prefix.
 */
function fillBody(): number[] {
  const [entry, half, a, b, before, word] = [0, 1, 2, 3, 4, 5];
  const lane = (i: number, code: number[]): number[] => [
    ...get(half),
    ...code,
    ...at(wasm.I64_STORE, 16 * i),
  ];
  const shifted = (code: number[]): number[] => [...code, ...i64(8n), wasm.I64_SHL, wasm.I64_OR];
  const text: number[] = [];
  const prefix = [...get(entry), ...at(wasm.I64_LOAD32_U, 0)];
  text.push(...lane(0, [...prefix, ...shifted([...get(a), ...at(wasm.I64_LOAD, 0)])]));
  for (const i of [1, 2, 3]) text.push(...lane(i, [...get(a), ...at(wasm.I64_LOAD, 8 * i - 1)]));
  text.push(
    ...lane(4, [
      ...[...get(a), ...at(wasm.I64_LOAD8_U, 31)],
      ...shifted([...get(b), ...at(wasm.I64_LOAD, 0)]),
    ]),
  );
  for (const i of [1, 2, 3]) text.push(...lane(4 + i, [...get(b), ...at(wasm.I64_LOAD, 8 * i - 1)]));
  text.push(...lane(8, [...get(b), ...at(wasm.I64_LOAD8_U, 31), ...i64(0x600n), wasm.I64_OR]));
  const hex: number[] = [...i64(0n), ...set(before)];
  for (let i = 0; i < 8; i++) {
    hex.push(...hexWord(a, i, word), ...set(word));
    hex.push(
      ...lane(i, [...get(before), ...i64(56n), wasm.I64_SHR_U, ...shifted([...get(word)])]),
      ...[...get(word), ...set(before)],
    );
  }
  hex.push(...lane(8, [...get(before), ...i64(56n), wasm.I64_SHR_U, ...i64(0x600n), wasm.I64_OR]));
  const rest: number[] = [];
  for (let i = 9; i < 25; i++) rest.push(...lane(i, i64(i === RATE / 8 - 1 ? 0x80n << 56n : 0n)));
  return functionBody(
    [
      [2, I32],
      [2, I64],
    ],
    [
      [...get(entry), ...at(wasm.I32_LOAD, 4), ...set(a)],
      [...get(entry), ...at(wasm.I32_LOAD, 8), ...set(b)],
      [...get(entry), ...at(wasm.I32_LOAD, 0), ...i32(Job.LEAF_HEX), wasm.I32_EQ],
      [wasm.IF, wasm.VOID, ...hex, wasm.ELSE, ...text, END],
      rest,
    ],
  );
}

function runBody(): number[] {
  const [list, end, out] = [0, 1, 2];
  const code: number[] = [wasm.LOOP, wasm.VOID];
  code.push(...get(list), ...i32(PAIR), CALL, Fn.fill);
  code.push(...get(list), ...i32(16), wasm.I32_ADD, ...i32(PAIR + 8), CALL, Fn.fill);
  code.push(CALL, Fn.permute);
  for (const half of [0, 1]) {
    code.push(...get(list), ...at(wasm.I32_LOAD, 16 * half + 12), ...set(out));
    for (let i = 0; i < 4; i++)
      code.push(
        ...get(out),
        ...[...i32(PAIR), ...at(wasm.I64_LOAD, 16 * i + 8 * half)],
        ...at(wasm.I64_STORE, 8 * i),
      );
  }
  code.push(...get(list), ...i32(32), wasm.I32_ADD, ...tee(list), ...get(end));
  code.push(wasm.I32_LT_U, wasm.BR_IF, 0, END);
  return functionBody([[1, I32]], [code]);
}

function assemble(withPairs: boolean): Uint8Array<ArrayBuffer> {
  const constants = Buffer.alloc(ROUNDS * 8);
  roundConstants().forEach((constant, i) => constants.writeBigUInt64LE(constant, 8 * i));
  const { exported } = wasm;
  const pairs = withPairs ? [fillBody(), permutation(TWO, ROUND_CONSTANTS, PAIR), runBody()] : [];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [wasm.parameters(0), wasm.parameters(3), wasm.parameters(2)]),
    ...section(3, [[0], [0], [1], [2], [2], [2], [1], ...(withPairs ? [[2], [0], [2]] : [])]),
    ...section(5, [[0x00, 1]]),
    ...section(7, [
      exported('memory', 2, 0),
      exported('reset', 0, Fn.reset),
      exported('absorb', 0, Fn.absorb),
      exported('node', 0, Fn.node),
      exported('leafHex', 0, Fn.leafHex),
      exported('hex', 0, Fn.hex),
      exported('leafText', 0, Fn.leafText),
      exported('splice', 0, Fn.splice),
      ...(withPairs ? [exported('run', 0, Fn.run)] : []),
    ]),
    ...section(10, [
      resetBody(),
      permutation(ONE, ROUND_CONSTANTS, STATE, BLOCK),
      nodeBody(),
      leafHexBody(),
      hexBody(),
      leafTextBody(),
      spliceBody(),
      ...pairs,
    ]),
    ...section(11, [[0x00, ...i32(ROUND_CONSTANTS), END, ...wasm.leb(constants.length), ...constants]]),
  ]);
}

/** What is used of the global of this name, which the type library of Node does not declare. */
interface WasmGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
  readonly validate: (bytes: Uint8Array) => boolean;
}

export interface KeccakExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  reset(): void;
  absorb(): void;
  node(left: number, right: number, out: number): void;
  leafHex(digest: number, out: number): void;
  leafText(text: number, out: number): void;
  hex(digest: number, out: number): void;
  splice(list: number, end: number, out: number): void;
  /** Absent where the processor has no 128-bit instructions. */
  readonly run?: (list: number, end: number) => void;
}

const compiled: { pairs?: object; plain?: object } = {};

/** A fresh instance with its own memory; modules are compiled once. `pairs: false`: without `run`, for tests. */
export function keccakInstance({ pairs = true } = {}): KeccakExports {
  const { Module, Instance, validate } = (globalThis as unknown as { readonly WebAssembly: WasmGlobal })
    .WebAssembly;
  let module = pairs ? (compiled.pairs ?? compiled.plain) : compiled.plain;
  if (module === undefined) {
    const bytes = assemble(pairs);
    const isPlain = !pairs || !validate(bytes);
    module = new Module(isPlain ? assemble(false) : bytes);
    compiled[isPlain ? 'plain' : 'pairs'] = module;
  }
  return new Instance(module).exports as KeccakExports;
}

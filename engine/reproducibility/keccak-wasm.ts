/**
 * SHA3-256 (FIPS 202) as a small WebAssembly module, assembled here from its description.
 *
 * Why not node:crypto: a block-DAG hashes millions of messages of 65 bytes, and a call into OpenSSL costs several
 * times the permutation itself. Here digests stay in the module's memory and are combined without leaving it.
 *
 * Memory:  0 state (25 lanes of 8 bytes) | 256 block (136 bytes) | 512 round constants (24) | 1024... digests
 *
 * Exports: reset() clears the state; absorb() mixes the block into it; node(l, r, out) hashes 01 || l || r;
 * leafText(t, out) hashes 00 || the 64 characters at t; leafHex(d, out) does so for the hexadecimal characters of the
 * digest d; hex(d, out) writes these characters.
 */

const STATE = 0;
export const BLOCK = 256;
const ROUND_CONSTANTS = 512;
export const HEAP = 1024;
/** Bytes absorbed at once by SHA3-256. */
export const RATE = 136;

// opcodes
const GET = 0x20;
const SET = 0x21;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const I64_LOAD = 0x29;
const I64_LOAD32_U = 0x35;
const I64_STORE = 0x37;
const I64_STORE8 = 0x3c;
const I32_ADD = 0x6a;
const I32_LT_U = 0x49;
const I64_ADD = 0x7c;
const I64_MUL = 0x7e;
const I64_AND = 0x83;
const I64_OR = 0x84;
const I64_XOR = 0x85;
const I64_SHL = 0x86;
const I64_SHR_U = 0x88;
const I64_ROTL = 0x89;
const LOOP = 0x03;
const END = 0x0b;
const BR_IF = 0x0d;
const CALL = 0x10;
const VOID = 0x40;
const I32 = 0x7f;
const I64 = 0x7e;

function leb(value: number): number[] {
  const out: number[] = [];
  for (let v = value; ; v = Math.floor(v / 128)) {
    if (v < 128) {
      out.push(v);
      return out;
    }
    out.push((v % 128) | 128);
  }
}

function signedLeb(value: bigint): number[] {
  const out: number[] = [];
  for (let v = value; ;) {
    const byte = Number(v & 0x7fn);
    v >>= 7n;
    if ((v === 0n && (byte & 64) === 0) || (v === -1n && (byte & 64) !== 0)) {
      out.push(byte);
      return out;
    }
    out.push(byte | 128);
  }
}

const i32 = (value: number): number[] => [I32_CONST, ...signedLeb(BigInt(value))];
const i64 = (value: bigint): number[] => [I64_CONST, ...signedLeb(BigInt.asIntN(64, value))];
const get = (local: number): number[] => [GET, ...leb(local)];
const set = (local: number): number[] => [SET, ...leb(local)];
/** Loads and stores claim no alignment: messages start after a one-byte prefix. */
const at = (opcode: number, offset: number): number[] => [opcode, 0, ...leb(offset)];

const section = (id: number, items: readonly number[][]): number[] => {
  const body = [...leb(items.length), ...items.flat()];
  return [id, ...leb(body.length), ...body];
};
const functionBody = (locals: number[][], code: number[][]): number[] => {
  const body = [...leb(locals.length), ...locals.flat(), ...code.flat(), END];
  return [...leb(body.length), ...body];
};
const name = (text: string): number[] => [...leb(text.length), ...Buffer.from(text)];

/** Rotation of each lane and its place after the step pi, by the walk of FIPS 202 (algorithms 2 and 3). */
function rotations(): { rotate: number[]; target: number[] } {
  const rotate = new Array<number>(25).fill(0);
  const target = new Array<number>(25).fill(0);
  let x = 1;
  let y = 0;
  for (let t = 0; t < 24; t++) {
    rotate[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  for (let i = 0; i < 25; i++)
    target[i] = Math.floor(i / 5) + 5 * ((2 * (i % 5) + 3 * Math.floor(i / 5)) % 5);
  return { rotate, target };
}

/** The 24 round constants, from the shift register of FIPS 202 (algorithms 5 and 6). */
function roundConstants(): bigint[] {
  const constants: bigint[] = [];
  let register = 1;
  for (let round = 0; round < 24; round++) {
    let constant = 0n;
    for (let j = 0; j <= 6; j++) {
      if (register & 1) constant |= 1n << BigInt(2 ** j - 1);
      register = register & 128 ? ((register << 1) ^ 0x171) & 255 : register << 1;
    }
    constants.push(constant);
  }
  return constants;
}

/** absorb(): state ^= block, then the permutation. Locals: 0 round, 1.. lanes A, 26.. lanes B, 51.. columns C, 56 D. */
function absorbBody(): number[] {
  const A = (i: number): number => 1 + (i % 25);
  const B = (i: number): number => 26 + (i % 25);
  const C = (x: number): number => 51 + (x % 5);
  const D = 56;
  const { rotate, target } = rotations();
  const code: number[][] = [];
  for (let i = 0; i < 25; i++) {
    code.push(i32(STATE), at(I64_LOAD, 8 * i));
    if (i < RATE / 8) code.push(i32(BLOCK), at(I64_LOAD, 8 * i), [I64_XOR]);
    code.push(set(A(i)));
  }
  code.push([LOOP, VOID]);
  for (let x = 0; x < 5; x++) {
    code.push(get(A(x)));
    for (let y = 1; y < 5; y++) code.push(get(A(x + 5 * y)), [I64_XOR]);
    code.push(set(C(x)));
  }
  for (let x = 0; x < 5; x++) {
    code.push(get(C(x + 4)), get(C(x + 1)), i64(1n), [I64_ROTL, I64_XOR], set(D));
    for (let y = 0; y < 5; y++) {
      const lane = x + 5 * y;
      code.push(get(A(lane)), get(D), [I64_XOR]);
      if (rotate[lane]) code.push(i64(BigInt(rotate[lane])), [I64_ROTL]);
      code.push(set(B(target[lane] ?? 0)));
    }
  }
  for (let y = 0; y < 5; y++)
    for (let x = 0; x < 5; x++) {
      code.push(get(B(((x + 1) % 5) + 5 * y)), i64(-1n), [I64_XOR], get(B(((x + 2) % 5) + 5 * y)), [I64_AND]);
      code.push(get(B(x + 5 * y)), [I64_XOR], set(A(x + 5 * y)));
    }
  code.push(get(A(0)), get(0), at(I64_LOAD, ROUND_CONSTANTS), [I64_XOR], set(A(0)));
  code.push(get(0), i32(8), [I32_ADD], [0x22, 0], i32(24 * 8), [I32_LT_U, BR_IF, 0, END]);
  for (let i = 0; i < 25; i++) code.push(i32(STATE), get(A(i)), at(I64_STORE, 8 * i));
  return functionBody(
    [
      [1, I32],
      [56, I64],
    ],
    code,
  );
}

const resetBody = (): number[] =>
  functionBody(
    [],
    Array.from({ length: 25 }, (_, i) => [...i32(STATE), ...i64(0n), ...at(I64_STORE, 8 * i)]),
  );

const RESET = 0;
const ABSORB = 1;
const HEX = 4;

/** The end of a hash of 65 bytes whose prefix and text are in the block: padding, permutation, digest to `out`. */
function finish65(out: number): number[] {
  const code: number[] = [...i32(BLOCK), ...i64(6n), ...at(I64_STORE8, 65)];
  for (const offset of [66, 74, 82, 90, 98, 106, 114, 122])
    code.push(...i32(BLOCK), ...i64(0n), ...at(I64_STORE, offset));
  code.push(
    ...i32(BLOCK),
    ...i64(0n),
    ...at(I64_STORE, 127),
    ...i32(BLOCK),
    ...i64(0x80n),
    ...at(I64_STORE8, 135),
  );
  code.push(CALL, RESET, CALL, ABSORB);
  for (let i = 0; i < 4; i++)
    code.push(...get(out), ...i32(STATE), ...at(I64_LOAD, 8 * i), ...at(I64_STORE, 8 * i));
  return code;
}

function nodeBody(): number[] {
  const code: number[] = [...i32(BLOCK), ...i64(1n), ...at(I64_STORE8, 0)];
  for (const [local, start] of [
    [0, 1],
    [1, 33],
  ] as const)
    for (let i = 0; i < 4; i++)
      code.push(...i32(BLOCK), ...get(local), ...at(I64_LOAD, 8 * i), ...at(I64_STORE, start + 8 * i));
  return functionBody([], [code, finish65(2)]);
}

function leafHexBody(): number[] {
  const code: number[] = [...i32(BLOCK), ...i64(0n), ...at(I64_STORE8, 0)];
  code.push(...get(0), ...i32(BLOCK + 1), CALL, HEX);
  return functionBody([], [code, finish65(1)]);
}

function leafTextBody(): number[] {
  const code: number[] = [...i32(BLOCK), ...i64(0n), ...at(I64_STORE8, 0)];
  for (let i = 0; i < 8; i++)
    code.push(...i32(BLOCK), ...get(0), ...at(I64_LOAD, 8 * i), ...at(I64_STORE, 1 + 8 * i));
  return functionBody([], [code, finish65(1)]);
}

/** hex(d, out): four bytes at a time are spread to eight nibbles and turned into characters without a branch. */
function hexBody(): number[] {
  const nibbles = 0x000f000f000f000fn;
  const code: number[] = [];
  for (let word = 0; word < 8; word++) {
    code.push(...get(0), ...at(I64_LOAD32_U, 4 * word), ...set(2));
    code.push(
      ...get(2),
      ...get(2),
      ...i64(16n),
      I64_SHL,
      I64_OR,
      ...i64(0x0000ffff0000ffffn),
      I64_AND,
      ...set(2),
    );
    code.push(
      ...get(2),
      ...get(2),
      ...i64(8n),
      I64_SHL,
      I64_OR,
      ...i64(0x00ff00ff00ff00ffn),
      I64_AND,
      ...set(2),
    );
    code.push(...get(2), ...i64(4n), I64_SHR_U, ...i64(nibbles), I64_AND);
    code.push(...get(2), ...i64(nibbles), I64_AND, ...i64(8n), I64_SHL, I64_OR, ...set(2));
    code.push(...get(1), ...get(2), ...i64(0x3030303030303030n), I64_ADD);
    code.push(...get(2), ...i64(0x0606060606060606n), I64_ADD, ...i64(4n), I64_SHR_U);
    code.push(
      ...i64(0x0101010101010101n),
      I64_AND,
      ...i64(39n),
      I64_MUL,
      I64_ADD,
      ...at(I64_STORE, 8 * word),
    );
  }
  return functionBody([[1, I64]], [code]);
}

function assemble(): Uint8Array<ArrayBuffer> {
  const constants = Buffer.alloc(24 * 8);
  roundConstants().forEach((constant, i) => constants.writeBigUInt64LE(constant, 8 * i));
  const type = (parameters: number): number[] => [
    0x60,
    ...leb(parameters),
    ...new Array<number>(parameters).fill(I32),
    0,
  ];
  const exported = (text: string, kind: number, index: number): number[] => [...name(text), kind, index];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [type(0), type(3), type(2)]),
    ...section(3, [[0], [0], [1], [2], [2], [2]]),
    ...section(5, [[0x00, 1]]),
    ...section(7, [
      exported('memory', 2, 0),
      exported('reset', 0, RESET),
      exported('absorb', 0, ABSORB),
      exported('node', 0, 2),
      exported('leafHex', 0, 3),
      exported('hex', 0, HEX),
      exported('leafText', 0, 5),
    ]),
    ...section(10, [resetBody(), absorbBody(), nodeBody(), leafHexBody(), hexBody(), leafTextBody()]),
    ...section(11, [[0x00, ...i32(ROUND_CONSTANTS), END, ...leb(constants.length), ...constants]]),
  ]);
}

/** What is used of the global of this name, which the type library of Node does not declare. */
interface WasmGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

export interface KeccakExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  reset(): void;
  absorb(): void;
  node(left: number, right: number, out: number): void;
  leafHex(digest: number, out: number): void;
  leafText(text: number, out: number): void;
  hex(digest: number, out: number): void;
}

let compiled: object | undefined;

/** A fresh instance with its own memory; the module is compiled once. */
export function keccakInstance(): KeccakExports {
  const wasm = (globalThis as unknown as { readonly WebAssembly: WasmGlobal }).WebAssembly;
  compiled ??= new wasm.Module(assemble());
  return new wasm.Instance(compiled).exports as KeccakExports;
}

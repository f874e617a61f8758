/** The little of WebAssembly's binary format that keccak-wasm.ts needs: numbers, sections, function bodies, opcodes. */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;
export const VOID = 0x40;

export const LOOP = 0x03;
export const IF = 0x04;
export const ELSE = 0x05;
export const END = 0x0b;
export const BR = 0x0c;
export const BR_IF = 0x0d;
export const CALL = 0x10;
export const I32_EQZ = 0x45;
export const I32_EQ = 0x46;
export const I32_LT_U = 0x49;
export const I32_ADD = 0x6a;
export const I64_ADD = 0x7c;
export const I64_MUL = 0x7e;
export const I64_AND = 0x83;
export const I64_OR = 0x84;
export const I64_XOR = 0x85;
export const I64_SHL = 0x86;
export const I64_SHR_U = 0x88;
export const I64_ROTL = 0x89;
export const I32_LOAD = 0x28;
export const I64_LOAD = 0x29;
export const I64_LOAD8_U = 0x31;
export const I64_LOAD32_U = 0x35;
export const I64_STORE = 0x37;
export const I64_STORE8 = 0x3c;

/** Opcodes of the 128-bit instructions, which follow the byte {@link SIMD}. */
export const Simd = {
  load: 0x00,
  load64Splat: 0x0a,
  store: 0x0b,
  shuffle: 0x0d,
  andNot: 0x4f,
  or: 0x50,
  xor: 0x51,
  shl: 0xcb,
  shrU: 0xcd,
} as const;
const SIMD = 0xfd;
/** Copies within the one memory: where to, where from, how many bytes. */
export const MEMORY_COPY: readonly number[] = [0xfc, 0x0a, 0, 0];

/** An unsigned number in LEB128. */
export function leb(value: number): number[] {
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

export const i32 = (value: number): number[] => [0x41, ...signedLeb(BigInt(value))];
export const i64 = (value: bigint): number[] => [0x42, ...signedLeb(BigInt.asIntN(64, value))];
export const get = (local: number): number[] => [0x20, ...leb(local)];
export const set = (local: number): number[] => [0x21, ...leb(local)];
export const tee = (local: number): number[] => [0x22, ...leb(local)];
/** Loads and stores claim no alignment: messages start after a one-byte prefix. */
export const at = (opcode: number, offset: number): number[] => [opcode, 0, ...leb(offset)];
export const simd = (opcode: number): number[] => [SIMD, ...leb(opcode)];
export const simdAt = (opcode: number, offset: number): number[] => [SIMD, ...leb(opcode), 0, ...leb(offset)];

export const section = (id: number, items: readonly number[][]): number[] => {
  const body = [...leb(items.length), ...items.flat()];
  return [id, ...leb(body.length), ...body];
};

/** `locals`: pairs of a count and a type, beyond the parameters. */
export const functionBody = (locals: readonly number[][], code: readonly number[][]): number[] => {
  const body = [...leb(locals.length), ...locals.flat(), ...code.flat(), END];
  return [...leb(body.length), ...body];
};

/** A function type of so many i32 parameters and no result. */
export const parameters = (count: number): number[] => [
  0x60,
  ...leb(count),
  ...new Array<number>(count).fill(I32),
  0,
];

export const exported = (name: string, kind: number, index: number): number[] => [
  ...leb(name.length),
  ...Buffer.from(name),
  kind,
  index,
];

/**
 * SHA3-256 in plain TypeScript (FIPS 202), for runtimes whose crypto has none: Electron is built with BoringSSL, which
 * lacks SHA-3. Plain Node has a faster one; callers ask for that first.
 */

const RATE_BYTES = 136;
const LANES = 25;

/** The rotation of each lane, in the order in which the permutation visits them, and where it goes (FIPS 202, 3.2). */
const ROTATIONS = Int32Array.of(
  1,
  3,
  6,
  10,
  15,
  21,
  28,
  36,
  45,
  55,
  2,
  14,
  27,
  41,
  56,
  8,
  25,
  43,
  62,
  18,
  39,
  61,
  20,
  44,
);
const PLACES = Int32Array.of(
  10,
  7,
  11,
  17,
  18,
  3,
  5,
  16,
  8,
  21,
  24,
  4,
  15,
  23,
  19,
  13,
  12,
  2,
  20,
  14,
  22,
  9,
  6,
  1,
);

/** Round constants as pairs of 32-bit words, low first, from the linear feedback shift register of FIPS 202, 3.2.5. */
const CONSTANTS = roundConstants();

function roundConstants(): Int32Array {
  const constants = new Int32Array(48);
  let register = 1;
  for (let round = 0; round < 24; round++) {
    for (let j = 0; j < 7; j++) {
      const bit = (1 << j) - 1;
      if (register & 1) {
        const word = 2 * round + (bit >= 32 ? 1 : 0);
        constants[word] = (constants[word] as number) ^ (1 << (bit & 31));
      }
      register = register & 0x80 ? ((register << 1) ^ 0x171) & 0xff : register << 1;
    }
  }
  return constants;
}

/** Keccak-f[1600] on 25 lanes of two 32-bit words, low word first. */
function permute(state: Int32Array, column: Int32Array): void {
  for (let round = 0; round < 24; round++) {
    for (let x = 0; x < 10; x++)
      column[x] =
        (state[x] as number) ^
        (state[x + 10] as number) ^
        (state[x + 20] as number) ^
        (state[x + 30] as number) ^
        (state[x + 40] as number);
    for (let x = 0; x < 5; x++) {
      const next = 2 * ((x + 1) % 5);
      const before = 2 * ((x + 4) % 5);
      const low = column[next] as number;
      const high = column[next + 1] as number;
      const mixLow = (column[before] as number) ^ ((low << 1) | (high >>> 31));
      const mixHigh = (column[before + 1] as number) ^ ((high << 1) | (low >>> 31));
      for (let lane = 2 * x; lane < 50; lane += 10) {
        state[lane] = (state[lane] as number) ^ mixLow;
        state[lane + 1] = (state[lane + 1] as number) ^ mixHigh;
      }
    }
    rotate(state);
    for (let row = 0; row < 50; row += 10) {
      for (let i = 0; i < 10; i++) column[i] = state[row + i] as number;
      for (let i = 0; i < 10; i++) {
        const one = column[(i + 2) % 10] as number;
        state[row + i] = (column[i] as number) ^ (~one & (column[(i + 4) % 10] as number));
      }
    }
    state[0] = (state[0] as number) ^ (CONSTANTS[2 * round] as number);
    state[1] = (state[1] as number) ^ (CONSTANTS[2 * round + 1] as number);
  }
}

function rotate(state: Int32Array): void {
  let low = state[2] as number;
  let high = state[3] as number;
  for (let i = 0; i < 24; i++) {
    const place = 2 * (PLACES[i] as number);
    const amount = ROTATIONS[i] as number;
    const a = amount < 32 ? low : high;
    const b = amount < 32 ? high : low;
    const shift = amount & 31;
    low = state[place] as number;
    high = state[place + 1] as number;
    state[place] = shift === 0 ? a : (a << shift) | (b >>> (32 - shift));
    state[place + 1] = shift === 0 ? b : (b << shift) | (a >>> (32 - shift));
  }
}

/** A running SHA3-256. */
export class Sha3 {
  readonly #state = new Int32Array(2 * LANES);
  readonly #column = new Int32Array(10);
  /** Bytes of the present block that have been taken in. */
  #filled = 0;

  update(bytes: Uint8Array): this {
    const state = this.#state;
    let filled = this.#filled;
    for (let i = 0; i < bytes.length; i++) {
      const word = filled >>> 2;
      state[word] = (state[word] as number) ^ ((bytes[i] as number) << ((filled & 3) << 3));
      if (++filled === RATE_BYTES) {
        permute(state, this.#column);
        filled = 0;
      }
    }
    this.#filled = filled;
    return this;
  }

  /** The digest in lower-case hexadecimal. Nothing may be added afterwards. */
  hex(): string {
    const state = this.#state;
    const word = this.#filled >>> 2;
    state[word] = (state[word] as number) ^ (0x06 << ((this.#filled & 3) << 3));
    state[33] = (state[33] as number) ^ -0x80000000;
    permute(state, this.#column);
    let text = '';
    for (let i = 0; i < 32; i++) {
      const byte = ((state[i >>> 2] as number) >>> ((i & 3) << 3)) & 0xff;
      text += byte.toString(16).padStart(2, '0');
    }
    return text;
  }
}

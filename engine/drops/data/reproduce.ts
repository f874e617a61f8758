/** SHA3-256 of nothing, as hex: the content of a drop that was never written (spec/reproducibility.md 9.2). */
export const EMPTY_SHA3_256 = 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a';

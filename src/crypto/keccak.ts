// Keccak-p[1600, 12], the permutation of TurboSHAKE (RFC 9861 section 2; FIPS 202 section 3).
// A lane is two halves of 32 bits. scripts/keccak.mjs writes this file: change it there.

/** The round constants, low halves first. */
// biome-ignore format: a round a line
const CONSTANTS = /* @__PURE__ */ new Int32Array([
  0x8000808b, 0x0,
  0x8b, 0x80000000,
  0x8089, 0x80000000,
  0x8003, 0x80000000,
  0x8002, 0x80000000,
  0x80, 0x80000000,
  0x800a, 0x0,
  0x8000000a, 0x80000000,
  0x80008081, 0x80000000,
  0x8080, 0x80000000,
  0x80000001, 0x0,
  0x80008008, 0x80000000,
]);

/** Words of a state: lane (x, y) is word 2·(x + 5·y), its low half, and the next one. */
export const STATE_WORDS = 50;

/**
 * Permutes `state`, in place. `scratch`, of the same length, takes every other round, and keeps what determines the
 * state: wipe both.
 */
export function permute(state: Int32Array, scratch: Int32Array): void {
  let a = state;
  let b = scratch;
  for (let i = 0; i < 24; i += 2) {
    // θ
    const lowC0 = (a[0] as number) ^ (a[10] as number) ^ (a[20] as number) ^ (a[30] as number) ^ (a[40] as number);
    const highC0 = (a[1] as number) ^ (a[11] as number) ^ (a[21] as number) ^ (a[31] as number) ^ (a[41] as number);
    const lowC1 = (a[2] as number) ^ (a[12] as number) ^ (a[22] as number) ^ (a[32] as number) ^ (a[42] as number);
    const highC1 = (a[3] as number) ^ (a[13] as number) ^ (a[23] as number) ^ (a[33] as number) ^ (a[43] as number);
    const lowC2 = (a[4] as number) ^ (a[14] as number) ^ (a[24] as number) ^ (a[34] as number) ^ (a[44] as number);
    const highC2 = (a[5] as number) ^ (a[15] as number) ^ (a[25] as number) ^ (a[35] as number) ^ (a[45] as number);
    const lowC3 = (a[6] as number) ^ (a[16] as number) ^ (a[26] as number) ^ (a[36] as number) ^ (a[46] as number);
    const highC3 = (a[7] as number) ^ (a[17] as number) ^ (a[27] as number) ^ (a[37] as number) ^ (a[47] as number);
    const lowC4 = (a[8] as number) ^ (a[18] as number) ^ (a[28] as number) ^ (a[38] as number) ^ (a[48] as number);
    const highC4 = (a[9] as number) ^ (a[19] as number) ^ (a[29] as number) ^ (a[39] as number) ^ (a[49] as number);
    const lowD0 = lowC4 ^ ((lowC1 << 1) | (highC1 >>> 31));
    const highD0 = highC4 ^ ((highC1 << 1) | (lowC1 >>> 31));
    const lowD1 = lowC0 ^ ((lowC2 << 1) | (highC2 >>> 31));
    const highD1 = highC0 ^ ((highC2 << 1) | (lowC2 >>> 31));
    const lowD2 = lowC1 ^ ((lowC3 << 1) | (highC3 >>> 31));
    const highD2 = highC1 ^ ((highC3 << 1) | (lowC3 >>> 31));
    const lowD3 = lowC2 ^ ((lowC4 << 1) | (highC4 >>> 31));
    const highD3 = highC2 ^ ((highC4 << 1) | (lowC4 >>> 31));
    const lowD4 = lowC3 ^ ((lowC0 << 1) | (highC0 >>> 31));
    const highD4 = highC3 ^ ((highC0 << 1) | (lowC0 >>> 31));

    // ρ, π and χ: plane 0
    {
      const low0 = (a[0] as number) ^ lowD0;
      const high0 = (a[1] as number) ^ highD0;
      const l1 = (a[12] as number) ^ lowD1;
      const h1 = (a[13] as number) ^ highD1;
      const low1 = (h1 << 12) | (l1 >>> 20);
      const high1 = (l1 << 12) | (h1 >>> 20);
      const l2 = (a[24] as number) ^ lowD2;
      const h2 = (a[25] as number) ^ highD2;
      const low2 = (h2 << 11) | (l2 >>> 21);
      const high2 = (l2 << 11) | (h2 >>> 21);
      const l3 = (a[36] as number) ^ lowD3;
      const h3 = (a[37] as number) ^ highD3;
      const low3 = (l3 << 21) | (h3 >>> 11);
      const high3 = (h3 << 21) | (l3 >>> 11);
      const l4 = (a[48] as number) ^ lowD4;
      const h4 = (a[49] as number) ^ highD4;
      const low4 = (l4 << 14) | (h4 >>> 18);
      const high4 = (h4 << 14) | (l4 >>> 18);
      b[0] = low0 ^ (~low1 & low2) ^ (CONSTANTS[i] as number);
      b[1] = high0 ^ (~high1 & high2) ^ (CONSTANTS[i + 1] as number);
      b[2] = low1 ^ (~low2 & low3);
      b[3] = high1 ^ (~high2 & high3);
      b[4] = low2 ^ (~low3 & low4);
      b[5] = high2 ^ (~high3 & high4);
      b[6] = low3 ^ (~low4 & low0);
      b[7] = high3 ^ (~high4 & high0);
      b[8] = low4 ^ (~low0 & low1);
      b[9] = high4 ^ (~high0 & high1);
    }

    // ρ, π and χ: plane 1
    {
      const l0 = (a[6] as number) ^ lowD3;
      const h0 = (a[7] as number) ^ highD3;
      const low0 = (l0 << 28) | (h0 >>> 4);
      const high0 = (h0 << 28) | (l0 >>> 4);
      const l1 = (a[18] as number) ^ lowD4;
      const h1 = (a[19] as number) ^ highD4;
      const low1 = (l1 << 20) | (h1 >>> 12);
      const high1 = (h1 << 20) | (l1 >>> 12);
      const l2 = (a[20] as number) ^ lowD0;
      const h2 = (a[21] as number) ^ highD0;
      const low2 = (l2 << 3) | (h2 >>> 29);
      const high2 = (h2 << 3) | (l2 >>> 29);
      const l3 = (a[32] as number) ^ lowD1;
      const h3 = (a[33] as number) ^ highD1;
      const low3 = (h3 << 13) | (l3 >>> 19);
      const high3 = (l3 << 13) | (h3 >>> 19);
      const l4 = (a[44] as number) ^ lowD2;
      const h4 = (a[45] as number) ^ highD2;
      const low4 = (h4 << 29) | (l4 >>> 3);
      const high4 = (l4 << 29) | (h4 >>> 3);
      b[10] = low0 ^ (~low1 & low2);
      b[11] = high0 ^ (~high1 & high2);
      b[12] = low1 ^ (~low2 & low3);
      b[13] = high1 ^ (~high2 & high3);
      b[14] = low2 ^ (~low3 & low4);
      b[15] = high2 ^ (~high3 & high4);
      b[16] = low3 ^ (~low4 & low0);
      b[17] = high3 ^ (~high4 & high0);
      b[18] = low4 ^ (~low0 & low1);
      b[19] = high4 ^ (~high0 & high1);
    }

    // ρ, π and χ: plane 2
    {
      const l0 = (a[2] as number) ^ lowD1;
      const h0 = (a[3] as number) ^ highD1;
      const low0 = (l0 << 1) | (h0 >>> 31);
      const high0 = (h0 << 1) | (l0 >>> 31);
      const l1 = (a[14] as number) ^ lowD2;
      const h1 = (a[15] as number) ^ highD2;
      const low1 = (l1 << 6) | (h1 >>> 26);
      const high1 = (h1 << 6) | (l1 >>> 26);
      const l2 = (a[26] as number) ^ lowD3;
      const h2 = (a[27] as number) ^ highD3;
      const low2 = (l2 << 25) | (h2 >>> 7);
      const high2 = (h2 << 25) | (l2 >>> 7);
      const l3 = (a[38] as number) ^ lowD4;
      const h3 = (a[39] as number) ^ highD4;
      const low3 = (l3 << 8) | (h3 >>> 24);
      const high3 = (h3 << 8) | (l3 >>> 24);
      const l4 = (a[40] as number) ^ lowD0;
      const h4 = (a[41] as number) ^ highD0;
      const low4 = (l4 << 18) | (h4 >>> 14);
      const high4 = (h4 << 18) | (l4 >>> 14);
      b[20] = low0 ^ (~low1 & low2);
      b[21] = high0 ^ (~high1 & high2);
      b[22] = low1 ^ (~low2 & low3);
      b[23] = high1 ^ (~high2 & high3);
      b[24] = low2 ^ (~low3 & low4);
      b[25] = high2 ^ (~high3 & high4);
      b[26] = low3 ^ (~low4 & low0);
      b[27] = high3 ^ (~high4 & high0);
      b[28] = low4 ^ (~low0 & low1);
      b[29] = high4 ^ (~high0 & high1);
    }

    // ρ, π and χ: plane 3
    {
      const l0 = (a[8] as number) ^ lowD4;
      const h0 = (a[9] as number) ^ highD4;
      const low0 = (l0 << 27) | (h0 >>> 5);
      const high0 = (h0 << 27) | (l0 >>> 5);
      const l1 = (a[10] as number) ^ lowD0;
      const h1 = (a[11] as number) ^ highD0;
      const low1 = (h1 << 4) | (l1 >>> 28);
      const high1 = (l1 << 4) | (h1 >>> 28);
      const l2 = (a[22] as number) ^ lowD1;
      const h2 = (a[23] as number) ^ highD1;
      const low2 = (l2 << 10) | (h2 >>> 22);
      const high2 = (h2 << 10) | (l2 >>> 22);
      const l3 = (a[34] as number) ^ lowD2;
      const h3 = (a[35] as number) ^ highD2;
      const low3 = (l3 << 15) | (h3 >>> 17);
      const high3 = (h3 << 15) | (l3 >>> 17);
      const l4 = (a[46] as number) ^ lowD3;
      const h4 = (a[47] as number) ^ highD3;
      const low4 = (h4 << 24) | (l4 >>> 8);
      const high4 = (l4 << 24) | (h4 >>> 8);
      b[30] = low0 ^ (~low1 & low2);
      b[31] = high0 ^ (~high1 & high2);
      b[32] = low1 ^ (~low2 & low3);
      b[33] = high1 ^ (~high2 & high3);
      b[34] = low2 ^ (~low3 & low4);
      b[35] = high2 ^ (~high3 & high4);
      b[36] = low3 ^ (~low4 & low0);
      b[37] = high3 ^ (~high4 & high0);
      b[38] = low4 ^ (~low0 & low1);
      b[39] = high4 ^ (~high0 & high1);
    }

    // ρ, π and χ: plane 4
    {
      const l0 = (a[4] as number) ^ lowD2;
      const h0 = (a[5] as number) ^ highD2;
      const low0 = (h0 << 30) | (l0 >>> 2);
      const high0 = (l0 << 30) | (h0 >>> 2);
      const l1 = (a[16] as number) ^ lowD3;
      const h1 = (a[17] as number) ^ highD3;
      const low1 = (h1 << 23) | (l1 >>> 9);
      const high1 = (l1 << 23) | (h1 >>> 9);
      const l2 = (a[28] as number) ^ lowD4;
      const h2 = (a[29] as number) ^ highD4;
      const low2 = (h2 << 7) | (l2 >>> 25);
      const high2 = (l2 << 7) | (h2 >>> 25);
      const l3 = (a[30] as number) ^ lowD0;
      const h3 = (a[31] as number) ^ highD0;
      const low3 = (h3 << 9) | (l3 >>> 23);
      const high3 = (l3 << 9) | (h3 >>> 23);
      const l4 = (a[42] as number) ^ lowD1;
      const h4 = (a[43] as number) ^ highD1;
      const low4 = (l4 << 2) | (h4 >>> 30);
      const high4 = (h4 << 2) | (l4 >>> 30);
      b[40] = low0 ^ (~low1 & low2);
      b[41] = high0 ^ (~high1 & high2);
      b[42] = low1 ^ (~low2 & low3);
      b[43] = high1 ^ (~high2 & high3);
      b[44] = low2 ^ (~low3 & low4);
      b[45] = high2 ^ (~high3 & high4);
      b[46] = low3 ^ (~low4 & low0);
      b[47] = high3 ^ (~high4 & high0);
      b[48] = low4 ^ (~low0 & low1);
      b[49] = high4 ^ (~high0 & high1);
    }

    const t = a;
    a = b;
    b = t;
  }
}

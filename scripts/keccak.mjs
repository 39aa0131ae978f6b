// Writes src/crypto/keccak.ts: the permutation under TurboSHAKE, one round of it unrolled. Loops over lanes would be
// short enough to write by hand, but they take three times as long (docs/notes/cryptography.md). What stands here are
// the formulas of FIPS 202, and test/crypto/keccak.node.test.ts compares the file with them.

import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const ROUNDS = 12;
const FIVE = [0, 1, 2, 3, 4];
const mod5 = (/** @type {number} */ x) => (x + 5) % 5;

/** ρ: by how many bits lane (x, y) is rotated, at x + 5·y (FIPS 202 section 3.2.2). */
const offsets = new Array(25).fill(0);
for (let t = 0, x = 1, y = 0; t < 24; t++) {
  offsets[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
  [x, y] = [y, (2 * x + 3 * y) % 5];
}

/** ι: the constants of the last rounds of Keccak-f[1600], which has 24 (FIPS 202 section 3.2.5). */
function roundConstants() {
  const constants = [];
  for (let round = 0, register = 1; round < 24; round++) {
    let constant = 0n;
    for (let j = 0n; j < 7n; j++) {
      if (register & 1) constant |= 1n << (2n ** j - 1n);
      register = (register << 1) ^ ((register >> 7) * 0x171);
    }
    constants.push(constant);
  }
  return constants.slice(24 - ROUNDS);
}

const hex = (/** @type {bigint} */ word) => `0x${word.toString(16)}`;

/** The names of the low and the high half of a lane. */
const HALVES = /** @type {const} */ (["low", "high"]);

/** @param {string} array @param {number} x @param {number} y @param {number} half */
const word = (array, x, y, half) => `(${array}[${2 * (x + 5 * y) + half}] as number)`;

/** θ: the parities of the columns, and what each column is changed by. */
function theta() {
  const parities = FIVE.flatMap((x) =>
    HALVES.map((name, half) => `const ${name}C${x} = ${FIVE.map((y) => word("a", x, y, half)).join(" ^ ")};`),
  );
  const changes = FIVE.flatMap((x) => {
    const [before, after] = [mod5(x - 1), mod5(x + 1)];
    return HALVES.map((name, half) => {
      const other = HALVES[1 - half];
      return `const ${name}D${x} = ${name}C${before} ^ ((${name}C${after} << 1) | (${other}C${after} >>> 31));`;
    });
  });
  return ["// θ", ...parities, ...changes];
}

/**
 * The plane y of the result: each of its lanes by θ, ρ and π, and then the plane by χ. ι changes the first lane of all.
 *
 * @param {number} y
 */
function plane(y) {
  const lanes = FIVE.flatMap((x) => {
    // π: lane (x', y') moves to (y', 2x' + 3y').
    const [fromX, fromY] = [mod5(x + 3 * y), x];
    const offset = offsets[fromX + 5 * fromY];
    const [low, high] = HALVES.map((name, half) => `${word("a", fromX, fromY, half)} ^ ${name}D${fromX}`);
    if (offset === 0) return [`const low${x} = ${low};`, `const high${x} = ${high};`];
    const [bits, rest] = [offset % 32, 32 - (offset % 32)];
    const [l, h] = offset < 32 ? ["l", "h"] : ["h", "l"];
    return [
      `const l${x} = ${low};`,
      `const h${x} = ${high};`,
      `const low${x} = (${l}${x} << ${bits}) | (${h}${x} >>> ${rest});`,
      `const high${x} = (${h}${x} << ${bits}) | (${l}${x} >>> ${rest});`,
    ];
  });
  const chi = FIVE.flatMap((x) =>
    HALVES.map((name, half) => {
      const iota = x + y === 0 ? ` ^ (CONSTANTS[${half === 0 ? "i" : "i + 1"}] as number)` : "";
      return `b[${2 * (x + 5 * y) + half}] = ${name}${x} ^ (~${name}${mod5(x + 1)} & ${name}${mod5(x + 2)})${iota};`;
    }),
  );
  return [`// ρ, π and χ: plane ${y}`, "{", ...[...lanes, ...chi].map((line) => `  ${line}`), "}"];
}

export function keccakSource() {
  const constants = roundConstants().map((c) => `  ${hex(c & 0xffff_ffffn)}, ${hex(c >> 32n)},`);
  return `// Keccak-p[1600, ${ROUNDS}], the permutation of TurboSHAKE (RFC 9861 section 2; FIPS 202 section 3).
// A lane is two halves of 32 bits. scripts/keccak.mjs writes this file: change it there.

/** The round constants, low halves first. */
// biome-ignore format: a round a line
const CONSTANTS = /* @__PURE__ */ new Int32Array([
${constants.join("\n")}
]);

/** Words of a state: lane (x, y) is word 2·(x + 5·y), its low half, and the next one. */
export const STATE_WORDS = 50;

/**
 * Permutes \`state\`, in place. \`scratch\`, of the same length, takes every other round, and keeps what determines the
 * state: wipe both.
 */
export function permute(state: Int32Array, scratch: Int32Array): void {
  let a = state;
  let b = scratch;
  for (let i = 0; i < ${2 * ROUNDS}; i += 2) {
${[theta(), ...FIVE.map(plane)].map((lines) => lines.map((line) => `    ${line}`).join("\n")).join("\n\n")}

    const t = a;
    a = b;
    b = t;
  }
}
`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileURLToPath(new URL("../src/crypto/keccak.ts", import.meta.url)), keccakSource());
}

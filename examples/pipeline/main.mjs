// Prio from one client's answers to the published totals, every step in the open. The library runs the protocol; the
// textbook beside it computes the same numbers by hand, and each of its results is compared with the library's message.
//
//   node examples/pipeline/main.mjs

import assert from "node:assert/strict";
import { Client, Config, generateKeyPair, publish, Server, ServerSecret } from "prio";
import { generator, openPacket, queryPointKey, readMessage, sealPacket, writeMessage } from "./bytes.mjs";
import { evaluate, mod, p, pow, root } from "./field.mjs";
import { evaluateShare, outcome, proofSize, prove, readShare, split } from "./textbook.mjs";

const questions = ["owns a bicycle", "owns a car", "works from home", "has a garden"];
const answers = [true, false, true, true];
const batchId = "pipeline";
const n = questions.length;
const size = proofSize(n);

/** @param {string} title */
const heading = (title) => console.log(`\n${title}\n${"─".repeat(title.length)}`);
/** An element of the field in 22 hexadecimal digits. @param {bigint} x */
const hex = (x) => x.toString(16).padStart(22, "0");
/** @param {string} name @param {bigint} a @param {bigint} b @param {string} meaning */
const row = (name, a, b, meaning = "") =>
  console.log(`  ${name.padEnd(6)} ${hex(a)}  ${hex(b)}  ${hex(mod(a + b))}  ${meaning}`.trimEnd());
const tableHead = () => console.log(`  ${" ".repeat(6)} ${"A has".padEnd(22)}  ${"B has".padEnd(22)}  together, mod p`);

// ---------------------------------------------------------------------------------------------------------------------
heading("1. Two servers, one batch");

const keysA = generateKeyPair();
const keysB = generateKeyPair();
const secret = ServerSecret.generate();
const config = new Config({ fields: n, batchId, serverA: keysA.publicKey, serverB: keysB.publicKey });
const serverA = new Server(config, { id: "A", privateKey: keysA.privateKey, secret, queryPoints: "report" });
const serverB = new Server(config, { id: "B", privateKey: keysB.privateKey, secret, queryPoints: "report" });

console.log(`  server A's public key   ${keysA.publicKey.toHex()}`);
console.log(`  server B's public key   ${keysB.publicKey.toHex()}`);
console.log(`  modulus p               ${hex(p)} = 2^87 + 2^19 + 1`);
console.log(`  fields n = ${n}, size of the proof N = ${size}`);

// ---------------------------------------------------------------------------------------------------------------------
heading("2. A client splits its answers");

const reportId = "report-1";
const packets = new Client(config).encode(answers);
for (const [i, question] of questions.entries()) console.log(`  ${question.padEnd(16)} ${answers[i] ? "yes" : "no"}`);
console.log(`  packet for A: ${packets.a.length} bytes, packet for B: ${packets.b.length} bytes`);
console.log("\n  Each server opens its own packet. Alone, each sees random numbers:\n");

const shareA = readShare("A", openPacket(keysA.privateKey.toBytes(), packets.a), batchId, n);
const shareB = readShare("B", openPacket(keysB.privateKey.toBytes(), packets.b), batchId, n);
const together = {
  f0: mod(shareA.f0 + shareB.f0),
  g0: mod(shareA.g0 + shareB.g0),
  data: shareA.data.map((x, i) => mod(x + (shareB.data[i] ?? 0n))),
  h: shareA.h.map((x, i) => mod(x + (shareB.h[i] ?? 0n))),
};
tableHead();
for (const [i, x] of shareA.data.entries()) row(`x_${i + 1}`, x, shareB.data[i] ?? 0n, answers[i] ? "yes" : "no");
assert.deepEqual(together.data, answers.map(BigInt));

// ---------------------------------------------------------------------------------------------------------------------
heading("3. The proof that comes with them");

console.log(
  "  f has f0 and then the x_i at the N-th roots of unity, g has g0 and then x_i − 1. For bits, h = f·g is 0 at",
);
console.log("  every root but the first. The client sends h at the N other 2N-th roots, f0, g0, f0·g0, and a·b = c.\n");
tableHead();
for (const name of /** @type {const} */ (["a", "b", "c", "f0", "g0", "h0"])) row(name, shareA[name], shareB[name]);
for (const [i, x] of shareA.h.entries()) row(`h_${2 * i + 1}`, x, shareB.h[i] ?? 0n, i === 0 ? "h at ω^1, ω^3, …" : "");

const padding = new Array(size - n - 1).fill(0n);
const f = [together.f0, ...together.data, ...padding];
const g = [together.g0, ...together.data.map((x) => mod(x - 1n)), ...padding];
for (const [i, point] of together.h.entries()) {
  const x = root(2 * size, 2 * i + 1);
  assert.equal(mod(evaluate(f, x) * evaluate(g, x)), point);
}
console.log("\n  Checked by hand: every h_j is f·g at its root.");

// ---------------------------------------------------------------------------------------------------------------------
heading("4. The query point");

/** @param {string} id */
const queryPoint = (id) => {
  const draw = generator(queryPointKey(secret.toBytes(), batchId, id));
  for (;;) {
    const r = draw(p);
    if (r !== 0n && pow(r, BigInt(2 * size)) !== 1n) return r;
  }
};
const r = queryPoint(reportId);
console.log("  Both servers draw the same r from their secret and the report id. The client cannot know it.");
console.log(`  r = ${hex(r)}\n`);
const atA = evaluateShare("A", shareA, r);
const atB = evaluateShare("B", shareB, r);
tableHead();
row("f(r)", atA.f, atB.f);
row("g(r)", atA.g, atB.g);
row("h(r)", atA.h, atB.h, "= f(r)·g(r)");
assert.equal(mod((atA.f + atB.f) * (atA.g + atB.g)), mod(atA.h + atB.h));

// ---------------------------------------------------------------------------------------------------------------------
heading("5. verify1: hide r·f(r) and g(r) behind a and b, and exchange");

const verifierA = serverA.open(packets.a, reportId);
const verifierB = serverB.open(packets.b, reportId);
const verify1A = verifierA.verify1();
const verify1B = verifierB.verify1();
const mine = [
  [mod(r * atA.f - shareA.a), mod(atA.g - shareA.b)],
  [mod(r * atB.f - shareB.a), mod(atB.g - shareB.b)],
];
assert.deepEqual(
  [verify1A, verify1B].map((message) => readMessage(message, ["int", "int"])),
  mine,
);
const [[dA, eA], [dB, eB]] = /** @type {[[bigint, bigint], [bigint, bigint]]} */ (mine);
const d = mod(dA + dB);
const e = mod(eA + eB);
tableHead();
row("d", dA, dB, "= r·f(r) − a");
row("e", eA, eB, "= g(r) − b");
console.log(`\n  A → B  ${Buffer.from(verify1A).toString("hex")}`);
console.log(`  B → A  ${Buffer.from(verify1B).toString("hex")}`);
console.log("  Checked by hand: the library's messages hold the same numbers.");

// ---------------------------------------------------------------------------------------------------------------------
heading("6. verify2: the outcome, r·(f(r)·g(r) − h(r)), in shares");

const verify2A = verifierA.verify2(verify1A, verify1B);
const verify2B = verifierB.verify2(verify1A, verify1B);
const outA = outcome(shareA, mod(r * atA.h), d, e);
const outB = outcome(shareB, mod(r * atB.h), d, e);
assert.deepEqual(
  [verify2A, verify2B],
  [outA, outB].map((out) => new Uint8Array(writeMessage([out]))),
);
tableHead();
row("out", outA, outB, "0: the answers are bits");

const verifiedA = verifierA.check(verify2A, verify2B);
const verifiedB = verifierB.check(verify2A, verify2B);
assert(verifiedA !== null && verifiedB !== null);
serverA.aggregate(verifiedA);
serverB.aggregate(verifiedB);

// ---------------------------------------------------------------------------------------------------------------------
heading("7. A cheat says 2 for its car");

/**
 * Both servers' answer to the contents of two packets, and the outcome of the proof.
 *
 * @param {{ a: Buffer, b: Buffer }} contents
 * @param {string} id
 */
function check(contents, id) {
  const a = serverA.open(sealPacket(keysA.publicKey.toBytes(), contents.a), id);
  const b = serverB.open(sealPacket(keysB.publicKey.toBytes(), contents.b), id);
  const first = /** @type {const} */ ([a.verify1(), b.verify1()]);
  const second = /** @type {const} */ ([a.verify2(...first), b.verify2(...first)]);
  const [shareOfA, shareOfB] = second.map((message) => readMessage(message, ["int"])[0]);
  row("out", /** @type {bigint} */ (shareOfA), /** @type {bigint} */ (shareOfB));
  return { a: a.check(...second), b: b.check(...second) };
}

// The library's client refuses such a value, so the cheat computes its packets by hand, with the best possible proof.
tableHead();
const cheat = check(split(batchId, prove([0n, 2n, 0n, 1n])), "report-2");
assert.deepEqual(cheat, { a: null, b: null });
console.log("  Not 0: both servers refuse the report. An honest report that is made by hand passes:");
const honest = check(split(batchId, prove([0n, 1n, 0n, 1n])), "report-3");
assert(honest.a !== null && honest.b !== null);
serverA.aggregate(honest.a);
serverB.aggregate(honest.b);

// ---------------------------------------------------------------------------------------------------------------------
heading("8. The totals");

const client = new Client(config);
const everyone = [answers.map(Number), [0, 1, 0, 1]];
for (let i = 0; i < 30; i++) {
  const values = questions.map((_, k) => Number(Math.random() < 0.2 * (k + 1)));
  const sealed = client.encode(values);
  const a = serverA.open(sealed.a, `more-${i}`);
  const b = serverB.open(sealed.b, `more-${i}`);
  const first = /** @type {const} */ ([a.verify1(), b.verify1()]);
  const second = /** @type {const} */ ([a.verify2(...first), b.verify2(...first)]);
  const ofA = a.check(...second);
  const ofB = b.check(...second);
  assert(ofA !== null && ofB !== null);
  serverA.aggregate(ofA);
  serverB.aggregate(ofB);
  everyone.push(values);
}
console.log(
  `  Thirty more clients report. Each server has counted ${serverA.reports} reports and publishes its total share:\n`,
);
assert.equal(serverA.reports, serverB.reports);
const [totalA, totalB] = [serverA.totalShare(), serverB.totalShare()];
const [totalsA, totalsB] = [totalA, totalB].map(
  (share) => /** @type {bigint[]} */ (readMessage(share, ["integer", "ints"])[1]),
);
const totals = publish(config, totalA, totalB);
tableHead();
for (const [i, question] of questions.entries()) row(`sum_${i + 1}`, totalsA?.[i] ?? 0n, totalsB?.[i] ?? 0n, question);
console.log("");
for (const [i, question] of questions.entries()) {
  const total = Number(totals[i]);
  assert.equal(
    total,
    everyone.reduce((sum, values) => sum + (values[i] ?? 0), 0),
  );
  console.log(`  ${question.padEnd(16)} ${String(total).padStart(2)}  ${"█".repeat(total)}`);
}
console.log(
  `\nThe library and the textbook agree at every step; the totals are those of the ${everyone.length} honest clients.`,
);

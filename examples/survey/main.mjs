// A survey with numbers: 500 people answer four questions, nobody sees anybody's answers, and the averages are
// published with their labels.
//
//   node examples/survey/main.mjs

import assert from "node:assert/strict";
import { Client, Config, generateKeyPair, PrioError, publish, Server, ServerSecret } from "prio";

/**
 * `most` is the largest sensible answer, `typical` draws the answer of one simulated person.
 *
 * @type {readonly { label: string, unit: string, most: number, typical: () => number }[]}
 */
const questions = [
  { label: "Minutes on the way to work", unit: "min", most: 120, typical: () => normal(34, 18, 120) },
  { label: "Cups of coffee a day", unit: "cups", most: 10, typical: () => normal(2, 1.5, 10) },
  { label: "Hours of sleep a night", unit: "h", most: 12, typical: () => normal(7, 1.2, 12) },
  { label: "Would recommend us (0 to 10)", unit: "points", most: 10, typical: () => normal(8, 1.5, 10) },
];
const people = 500;

// 8 bits hold every answer: 0 to 255. The proof holds a client to that range, not to what makes sense for a question.
const precision = 8;

const keysA = generateKeyPair();
const keysB = generateKeyPair();
const secret = ServerSecret.generate();
const config = Config.forIntegers({
  count: questions.length,
  precision,
  batchId: "survey-2026-11",
  serverA: keysA.publicKey,
  serverB: keysB.publicKey,
});
const serverA = new Server(config, { id: "A", privateKey: keysA.privateKey, secret, queryPoints: "report" });
const serverB = new Server(config, { id: "B", privateKey: keysB.privateKey, secret, queryPoints: "report" });

// ---- in each person's browser ---------------------------------------------------------------------------------------

const client = new Client(config);
const everyone = Array.from({ length: people }, () => questions.map(({ typical }) => typical()));
const reports = everyone.map((answers, i) => ({ id: `person-${i}`, packets: client.encodeIntegers(answers) }));

/** @type {{ a: Uint8Array, b: Uint8Array }} */
const { a, b } = reports[0]?.packets ?? assert.fail("nobody took part");
console.log(`${people} people answer ${questions.length} questions of ${precision} bits each.`);
console.log(`One report is ${a.length} bytes for server A and ${b.length} for server B.`);

try {
  client.encodeIntegers([34, 2, 700, 8]);
} catch (error) {
  assert(error instanceof PrioError);
  console.log(`A slip of the finger never leaves the browser: ${error.message} (${error.code})`);
}

// ---- at the two servers ---------------------------------------------------------------------------------------------

for (const { id, packets } of reports) {
  const ofA = serverA.open(packets.a, id);
  const ofB = serverB.open(packets.b, id);
  const [verify1A, verify1B] = [ofA.verify1(), ofB.verify1()];
  const [verify2A, verify2B] = [ofA.verify2(verify1A, verify1B), ofB.verify2(verify1A, verify1B)];
  const [reportA, reportB] = [ofA.check(verify2A, verify2B), ofB.check(verify2A, verify2B)];
  if (reportA === null || reportB === null) continue;
  serverA.aggregate(reportA);
  serverB.aggregate(reportB);
}

// ---- published ------------------------------------------------------------------------------------------------------

// Nothing is published of a small group, or when the servers did not count the same number of reports.
assert(serverA.reports === serverB.reports && serverA.reports >= 100);
const totals = publish(config, serverA.totalShare(), serverB.totalShare()).map(Number);
const averages = totals.map((total) => total / serverA.reports);

console.log(`\nResults of ${serverA.reports} reports\n`);
for (const [i, { label, unit, most }] of questions.entries()) {
  const total = totals[i] ?? 0;
  const average = averages[i] ?? 0;
  const bar = "█".repeat(Math.round((30 * average) / most)).padEnd(30, "░");
  console.log(`  ${label.padEnd(28)} ${average.toFixed(1).padStart(6)} ${unit.padEnd(6)} ${bar} ${most}`);
  assert.equal(
    total,
    everyone.reduce((sum, answers) => sum + (answers[i] ?? 0), 0),
  );
}
console.log("\nThe totals are the sums of what people answered; no server has seen one answer.");

/**
 * A whole number around `mean`, from 0 to `most`.
 *
 * @param {number} mean
 * @param {number} deviation
 * @param {number} most
 */
function normal(mean, deviation, most) {
  const wave = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.min(most, Math.max(0, Math.round(mean + deviation * wave)));
}

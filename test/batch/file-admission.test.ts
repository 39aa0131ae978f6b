// Which rows of a file are admitted, in every mode.

import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { type Batch, configOf, type ServerRole } from "../../src/batch/batch.js";
import { FileAdmission } from "../../src/batch/file-admission.js";
import { refuse } from "../../src/batch/rows.js";
import {
  Admission,
  type Admitted,
  generateKeyPair,
  PrioError,
  type QueryPoints,
  type ReplayKeys,
  ServerSecret,
} from "../../src/index.js";

const { publicKey, privateKey } = generateKeyPair();
const batch: Batch = {
  batchId: "admission",
  count: 3,
  precision: undefined,
  publicKeyA: publicKey.toHex(),
  publicKeyB: generateKeyPair().publicKey.toHex(),
  prgKey: "batch",
};
const secret = ServerSecret.generate();
const role = (queryPoints: QueryPoints): ServerRole => ({
  batch,
  serverId: "A",
  privateKeys: [privateKey.toHex()],
  secret: secret.toBase64(),
  queryPoints,
});

const keysOf = (id: number, packet: number): ReplayKeys => ({
  report: new Uint8Array(32).fill(id),
  packet: new Uint8Array(32).fill(100 + packet),
});

/** Where an admitted row is checked; undefined when it was left out. */
function pointOf(decision: ReturnType<FileAdmission["decide"]>): bigint | undefined {
  if ("refused" in decision) throw new Error(`refused: ${decision.refused}`);
  return decision.admitted.point;
}

afterEach(() => vi.restoreAllMocks());

it.each(["stream", "report", "batch"] as const)(
  "%s: decides as the library's admission with an exact record does",
  (queryPoints) => {
    const row = fc.record({ id: fc.nat(9), packet: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const seen = new Set<string>();
        const replays = { add: (key: Uint8Array) => seen.size < seen.add(key.join()).size };
        const admission = new Admission(configOf(batch), { secret, queryPoints, replays });
        const file = new FileAdmission(role(queryPoints));
        for (const [i, { id, packet }] of rows.entries()) {
          const replayKeys = keysOf(id, packet);
          const expected = admission.admit(replayKeys);
          const decision = file.decide({ id: `row ${i}`, replayKeys });
          if (!("replayed" in expected)) expect(decision).toEqual({ admitted: expected });
          else
            expect(decision).toEqual(
              refuse(expected.replayed === "report" ? "duplicate-id" : "duplicate-packet", `row ${i}`),
            );
        }
      }),
      { numRuns: 100 },
    );
  },
);

it("a row that was there before takes its point of the stream", () => {
  const [file, other] = [new FileAdmission(role("stream")), new FileAdmission(role("stream"))];
  file.decide({ id: "a", replayKeys: keysOf(1, 1) });
  expect(file.decide({ id: "a", replayKeys: keysOf(1, 2) })).toEqual(refuse("duplicate-id", "a"));
  expect(file.decide({ id: "b", replayKeys: keysOf(2, 1) })).toEqual(refuse("duplicate-packet", "b"));
  const points = [1, 3, 4, 5].map((id) => pointOf(other.decide({ id: "x", replayKeys: keysOf(id, id) })));
  expect(new Set(points).size).toBe(4);
  expect(pointOf(file.decide({ id: "c", replayKeys: keysOf(3, 3) }))).toBe(points[3]);
});

it("a row without messages takes its point of the stream, and its id and packet", () => {
  const [verify1, verify2] = [new FileAdmission(role("stream")), new FileAdmission(role("stream"))];
  const messagesOf = ({ id }: { id: string }) =>
    id === "lost" ? refuse("unknown-id-external", id) : (["YQ==", "Yg=="] as const);
  const rows = ["first", "lost", "last"].map((id, i) => ({ id, replayKeys: keysOf(i, i) }));
  const [, , expected] = rows.map((row) => pointOf(verify1.decide(row)));
  const decisions = rows.map((row) => verify2.decide(row, messagesOf));
  expect(decisions[1]).toEqual(refuse("unknown-id-external", "lost"));
  expect(decisions[2]).toMatchObject({ admitted: { point: expected }, messages: ["YQ==", "Yg=="] });
  expect(verify2.decide({ id: "lost", replayKeys: keysOf(1, 9) }, messagesOf)).toEqual(refuse("duplicate-id", "lost"));
  expect(verify2.decide({ id: "new", replayKeys: keysOf(9, 1) }, messagesOf)).toEqual(
    refuse("duplicate-packet", "new"),
  );
});

it("more rows than one point serves end the run, and any other error of the library is not taken for that", () => {
  const admit = vi.spyOn(Admission.prototype, "admit");
  const file = new FileAdmission(role("batch"));
  const decide = () => file.decide({ id: "x", replayKeys: keysOf(1, 1) });
  admit.mockImplementationOnce(() => {
    throw new PrioError("out-of-range", "the library's sentence");
  });
  expect(decide).toThrowError(
    expect.objectContaining({
      name: "Failure",
      message: "--query-points batch: one point serves 1048576 reports, and the file has more",
      hint: "make more batches of it, or use --query-points report",
    }),
  );
  admit.mockImplementationOnce(() => {
    throw new PrioError("wrong-state", "another");
  });
  expect(decide).toThrowError(expect.objectContaining({ code: "wrong-state" }));
  const admitted: Admitted = { keys: keysOf(1, 1), queryPoints: "batch" };
  admit.mockImplementationOnce(() => admitted);
  expect(decide()).toEqual({ admitted });
});

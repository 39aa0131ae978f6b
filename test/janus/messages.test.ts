// Every message that Janus has of DAP-18: what this library writes, its crate reads and writes again to the same bytes,
// and the other way round. The three that it has otherwise go through the aggregator's dialect.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as dialect from "../../aggregator/src/dialects/janus-0.9.js";
import * as dap from "../../src/dap/index.js";
import { MessagesPeer, toHex } from "./peer.js";

const RUNS = 200;

type Bytes = dap.Bytes;
const bytes = (minLength = 0, maxLength = 40) => fc.uint8Array({ minLength, maxLength }) as fc.Arbitrary<Bytes>;
const exactly = (length: number) => bytes(length, length);
const uint = (bits: number) => fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** bits - 1 }));
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const list = <T>(one: fc.Arbitrary<T>, minLength = 0) => fc.array(one, { minLength, maxLength: 4 });
const ascii = (text: string) => new Uint8Array(Buffer.from(text, "ascii")) as Bytes;

/** In strictly increasing order, as both refuse any other. Task extensions of type 1 have contents of their own. */
const extensions = list(fc.record({ extensionType: fc.integer({ min: 2, max: 65535 }), extensionData: bytes() })).map(
  (all) =>
    [...new Map(all.map((one) => [one.extensionType, one])).values()].sort((a, b) => a.extensionType - b.extensionType),
);
const ciphertext = fc.record({ configId: uint(8), enc: bytes(1), payload: bytes(1, 200) });
const reportId = exactly(16);
const reportMetadata = fc.record({ reportId, time: uint64, publicExtensions: extensions });
const report = fc.record({
  reportMetadata,
  publicShare: bytes(),
  leaderEncryptedInputShare: ciphertext,
  helperEncryptedInputShare: ciphertext,
});
/** Janus has no interval whose end is past 2^64 − 1. */
const interval = fc.record({ start: uint64, duration: uint64 }).filter((x) => x.start + x.duration < 2n ** 64n);
const url = fc.webUrl().map(ascii);
const numbers = fc.record({ length: uint(32), maxMeasurement: uint64.map(String), chunkLength: uint(32) });
const positive = (x: number) => Math.max(x, 1);
const vdaf = numbers.chain(({ length, maxMeasurement, chunkLength }) => {
  const [n, chunk, max] = [positive(length), positive(chunkLength), maxMeasurement === "0" ? "1" : maxMeasurement];
  return fc.constantFrom<dap.VdafDescription>(
    { type: "Prio3Count" },
    { type: "Prio3Sum", maxMeasurement: max },
    { type: "Prio3SumVec", length: n, maxMeasurement: max, chunkLength: chunk },
    { type: "Prio3Histogram", length: n, chunkLength: chunk },
    { type: "Prio3MultihotCountVec", length: n, maxWeight: max, chunkLength: chunk },
    { type: "Prio3L1BoundSum", length: n, maxValue: max, chunkLength: chunk },
    {
      type: "Prio3SumVecWithMultiproof",
      length: n,
      maxMeasurement: max,
      chunkLength: chunk,
      proofs: 3,
      xof: "hmac-aes",
    },
    { type: "Prio1", fields: n },
  );
});
const taskConfiguration = fc
  .record({
    taskInfo: bytes(1, 255),
    leaderAggregatorEndpoint: url,
    helperAggregatorEndpoint: url,
    timePrecision: uint64.map((x) => (x === 0n ? 1n : x)),
    minBatchSize: uint64,
    batchMode: fc.constantFrom(1, 2),
    batchConfig: fc.constant(new Uint8Array(0) as Bytes),
    vdaf,
    during: fc.option(interval),
    extensions,
  })
  .map(({ vdaf: description, during, extensions: others, ...task }): dap.TaskConfiguration => {
    const first = during === null ? [] : [{ extensionType: 1, extensionData: dap.encodeInterval(during) }];
    return { ...task, ...dap.encodeVdafConfiguration(description), extensions: [...first, ...others] };
  });

/** Messages of the ping-pong topology: initialize, continue or finish, as the VDAF draft has them. */
const pingPong = fc.record({ type: fc.nat(2), parts: fc.tuple(bytes(), bytes()) }).map(({ type, parts }) => {
  const counted = (part: Uint8Array) => [...Buffer.of(0, 0, 0, part.length), ...part];
  return Uint8Array.from([type, ...counted(parts[0]), ...(type === 1 ? counted(parts[1]) : [])]) as Bytes;
});
/** Those that Janus knows: it has no `outdatedConfig`. */
const reportError = fc.integer({ min: 1, max: 10 });
const verifyResp: fc.Arbitrary<dap.VerifyResp> = fc.oneof(
  fc.record({ reportId, verifyRespType: fc.constant(dap.VerifyRespType.continue), payload: pingPong }),
  fc.record({ reportId, verifyRespType: fc.constant(dap.VerifyRespType.finish) }),
  fc.record({ reportId, verifyRespType: fc.constant(dap.VerifyRespType.reject), reportError }),
);
const verifyInit = fc.record({
  reportShare: fc.record({ reportMetadata, publicShare: bytes(), encryptedInputShare: ciphertext }),
  payload: pingPong,
});

/** What differs between the batch modes. */
const modes = {
  "time-interval": {
    query: interval.map((x) => ({ batchMode: 1, config: dap.encodeInterval(x) })),
    selector: interval.map((x) => ({ batchMode: 1, config: dap.encodeInterval(x) })),
    extensions: fc.constant([]),
  },
  "leader-selected": {
    query: fc.constant({ batchMode: 2, config: new Uint8Array(0) as Bytes }),
    selector: exactly(32).map((config) => ({ batchMode: 2, config })),
    extensions: exactly(32).map((extensionData) => [{ extensionType: 1, extensionData }]),
  },
} as const;

interface Kind {
  readonly kind: string;
  readonly arbitrary: fc.Arbitrary<Uint8Array>;
  /** Reads the draft's bytes, and writes them again. */
  readonly again: (message: Uint8Array) => Uint8Array;
  readonly toJanus: (message: Uint8Array) => Uint8Array;
  readonly fromJanus: (message: Uint8Array) => Uint8Array;
}

const same = (message: Uint8Array): Uint8Array => message;

function kindOf<T>(
  kind: string,
  arbitrary: fc.Arbitrary<NoInfer<T>>,
  encode: (message: T) => Uint8Array,
  decode: (message: Uint8Array) => NoInfer<T>,
  toJanus = same,
  fromJanus = same,
): Kind {
  return { kind, arbitrary: arbitrary.map(encode), again: (message) => encode(decode(message)), toJanus, fromJanus };
}

const hpkeConfig = fc.record({ id: uint(8), kemId: uint(16), kdfId: uint(16), aeadId: uint(16), publicKey: bytes(1) });

const kinds: Kind[] = [
  kindOf<readonly dap.HpkeConfig[]>(
    "hpke-config-list",
    list(hpkeConfig, 2),
    dap.encodeHpkeConfigList,
    dap.decodeHpkeConfigList,
  ),
  kindOf("upload-req", fc.record({ reports: list(report) }), dap.encodeUploadRequest, dap.decodeUploadRequest),
  kindOf(
    "upload-errors",
    fc.record({ status: list(fc.record({ id: reportId, error: reportError })) }),
    dap.encodeUploadErrors,
    dap.decodeUploadErrors,
  ),
  kindOf(
    "plaintext-input-share",
    fc.record({ privateExtensions: extensions, payload: bytes(1) }),
    dap.encodePlaintextInputShare,
    dap.decodePlaintextInputShare,
  ),
  kindOf("task-configuration", taskConfiguration, dap.encodeTaskConfiguration, dap.decodeTaskConfiguration),
  kindOf(
    "input-share-aad",
    fc.record({ taskId: exactly(32), taskConfiguration, reportMetadata, publicShare: bytes() }),
    dap.encodeInputShareAad,
    dap.decodeInputShareAad,
  ),
  kindOf(
    "collection-job-resp",
    fc.record({
      reportCount: uint64,
      interval,
      leaderEncryptedAggShare: ciphertext,
      helperEncryptedAggShare: ciphertext,
    }),
    dap.encodeCollectionJobResp,
    dap.decodeCollectionJobResp,
  ),
  kindOf(
    "aggregate-share",
    fc.record({ encryptedAggregateShare: ciphertext }),
    dap.encodeAggregateShare,
    dap.decodeAggregateShare,
  ),
  kindOf(
    "aggregation-job-resp",
    fc.record({ verifyResps: list(verifyResp) }),
    dap.encodeAggregationJobResp,
    dap.decodeAggregationJobResp,
    dialect.encodeResp,
    dialect.decodeResp,
  ),
  kindOf(
    "aggregation-job-continue-req",
    fc.record({ step: uint(16), verifyContinues: list(fc.record({ reportId, payload: pingPong })) }),
    dap.encodeAggregationJobContinueReq,
    dap.decodeAggregationJobContinueReq,
    dialect.encodeContinueReq,
    dialect.decodeContinueReq,
  ),
];

for (const [mode, { query, selector, extensions: ofJob }] of Object.entries(modes)) {
  const collectionJobReq = fc.record({ query, aggParam: bytes(), extensions });
  kinds.push(
    kindOf(`collection-job-req/${mode}`, collectionJobReq, dap.encodeCollectionJobReq, dap.decodeCollectionJobReq),
    kindOf(
      `aggregate-share-req/${mode}`,
      fc.record({ collectionJobReq, batchSelector: selector, reportCount: uint64, checksum: exactly(32) }),
      dap.encodeAggregateShareReq,
      dap.decodeAggregateShareReq,
    ),
    kindOf(
      `aggregate-share-aad/${mode}`,
      fc.record({ taskId: exactly(32), taskConfiguration, collectionJobReq }),
      dap.encodeAggregateShareAad,
      dap.decodeAggregateShareAad,
    ),
    kindOf<dap.AggregationJobInitReq>(
      `aggregation-job-init-req/${mode}`,
      fc.record({
        verificationKeyId: uint(8),
        aggParam: bytes(),
        extensions: ofJob as fc.Arbitrary<dap.Extension[]>,
        verifyInits: list(verifyInit),
      }),
      dap.encodeAggregationJobInitReq,
      dap.decodeAggregationJobInitReq,
      dialect.encodeInitReq,
      dialect.decodeInitReq,
    ),
  );
}

let janus: MessagesPeer;
beforeAll(() => {
  janus = new MessagesPeer();
});
afterAll(() => janus.end());

describe.each(kinds)("$kind", ({ kind, arbitrary, again, toJanus, fromJanus }) => {
  test("Janus reads what we wrote, and writes the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (message) => {
        const theirs = toJanus(message);
        expect(await janus.read(kind, theirs)).toBe(toHex(theirs));
      }),
      { numRuns: RUNS },
    );
  });

  test("we read what Janus wrote, and write the same bytes", async () => {
    for (let seed = 0; seed < RUNS; seed++) {
      const theirs = await janus.make(kind, seed);
      const message = fromJanus(theirs);
      expect(toHex(again(message))).toBe(toHex(message));
      expect(toHex(toJanus(message))).toBe(toHex(theirs));
    }
  });
});

test("Janus refuses what it does not have of the draft", async () => {
  const id = new Uint8Array(16) as Bytes;
  const errors = dap.encodeUploadErrors({ status: [{ id, error: dap.ReportError.outdatedConfig }] });
  expect(await janus.read("upload-errors", errors)).toMatch(/^refused/);
  // The messages that the dialect is for, as the draft has them.
  const answer = dap.encodeAggregationJobResp({ verifyResps: [{ reportId: id, verifyRespType: 1 }] });
  expect(await janus.read("aggregation-job-resp", answer)).toMatch(/^refused/);
  expect(await janus.read("aggregation-job-resp", dialect.encodeResp(answer))).toBe(toHex(dialect.encodeResp(answer)));
});

// Arbitrary messages of DAP, and each message's pair of functions.

import fc from "fast-check";
import * as dap from "../../src/dap/index.js";

const bytes = (minLength = 0, maxLength = 40) => fc.uint8Array({ minLength, maxLength }) as fc.Arbitrary<dap.Bytes>;
const exactly = (length: number) => bytes(length, length);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const uint = (bits: number) => fc.oneof(fc.nat(255), fc.integer({ min: 0, max: 2 ** bits - 1 }));

const extensions = fc.array(fc.record({ extensionType: uint(16), extensionData: bytes() }), { maxLength: 4 });
export const increasing = extensions.map((list) =>
  [...new Map(list.map((one) => [one.extensionType, one])).values()].sort((a, b) => a.extensionType - b.extensionType),
);
const ciphertext = fc.record({ configId: uint(8), enc: bytes(1), payload: bytes(1) });
const reportMetadata = fc.record({ reportId: exactly(16), time: uint64, publicExtensions: extensions });
const hpkeConfig = fc.record({ id: uint(8), kemId: uint(16), kdfId: uint(16), aeadId: uint(16), publicKey: bytes(1) });
const report = fc.record({
  reportMetadata,
  publicShare: bytes(),
  leaderEncryptedInputShare: ciphertext,
  helperEncryptedInputShare: ciphertext,
});
const taskConfiguration = fc.record({
  taskInfo: bytes(1, 255),
  leaderAggregatorEndpoint: bytes(1),
  helperAggregatorEndpoint: bytes(1),
  timePrecision: uint64,
  minBatchSize: uint64,
  batchMode: uint(8),
  batchConfig: bytes(),
  vdafType: uint(32),
  vdafConfiguration: bytes(),
  extensions: increasing,
});
const interval = fc.record({ start: uint64, duration: uint64 });
const query = fc.record({ batchMode: uint(8), config: bytes() });
const collectionJobReq = fc.record({ query, aggParam: bytes(), extensions });
const reportId = exactly(16);
const verifyResp: fc.Arbitrary<dap.VerifyResp> = fc.oneof(
  fc.record({ reportId, verifyRespType: fc.constant(dap.VerifyRespType.continue), payload: bytes(1) }),
  fc.record({ reportId, verifyRespType: fc.constant(dap.VerifyRespType.finish) }),
  fc.record({ reportId, verifyRespType: fc.constant(dap.VerifyRespType.reject), reportError: uint(8) }),
);

export interface Message<T = unknown> {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<T>;
  readonly encode: (message: T) => dap.Bytes;
  readonly decode: (bytes: Uint8Array) => T;
}

function message<T>(
  name: string,
  arbitrary: fc.Arbitrary<NoInfer<T>>,
  encode: (message: T) => dap.Bytes,
  decode: (bytes: Uint8Array) => NoInfer<T>,
): Message {
  return { name, arbitrary, encode, decode } as unknown as Message;
}

const list = <T>(arbitrary: fc.Arbitrary<T>, minLength = 0) => fc.array(arbitrary, { minLength, maxLength: 4 });

export const messages: readonly Message[] = [
  message("HpkeConfig", hpkeConfig, dap.encodeHpkeConfig, dap.decodeHpkeConfig),
  message<readonly dap.HpkeConfig[]>(
    "HpkeConfigList",
    list(hpkeConfig, 2),
    dap.encodeHpkeConfigList,
    dap.decodeHpkeConfigList,
  ),
  message("Report", report, dap.encodeReport, dap.decodeReport),
  message("UploadRequest", fc.record({ reports: list(report) }), dap.encodeUploadRequest, dap.decodeUploadRequest),
  message(
    "UploadErrors",
    fc.record({ status: list(fc.record({ id: reportId, error: uint(8) })) }),
    dap.encodeUploadErrors,
    dap.decodeUploadErrors,
  ),
  message(
    "PlaintextInputShare",
    fc.record({ privateExtensions: extensions, payload: bytes(1) }),
    dap.encodePlaintextInputShare,
    dap.decodePlaintextInputShare,
  ),
  message("TaskConfiguration", taskConfiguration, dap.encodeTaskConfiguration, dap.decodeTaskConfiguration),
  message("Interval", interval, dap.encodeInterval, dap.decodeInterval),
  message(
    "InputShareAad",
    fc.record({ taskId: exactly(32), taskConfiguration, reportMetadata, publicShare: bytes() }),
    dap.encodeInputShareAad,
    dap.decodeInputShareAad,
  ),
  message(
    "AggregationJobInitReq",
    fc.record({
      verificationKeyId: uint(8),
      aggParam: bytes(),
      extensions: increasing,
      verifyInits: list(
        fc.record({
          reportShare: fc.record({ reportMetadata, publicShare: bytes(), encryptedInputShare: ciphertext }),
          payload: bytes(1),
        }),
      ),
    }),
    dap.encodeAggregationJobInitReq,
    dap.decodeAggregationJobInitReq,
  ),
  message(
    "AggregationJobResp",
    fc.record({ verifyResps: list(verifyResp) }),
    dap.encodeAggregationJobResp,
    dap.decodeAggregationJobResp,
  ),
  message(
    "AggregationJobContinueReq",
    fc.record({ step: uint(16), verifyContinues: list(fc.record({ reportId, payload: bytes(1) })) }),
    dap.encodeAggregationJobContinueReq,
    dap.decodeAggregationJobContinueReq,
  ),
  message("CollectionJobReq", collectionJobReq, dap.encodeCollectionJobReq, dap.decodeCollectionJobReq),
  message(
    "CollectionJobResp",
    fc.record({
      reportCount: uint64,
      interval,
      leaderEncryptedAggShare: ciphertext,
      helperEncryptedAggShare: ciphertext,
    }),
    dap.encodeCollectionJobResp,
    dap.decodeCollectionJobResp,
  ),
  message(
    "AggregateShareReq",
    fc.record({ collectionJobReq, batchSelector: query, reportCount: uint64, checksum: exactly(32) }),
    dap.encodeAggregateShareReq,
    dap.decodeAggregateShareReq,
  ),
  message(
    "AggregateShare",
    fc.record({ encryptedAggregateShare: ciphertext }),
    dap.encodeAggregateShare,
    dap.decodeAggregateShare,
  ),
  message(
    "AggregateShareAad",
    fc.record({ taskId: exactly(32), taskConfiguration, collectionJobReq }),
    dap.encodeAggregateShareAad,
    dap.decodeAggregateShareAad,
  ),
];

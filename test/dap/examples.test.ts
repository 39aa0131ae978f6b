// Messages of DAP written out by hand from the draft's structures, a line for each field.

import { expect, it } from "vitest";
import { fromHex, toHex } from "../../src/core/bytes.js";
import {
  BatchMode,
  decodeAggregateShare,
  decodeAggregateShareReq,
  decodeAggregationJobContinueReq,
  decodeAggregationJobInitReq,
  decodeAggregationJobResp,
  decodeBatchId,
  decodeCollectionJobReq,
  decodeCollectionJobResp,
  decodeHpkeConfigList,
  decodeInputShareAad,
  decodePlaintextInputShare,
  decodeUploadErrors,
  decodeUploadRequest,
  encodeAggregateShare,
  encodeAggregateShareReq,
  encodeAggregationJobContinueReq,
  encodeAggregationJobInitReq,
  encodeAggregationJobResp,
  encodeCollectionJobReq,
  encodeCollectionJobResp,
  encodeHpkeConfigList,
  encodeInputShareAad,
  encodeInterval,
  encodePlaintextInputShare,
  encodeUploadErrors,
  encodeUploadRequest,
  type HpkeCiphertext,
  ReportError,
  type ReportMetadata,
  VerifyRespType,
} from "../../src/dap/index.js";
import { codeOf } from "../support/deployment.js";

const hex = (text: string) => fromHex(text, "test", text.length / 2);
const none = new Uint8Array(0);

/** The bytes of the lines, which are read to `message` and written from it. */
function check<T>(
  lines: readonly string[],
  message: T,
  encode: (message: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): void {
  expect(toHex(encode(message))).toBe(lines.join(""));
  expect(decode(hex(lines.join("")))).toEqual(message);
}

const reportId = hex("000102030405060708090a0b0c0d0e0f");
const reportMetadata: ReportMetadata = {
  reportId,
  time: 17_419_860n,
  publicExtensions: [{ extensionType: 0x0102, extensionData: hex("aabb") }],
};
const metadataLines = [
  "000102030405060708090a0b0c0d0e0f", // report_id
  "000000000109ce54", // time
  "0006", // public_extensions
  "0102", // extension_type
  "0002aabb", // extension_data
];
const ciphertext = (configId: number): HpkeCiphertext => ({ configId, enc: hex("0e0f"), payload: hex("070809") });
const ciphertextLines = (configId: string) => [
  configId, // config_id
  "00020e0f", // enc
  "00000003070809", // payload
];

it("HpkeConfigList", () => {
  const lines = [
    "0014", // bytes of the list
    "c2", // id
    "0010", // kem_id
    "0001", // kdf_id
    "0001", // aead_id
    "000101", // public_key
    "11",
    "0020",
    "0001",
    "0003",
    "00010f",
  ];
  const configs = [
    { id: 194, kemId: 0x10, kdfId: 1, aeadId: 1, publicKey: hex("01") },
    { id: 17, kemId: 0x20, kdfId: 1, aeadId: 3, publicKey: hex("0f") },
  ];
  check(lines, configs, encodeHpkeConfigList, decodeHpkeConfigList);
  for (const empty of ["0000", "0009c20010000100010000"]) {
    expect(codeOf(() => decodeHpkeConfigList(hex(empty)))).toBe("malformed");
  }
  expect(codeOf(() => encodeHpkeConfigList([]))).toBe("wrong-length");
});

it("UploadRequest", () => {
  const report = {
    reportMetadata,
    publicShare: hex("0a0b"),
    leaderEncryptedInputShare: ciphertext(1),
    helperEncryptedInputShare: ciphertext(2),
  };
  const lines = [...metadataLines, "000000020a0b", ...ciphertextLines("01"), ...ciphertextLines("02")];
  check([...lines, ...lines], { reports: [report, report] }, encodeUploadRequest, decodeUploadRequest);
  check([], { reports: [] }, encodeUploadRequest, decodeUploadRequest);
});

it("UploadErrors", () => {
  const lines = ["000102030405060708090a0b0c0d0e0f", "02"];
  const errors = { status: [{ id: reportId, error: ReportError.reportReplayed }] };
  check(lines, errors, encodeUploadErrors, decodeUploadErrors);
});

it("PlaintextInputShare", () => {
  const lines = ["0004", "0007", "0000", "00000001ff"];
  const share = { privateExtensions: [{ extensionType: 7, extensionData: none }], payload: hex("ff") };
  check(lines, share, encodePlaintextInputShare, decodePlaintextInputShare);
  expect(codeOf(() => decodePlaintextInputShare(hex("000000000000")))).toBe("malformed");
});

it("InputShareAad", () => {
  const lines = [
    "07".repeat(32), // task_id
    "0105", // task_info
    "000161", // leader_aggregator_endpoint
    "000162", // helper_aggregator_endpoint
    "000000000000003c", // time_precision
    "0000000000000002", // min_batch_size
    "02", // batch_mode: leader_selected
    "0000", // batch_config
    "00000001", // vdaf_type
    "0000", // vdaf_configuration
    "0000", // extensions
    ...metadataLines,
    "00000000", // public_share
  ];
  const taskConfiguration = {
    taskInfo: hex("05"),
    leaderAggregatorEndpoint: hex("61"),
    helperAggregatorEndpoint: hex("62"),
    timePrecision: 60n,
    minBatchSize: 2n,
    batchMode: BatchMode.leaderSelected,
    batchConfig: none,
    vdafType: 1,
    vdafConfiguration: none,
    extensions: [],
  };
  const aad = { taskId: hex("07".repeat(32)), taskConfiguration, reportMetadata, publicShare: none };
  check(lines, aad, encodeInputShareAad, decodeInputShareAad);
});

it("AggregationJobInitReq", () => {
  const batchId = hex("1f".repeat(32));
  const lines = [
    "09", // verification_key_id
    "00000000", // agg_param
    "0024", // extensions
    "0001", // leader_selected_batch_id
    `0020${toHex(batchId)}`,
    ...metadataLines,
    "00000000", // public_share
    ...ciphertextLines("02"),
    "00000002cafe", // payload
  ];
  const request = {
    verificationKeyId: 9,
    aggParam: none,
    extensions: [{ extensionType: 1, extensionData: batchId }],
    verifyInits: [
      { reportShare: { reportMetadata, publicShare: none, encryptedInputShare: ciphertext(2) }, payload: hex("cafe") },
    ],
  };
  check(lines, request, encodeAggregationJobInitReq, decodeAggregationJobInitReq);
  expect(decodeBatchId(batchId)).toEqual(batchId);
  expect(codeOf(() => decodeBatchId(batchId.subarray(1)))).toBe("malformed");

  // Extensions out of order, or twice, spoil the job.
  for (const types of ["00020001", "00010001"]) {
    const [first, second] = [types.slice(0, 4), types.slice(4)];
    const bytes = hex(`09000000000008${first}0000${second}0000`);
    expect(codeOf(() => decodeAggregationJobInitReq(bytes))).toBe("malformed");
  }
  const [extension] = request.extensions;
  const twice = { ...request, extensions: [extension, extension] as typeof request.extensions };
  expect(codeOf(() => encodeAggregationJobInitReq(twice))).toBe("invalid-argument");
});

it("AggregationJobResp", () => {
  const id = "000102030405060708090a0b0c0d0e0f";
  const lines = [`${id}00`, "0000000102", `${id}01`, `${id}02`, "06"];
  const resp = {
    verifyResps: [
      { reportId, verifyRespType: VerifyRespType.continue, payload: hex("02") },
      { reportId, verifyRespType: VerifyRespType.finish },
      { reportId, verifyRespType: VerifyRespType.reject, reportError: ReportError.vdafVerifyError },
    ],
  };
  check(lines, resp, encodeAggregationJobResp, decodeAggregationJobResp);
  expect(codeOf(() => decodeAggregationJobResp(hex(`${id}03`)))).toBe("malformed");
  // A reserved or private code of a peer is passed on.
  expect(decodeAggregationJobResp(hex(`${id}02ff`)).verifyResps[0]).toMatchObject({ reportError: 255 });
});

it("AggregationJobContinueReq", () => {
  const lines = ["0001", "000102030405060708090a0b0c0d0e0f", "000000020304"];
  const request = { step: 1, verifyContinues: [{ reportId, payload: hex("0304") }] };
  check(lines, request, encodeAggregationJobContinueReq, decodeAggregationJobContinueReq);
});

const collectionJobReq = {
  query: { batchMode: BatchMode.timeInterval, config: encodeInterval({ start: 16_595_440n, duration: 1n }) },
  aggParam: none,
  extensions: [],
};
const collectionLines = [
  "01", // batch_mode: time_interval
  "0010", // config
  "0000000000fd39f0", // start
  "0000000000000001", // duration
  "00000000", // agg_param
  "0000", // extensions
];

it("CollectionJobReq", () => {
  check(collectionLines, collectionJobReq, encodeCollectionJobReq, decodeCollectionJobReq);
  const next = { ...collectionJobReq, query: { batchMode: BatchMode.leaderSelected, config: none } };
  check(["02", "0000", "00000000", "0000"], next, encodeCollectionJobReq, decodeCollectionJobReq);
  // The order of these extensions is an error of its own, so that they are read.
  const unordered = hex("0200000000000000080002000000010000");
  expect(decodeCollectionJobReq(unordered).extensions.map(({ extensionType }) => extensionType)).toEqual([2, 1]);
});

it("CollectionJobResp", () => {
  const lines = [
    "00000000000003e8", // report_count
    "0000000000fd39f0", // start
    "0000000000000001", // duration
    ...ciphertextLines("08"),
    ...ciphertextLines("09"),
  ];
  const resp = {
    reportCount: 1000n,
    interval: { start: 16_595_440n, duration: 1n },
    leaderEncryptedAggShare: ciphertext(8),
    helperEncryptedAggShare: ciphertext(9),
  };
  check(lines, resp, encodeCollectionJobResp, decodeCollectionJobResp);
});

it("AggregateShareReq and AggregateShare", () => {
  const lines = [
    ...collectionLines,
    "02", // batch_mode: leader_selected
    `0020${"1e".repeat(32)}`, // config
    "00000000000003e8", // report_count
    "0a".repeat(32), // checksum
  ];
  const request = {
    collectionJobReq,
    batchSelector: { batchMode: BatchMode.leaderSelected, config: hex("1e".repeat(32)) },
    reportCount: 1000n,
    checksum: hex("0a".repeat(32)),
  };
  check(lines, request, encodeAggregateShareReq, decodeAggregateShareReq);
  const share = { encryptedAggregateShare: ciphertext(3) };
  check(ciphertextLines("03"), share, encodeAggregateShare, decodeAggregateShare);
});

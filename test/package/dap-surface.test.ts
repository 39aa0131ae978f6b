// What the built entry prio/dap lets out: these names and no others, and no inside of a task or of a key pair.

import { expect, test } from "vitest";
import * as dap from "../../dist/dap/index.js";

const namesOf = (x: object, ...but: string[]) =>
  Reflect.ownKeys(x)
    .map(String)
    .filter((name) => !but.includes(name))
    .sort();

const messages = [
  "AggregateShare",
  "AggregateShareAad",
  "AggregateShareReq",
  "AggregationJobContinueReq",
  "AggregationJobInitReq",
  "AggregationJobResp",
  "CollectionJobReq",
  "CollectionJobResp",
  "HpkeConfig",
  "HpkeConfigList",
  "InputShareAad",
  "Interval",
  "PlaintextInputShare",
  "Report",
  "TaskConfiguration",
  "UploadErrors",
  "UploadRequest",
  "VdafConfiguration",
];
const constants = [
  "AggregationJobExtensionType",
  "BATCH_ID_SIZE",
  "BatchMode",
  "CHECKSUM_SIZE",
  "DAP_VERSION",
  "MEDIA_TYPES",
  "PROBLEM_MEDIA_TYPE",
  "PROBLEM_TYPES",
  "REPORT_ID_SIZE",
  "ReportError",
  "Role",
  "TASK_ID_SIZE",
  "TaskExtensionType",
  "VerifyRespType",
];
const functions = [
  "areIncreasing",
  "areReportExtensionsValid",
  "decodeBatchId",
  "deriveVerifyKey",
  "describeVdaf",
  "fromBase64Url",
  "isHpkeConfigSupported",
  "openAggregateShare",
  "openInputShare",
  "parseMediaType",
  "problemName",
  "reportErrorName",
  "sealAggregateShare",
  "sealInputShare",
  "toBase64Url",
  "unsupportedExtensions",
  "vdafConfiguration",
  "vdafContext",
  "vdafFromConfiguration",
  "vdafFromJSON",
];

const classes = ["DapClient", "DapCollector", "DapError", "DapTask", "HpkeConfigCache", "HpkeKeyPair", "PrioError"];

test("the entry exports these names", () => {
  const both = messages.flatMap((name) => [`encode${name}`, `decode${name}`]);
  const expected = [...both, ...constants, ...functions, ...classes].sort();
  expect(namesOf(dap, "Symbol(Symbol.toStringTag)")).toEqual(expected);
});

test("its classes have these members, and what they make has no others", () => {
  expect(namesOf(dap.DapTask, "length", "name", "prototype")).toEqual(["create", "fromConfiguration", "fromJSON"]);
  const taskMembers = ["context", "hpkeConfigUrl", "includes", "requireVdaf", "timeAt", "toJSON", "url"];
  expect(namesOf(dap.DapTask.prototype, "constructor")).toEqual(taskMembers);
  expect(namesOf(dap.HpkeKeyPair, "length", "name", "prototype")).toEqual(["fromBytes", "generate"]);
  expect(namesOf(dap.HpkeKeyPair.prototype, "constructor")).toEqual(["id", "toBytes"]);
  expect(namesOf(dap.HpkeKeyPair.generate(1))).toEqual(["config"]);
});

test.each([dap.DapTask, dap.HpkeKeyPair])("%o is not made with its constructor", (type) => {
  for (const args of [[], [Symbol("maker")], [{}, {}, {}]]) {
    expect(() => Reflect.construct(type as never, args)).toThrow(dap.PrioError);
  }
});

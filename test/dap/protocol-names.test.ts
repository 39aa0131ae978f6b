// Media types, problem types, report errors, extensions and the verification key.

import { describe, expect, it } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import {
  areIncreasing,
  areReportExtensionsValid,
  deriveVerifyKey,
  type Extension,
  MEDIA_TYPES,
  type MessageName,
  PROBLEM_TYPES,
  parseMediaType,
  problemName,
  ReportError,
  reportErrorName,
  unsupportedExtensions,
  vdafContext,
} from "../../src/dap/index.js";
import { codeOf } from "../support/deployment.js";

describe("media types", () => {
  it.each(Object.entries(MEDIA_TYPES))("%s: %s is read", (message, type) => {
    expect(parseMediaType(type)).toEqual({ message });
    expect(parseMediaType(type.toUpperCase())).toEqual({ message });
    expect(parseMediaType(`${type};version=18`)).toEqual({ message, version: "18" });
    expect(parseMediaType(type.replace(";", " ; version=09 ;\t"))).toEqual({ message, version: "09" });
    expect(parseMediaType(type.replace("message=", 'charset=utf-8; Message="').concat('";'))).toEqual({ message });
  });

  it.each([
    undefined,
    null,
    "",
    "application/ppm-dap",
    "application/ppm-dap;message=",
    "application/ppm-dap;message=report",
    "application/ppm-dap;message=upload-req;message=upload-req",
    "application/ppm-dap;message=upload-req;message=upload-errors",
    "application/ppm-dap2;message=upload-req",
    "application/dap-report",
    "application/json;message=upload-req",
    "text/plain",
    'application/ppm-dap;message="upload-req',
    "application/ppm-dap,application/ppm-dap;message=upload-req",
  ])("%j is none", (type) => {
    expect(parseMediaType(type)).toBeNull();
  });

  it("has those of the draft's section 9.1", () => {
    const names: readonly MessageName[] = ["HpkeConfigList", "UploadRequest", "UploadErrors", "AggregationJobInitReq"];
    const more: readonly MessageName[] = ["AggregationJobResp", "AggregationJobContinueReq", "AggregateShareReq"];
    const last: readonly MessageName[] = ["AggregateShare", "CollectionJobReq", "CollectionJobResp"];
    expect(Object.keys(MEDIA_TYPES)).toEqual([...names, ...more, ...last]);
  });
});

it("knows the draft's problem types, and no others", () => {
  expect(Object.keys(PROBLEM_TYPES)).toHaveLength(11);
  for (const [name, urn] of Object.entries(PROBLEM_TYPES)) {
    expect(urn).toBe(`urn:ietf:params:ppm:dap:error:${name}`);
    expect(problemName(urn)).toBe(name);
  }
  for (const other of ["about:blank", "urn:ietf:params:ppm:dap:error:other", "invalidMessage", undefined, 3]) {
    expect(problemName(other)).toBeUndefined();
  }
});

it("names report errors as the draft does", () => {
  expect(Object.values(ReportError).map(reportErrorName)).toEqual([
    "batch_collected",
    "report_replayed",
    "report_dropped",
    "hpke_unknown_config_id",
    "hpke_decrypt_error",
    "vdaf_verify_error",
    "task_expired",
    "invalid_message",
    "report_too_early",
    "task_not_started",
    "outdated_config",
  ]);
  expect(Object.values(ReportError)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(reportErrorName(200)).toBe("unknown_200");
});

describe("extensions", () => {
  const list = (...types: number[]): Extension[] =>
    types.map((extensionType) => ({ extensionType, extensionData: new Uint8Array(0) }));

  it("stand in strictly increasing order", () => {
    for (const types of [[], [0], [1, 2, 65535]]) expect(areIncreasing(list(...types))).toBe(true);
    for (const types of [
      [1, 1],
      [2, 1],
      [1, 3, 2],
    ])
      expect(areIncreasing(list(...types))).toBe(false);
  });

  it("of a report are known, in order, and in one list only", () => {
    const supported = [1, 2, 3];
    expect(areReportExtensionsValid([], [])).toBe(true);
    expect(areReportExtensionsValid(list(2), list(1, 3), supported)).toBe(true);
    expect(areReportExtensionsValid(list(2), [])).toBe(false);
    expect(areReportExtensionsValid([], list(9), supported)).toBe(false);
    expect(areReportExtensionsValid(list(2, 1), [], supported)).toBe(false);
    expect(areReportExtensionsValid([], list(3, 2), supported)).toBe(false);
    expect(areReportExtensionsValid(list(1, 1), [], supported)).toBe(false);
    expect(areReportExtensionsValid(list(1), list(1), supported)).toBe(false);
  });

  it("that are unknown are listed once each, for a problem document", () => {
    expect(unsupportedExtensions(list(42, 23, 42, 1), [1])).toEqual([23, 42]);
    expect(unsupportedExtensions(list(1))).toEqual([1]);
    expect(unsupportedExtensions([])).toEqual([]);
  });
});

describe("deriveVerifyKey", () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i);
  const taskId = new Uint8Array(32).fill(7);

  // What OpenSSL's HKDF makes of the same input.
  it.each([
    [16, "551cc9885a5cb9ef919a8e236776157a"],
    [32, "551cc9885a5cb9ef919a8e236776157a2491ad9944460c660e45a4365ffd815b"],
    [
      100,
      "551cc9885a5cb9ef919a8e236776157a2491ad9944460c660e45a4365ffd815b51f11574cde9835ba419499883812f1df5bdf278d0f9216422189191cc67d9b8d71a3830e165c6bbe61de96b8da828f4f039155df899753460fdb53e2005ff5d2e561d5b",
    ],
  ])("makes a key of %d bytes", (size, key) => {
    expect(toHex(deriveVerifyKey(seed, taskId, size))).toBe(key);
  });

  it("takes a seed, a task's id and a size", () => {
    expect(codeOf(() => deriveVerifyKey(new Uint8Array(0), taskId, 16))).toBe("wrong-length");
    expect(codeOf(() => deriveVerifyKey(seed, new Uint8Array(31), 16))).toBe("wrong-length");
    for (const size of [0, -1, 8161, 1.5, Number.NaN]) {
      expect(codeOf(() => deriveVerifyKey(seed, taskId, size))).toBe("out-of-range");
    }
    expect(codeOf(() => deriveVerifyKey("seed" as never, taskId, 16))).toBe("invalid-argument");
  });
});

it("makes the VDAF's context of the version tag and the task's id", () => {
  expect(toHex(vdafContext(Uint8Array.of(1, 2)))).toBe("6461702d31380102");
});

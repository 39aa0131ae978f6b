// VDAF configurations: the draft's encodings and ours, byte for byte, and in each direction between bytes, JSON and
// instances.

import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/core/bytes.js";
import {
  decodeVdafConfiguration,
  describeVdaf,
  encodeVdafConfiguration,
  type VdafDescription,
  type VdafOptions,
  vdafConfiguration,
  vdafFromConfiguration,
  vdafFromJSON,
} from "../../src/dap/index.js";
import { Prio1 } from "../../src/prio1/vdaf/index.js";
import { Prio3Count, Prio3SumVecWithMultiproof } from "../../src/prio3/index.js";
import { codeOf, errorOf } from "../support/deployment.js";

const hex = (text: string) => fromHex(text, "test", text.length / 2);

const encodings: readonly [VdafDescription, type: number, bytes: string][] = [
  [{ type: "Prio3Count" }, 1, ""],
  [{ type: "Prio3Sum", maxMeasurement: 255 }, 2, "00000000000000ff"],
  [{ type: "Prio3Sum", maxMeasurement: "9223372036854775807" }, 2, "7fffffffffffffff"],
  [{ type: "Prio3SumVec", length: 10, maxMeasurement: 3, chunkLength: 4 }, 3, "0000000a000000000000000300000004"],
  [{ type: "Prio3Histogram", length: 100, chunkLength: 10 }, 4, "000000640000000a"],
  [{ type: "Prio3MultihotCountVec", length: 20, maxWeight: 4, chunkLength: 5 }, 5, "00000014000000050000000000000004"],
  // draft-ietf-ppm-l1-bound-sum-02, figure 2
  [
    { type: "Prio3L1BoundSum", length: 7, maxValue: "18446744073709551615", chunkLength: 6 },
    7,
    "00000007ffffffffffffffff00000006",
  ],
  // Janus' tests have the first of these bytes.
  [
    {
      type: "Prio3SumVecWithMultiproof",
      length: 12,
      maxMeasurement: 8,
      chunkLength: 14,
      proofs: 3,
      xof: "hmac-aes",
    },
    0xffff1003,
    "0000000c00000000000000080000000e03",
  ],
  [
    {
      type: "Prio3SumVecWithMultiproof",
      length: 1,
      maxMeasurement: 1,
      chunkLength: 1,
      proofs: 255,
      xof: "turboshake",
    },
    0xffffffff,
    "00000001000000000000000100000001ff",
  ],
  [{ type: "Prio1", fields: 128 }, 0xffff5031, "0000008000"],
  [{ type: "Prio1", count: 16, precision: 8 }, 0xffff5031, "0000001008"],
];

describe.each(encodings)("%j", (description, vdafType, bytes) => {
  it("has these bytes, and they have this description", () => {
    const encoded = encodeVdafConfiguration(description);
    expect([encoded.vdafType, toHex(encoded.vdafConfiguration)]).toEqual([vdafType, bytes]);
    expect(decodeVdafConfiguration(vdafType, hex(bytes))).toEqual(description);
  });

  it("is an instance, which has these bytes and this description", () => {
    for (const vdaf of [vdafFromJSON(description), vdafFromConfiguration(vdafType, hex(bytes))]) {
      expect(vdaf.constructor.name).toBe(description.type);
      expect(vdaf.algorithmId).toBe(vdafType);
      expect(toHex(vdafConfiguration(vdaf))).toBe(bytes);
      expect(describeVdaf(vdaf)).toEqual(description);
    }
  });

  it("is malformed when it is cut short, continued, or has a zero", () => {
    const whole = hex(bytes);
    for (let length = 0; length < whole.length; length++) {
      expect(codeOf(() => decodeVdafConfiguration(vdafType, whole.subarray(0, length)))).toBe("malformed");
    }
    expect(codeOf(() => decodeVdafConfiguration(vdafType, Uint8Array.of(...whole, 0)))).toBe("malformed");
    if (whole.length > 0) {
      expect(codeOf(() => decodeVdafConfiguration(vdafType, new Uint8Array(whole.length)))).toBe("malformed");
    }
  });
});

it("fills in the optimal chunk length for an instance, and not for a configuration", () => {
  const options = [
    { type: "Prio3SumVec", length: 10, maxMeasurement: 3 },
    { type: "Prio3Histogram", length: 100 },
    { type: "Prio3MultihotCountVec", length: 20, maxWeight: 4 },
    { type: "Prio3L1BoundSum", length: 7, maxValue: 5 },
    { type: "Prio3SumVecWithMultiproof", length: 7, maxMeasurement: 5, proofs: 3, xof: "turboshake" },
  ] as const satisfies readonly VdafOptions[];
  for (const one of options) {
    expect(describeVdaf(vdafFromJSON(one))).toMatchObject({ ...one, chunkLength: expect.any(Number) });
    expect(codeOf(() => encodeVdafConfiguration(one as unknown as VdafDescription))).toBe("invalid-argument");
  }
});

describe("bad descriptions", () => {
  it.each<[unknown, string, RegExp]>([
    [null, "invalid-argument", /^vdaf: expected an object, got null/],
    ["Prio3Count", "invalid-argument", /^vdaf: expected an object/],
    [{}, "invalid-argument", /^vdaf.type: expected a VDAF/],
    [{ type: "Poplar1", bits: 3 }, "invalid-argument", /^vdaf.type: expected .*, got "Poplar1"/],
    [{ type: "toString" }, "invalid-argument", /^vdaf.type/],
    [{ type: "Prio3Count", length: 1 }, "invalid-argument", /^vdaf: expected type, got "length"/],
    [{ type: "Prio3Sum" }, "invalid-argument", /^vdaf.maxMeasurement: expected an integer, got undefined/],
    [{ type: "Prio3Sum", maxMeasurement: 1.5 }, "invalid-argument", /^vdaf.maxMeasurement/],
    [{ type: "Prio3Sum", maxMeasurement: "1e3" }, "invalid-argument", /^vdaf.maxMeasurement/],
    [{ type: "Prio3Sum", maxMeasurement: "01" }, "invalid-argument", /^vdaf.maxMeasurement/],
    [{ type: "Prio3Sum", maxMeasurement: -1 }, "out-of-range", /^vdaf.maxMeasurement: expected .* from 1/],
    [{ type: "Prio3Sum", maxMeasurement: "18446744073709551616" }, "out-of-range", /^vdaf.maxMeasurement/],
    [{ type: "Prio3Histogram", length: 0, chunkLength: 1 }, "out-of-range", /^vdaf.length/],
    [{ type: "Prio3Histogram", length: 2 ** 32, chunkLength: 1 }, "out-of-range", /^vdaf.length/],
    [{ type: "Prio3Histogram", length: 3, chunklength: 1 }, "invalid-argument", /got "chunklength"/],
    [{ type: "Prio1", fields: 3, count: 1, precision: 3 }, "invalid-argument", /got "fields"/],
    [{ type: "Prio1", count: 3 }, "invalid-argument", /^vdaf.precision/],
    [{ type: "Prio1", count: 3, precision: 0 }, "out-of-range", /^vdaf.precision/],
    [{ type: "Prio1" }, "invalid-argument", /^vdaf\./],
    [
      { type: "Prio3SumVecWithMultiproof", length: 1, maxMeasurement: 1, chunkLength: 1, proofs: 3, xof: "md5" },
      "invalid-argument",
      /^vdaf.xof: expected "turboshake" or "hmac-aes"/,
    ],
  ])("%j: %s", (description, code, message) => {
    const error = errorOf(() => encodeVdafConfiguration(description as VdafDescription));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(["invalid-argument", "out-of-range"]).toContain(codeOf(() => vdafFromJSON(description as VdafDescription)));
  });

  it("refuses what the VDAF itself refuses", () => {
    expect(codeOf(() => vdafFromJSON({ type: "Prio1", fields: 2 ** 30 }))).toBe("out-of-range");
    expect(codeOf(() => vdafFromConfiguration(4, hex("ffffffff00000001")))).toBe("out-of-range");
    expect(codeOf(() => vdafFromConfiguration(0xffff5031, hex("00000001ff")))).toBe("out-of-range");
  });

  it("knows no other identifiers", () => {
    for (const type of [0, 6, 8, 0xffff0000, -1, 2 ** 32, Number.NaN]) {
      expect(codeOf(() => decodeVdafConfiguration(type, new Uint8Array(0)))).toBe("invalid-argument");
    }
  });

  it("describes only instances for two aggregators, with the identifier of their XOF", () => {
    expect(codeOf(() => describeVdaf(new Prio3Count({ shares: 3 })))).toBe("invalid-argument");
    expect(codeOf(() => describeVdaf({} as never))).toBe("invalid-argument");
    expect(codeOf(() => describeVdaf(null as never))).toBe("invalid-argument");
    const options = { length: 1, maxMeasurement: 1, proofs: 3 };
    const withId = (algorithmId: number, xof: "turboshake" | "hmac-aes") =>
      new Prio3SumVecWithMultiproof({ ...options, algorithmId, xof });
    expect(codeOf(() => describeVdaf(withId(0xffff1003, "turboshake")))).toBe("invalid-argument");
    expect(codeOf(() => describeVdaf(withId(0xffffffff, "hmac-aes")))).toBe("invalid-argument");
    expect(codeOf(() => describeVdaf(withId(0xffff5031, "turboshake")))).toBe("invalid-argument");
    expect(describeVdaf(new Prio1({ fields: 3 }))).toEqual({ type: "Prio1", fields: 3 });
  });
});

// Tasks and their documents.

import { expect, it } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import { sha256 } from "../../src/crypto/stream.js";
import { DapTask, encodeTaskConfiguration, HpkeKeyPair, type TaskDocument } from "../../src/dap/index.js";

const keyPair = HpkeKeyPair.fromBytes(9, new Uint8Array(32).fill(1));
const document: TaskDocument = {
  dap: "dap-18",
  leader: "https://leader.example/dap/",
  helper: "https://helper.example",
  timePrecision: 3600,
  minBatchSize: 100,
  batchMode: "time-interval",
  vdaf: { type: "Prio3Histogram", length: 5, chunkLength: 2 },
  interval: { start: "2026-12-01T00:00:00Z", duration: 86_400 },
  info: "AAEC",
};

it("has the draft's configuration, byte for byte", () => {
  const task = DapTask.fromJSON(document);
  const url = (text: string) => `${text.length.toString(16).padStart(4, "0")}${toHex(new TextEncoder().encode(text))}`;
  const expected = [
    "03000102", // task_info
    url("https://leader.example/dap/"),
    url("https://helper.example"),
    "0000000000000e10", // time_precision
    "0000000000000064", // min_batch_size
    "01", // batch_mode: time_interval
    "0000", // batch_config
    "00000004", // vdaf_type: Prio3Histogram
    "0008", // vdaf_configuration
    "00000005", // length
    "00000002", // chunk_length
    "0014", // extensions
    "0001", // task_interval
    "0010",
    (Date.UTC(2026, 11, 1) / 3_600_000).toString(16).padStart(16, "0"), // start
    "0000000000000018", // duration
  ].join("");
  expect(toHex(task.encodedConfiguration)).toBe(expected);
  expect(toHex(task.id)).toBe(toHex(sha256(task.encodedConfiguration)));
  expect(toHex(encodeTaskConfiguration(task.configuration))).toBe(expected);
});

it("goes through JSON, with its id and the collector's configuration", () => {
  const task = DapTask.fromConfiguration(DapTask.fromJSON(document).configuration, {
    id: new Uint8Array(32).fill(5),
    collectorHpkeConfig: keyPair.config,
  });
  const again = DapTask.fromJSON(JSON.parse(JSON.stringify(task)));
  expect(again.toJSON()).toEqual(task.toJSON());
  expect(again.hash).toBe(task.hash);
  expect(again.id).toEqual(new Uint8Array(32).fill(5));
  expect(again.collectorHpkeConfig).toEqual(keyPair.config);
  expect(again.toJSON().interval).toEqual(document.interval);
  expect(again).toMatchObject({ timePrecision: 3600, minBatchSize: 100, batchMode: "time-interval" });
});

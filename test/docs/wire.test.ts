// docs/WIRE.md against the code: its examples are what the code writes, its constants what the code computes with, and
// every section that a comment points to is there.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FIELD_87 } from "../../src/core/fields.js";
import { Client, Config, generateKeyPair, ServerSecret } from "../../src/index.js";
import { snipOf } from "../../src/prio1/parameters.js";
import { pointOfBatch, ReportPoints } from "../../src/prio1/query-points.js";
import { writePacketB, writeTotalShare, writeVerify1 } from "../../src/prio1/wire.js";
import { read, root } from "../package/built.js";

const wire = read("docs/WIRE.md");
const keys = { serverA: generateKeyPair().publicKey, serverB: generateKeyPair().publicKey };
const config = (fields: number) => new Config({ fields, batchId: "example", ...keys });

test("the constants of section 1 are the code's", () => {
  expect(wire).toContain(`\`0x${FIELD_87.modulus.toString(16)}\``);
  expect(wire).toContain(`\`0x${FIELD_87.generator.toString(16)}\``);
  expect(wire).toContain(`1 to ${Config.maxFields.toLocaleString("en")},`);
});

test("the example messages of section 3 are what the code writes", () => {
  const example = /verify1 message of shares[^`]*```text\n([^`]+)```/.exec(wire)?.[1] ?? "";
  const messages = example.split("\n\n").map((lines) =>
    lines
      .split("\n")
      .map((line) => line.slice(0, 40).replaceAll(" ", ""))
      .join(""),
  );
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  const { modulus } = FIELD_87;
  const pair = config(2);
  expect(messages).toEqual([
    hex(writeVerify1(pair, { d: 5n, e: modulus - 1n })),
    hex(writeTotalShare(pair, "B", snipOf(pair).space.fromBigInts([0n, 256n]))),
  ]);
});

test("the example points of section 5 are the code's", () => {
  const [, secret = "", batchId, n] =
    /With the secret `([^`]+)`, the batch id `([^`]+)` and n = (\d+):/.exec(wire) ?? [];
  expect(batchId).toBe("example");
  const rows = [...wire.matchAll(/^\| `"(report|batch)"` \| (\S+) \| `(0x[0-9a-f]+)` \|$/gm)];
  expect(rows.map(([, kind]) => kind)).toEqual(["report", "batch"]);
  for (const [, kind, reportId = "", point] of rows) {
    const [shared, id] = [ServerSecret.fromBase64(secret), new TextEncoder().encode(reportId.replaceAll("`", ""))];
    const batch = config(Number(n));
    const at = kind === "report" ? new ReportPoints(batch, shared).pointOf(id) : pointOfBatch(batch, shared);
    // The weight of our own points is the point.
    expect(`0x${at.weight.toString(16)}`).toBe(point);
  }
});

test("packets have the sizes that section 3 gives at most", () => {
  const [, most, seal] = /at most (\d+) bytes beside the batch id's own, and (\d+) for the seal/.exec(wire) ?? [];
  const largest = FIELD_87.modulus - 1n;
  const scalars = { a: largest, b: largest, c: largest, f0: largest, g0: largest, h0: largest };
  const batchId = "x".repeat(300);
  const long = new Config({ fields: 1000, batchId, ...keys });
  const content = writePacketB(long, { ...scalars, seed: new Uint8Array(16) });
  expect(content.length).toBe(Number(most) + batchId.length);
  const { a, b } = new Client(long).encode(new Uint8Array(1000));
  expect(b.length).toBeLessThanOrEqual(Number(most) + batchId.length + Number(seal));
  expect(b.length).toBeGreaterThan(Number(most) + batchId.length + Number(seal) - 6 * 3);
  // About 12 bytes an element: every 256th is a byte shorter.
  expect((a.length - b.length) / (1000 + 1024)).toBeCloseTo(12, 1);
});

describe("sections that comments point to", () => {
  const sections = new Map(
    [...wire.matchAll(/^## (\d+)\. (.+)$/gm)].map(([, number, title]) => [Number(number), title]),
  );
  const references = ["src", "test", "examples", "bench", "scripts"].flatMap((folder) => {
    let paths: string[] = [];
    try {
      paths = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
    } catch {
      // A folder that is not there yet refers to nothing.
    }
    return paths
      .filter((path) => /\.(ts|mjs|md)$/.test(path) && !path.includes("node_modules"))
      .flatMap((path) => {
        // A reference may go on in the comment's next line.
        const text = readFileSync(join(root, folder, path), "utf8").replaceAll(/\n\s*(?:\/\/|\*)\s?/g, " ");
        return [...text.matchAll(/WIRE\.md,? sections? (\d+)/g)].map(([, number]) => ({
          path,
          number: Number(number),
        }));
      });
  });

  test("are all there", () => {
    expect(references.length).toBeGreaterThan(15);
    for (const { path, number } of references) expect(sections.has(number), `${path}: section ${number}`).toBe(true);
  });

  test("are numbered from 1 to 9 in order and listed at the top", () => {
    expect([...sections.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const [number, title] of sections) expect(wire).toContain(`\n${number}. [${title}](#`);
  });
});

// The same recorded batches through the library alone: every message of both servers, total share and result.

import { describe, expect, it } from "vitest";
import {
  Config,
  PrioError,
  PrivateKey,
  PublicKey,
  publish,
  Server,
  ServerSecret,
  type Verifier,
} from "../../src/index.js";
import { base64, bytes } from "../support/recorded.js";
import { RECORDED_BATCHES, recordedBatch } from "./support.js";

interface Row {
  id: string;
  payload: string;
}

describe.each(RECORDED_BATCHES)("the batch %s", (name) => {
  const batch = recordedBatch(name);
  const rows = (path: string) =>
    batch
      .text(path)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
  const messages = (server: "a" | "b", stage: string) =>
    new Map(
      rows(`server_${server}/intermediate/internal/${stage}/data.ndjson`).map(({ id, payload }) => [id, payload]),
    );
  const config = new Config({
    fields: batch.fields,
    batchId: batch.batchId,
    serverA: PublicKey.fromHex(batch.keys.a.public_key),
    serverB: PublicKey.fromHex(batch.keys.b.public_key),
    prgKey: batch.prgKey,
  });
  const verify1 = { a: messages("a", "verify1"), b: messages("b", "verify1") };
  const verify2 = { a: messages("a", "verify2"), b: messages("b", "verify2") };

  /** One server over its file of shares, with the recorded messages of both. Returns its total share. */
  function serve(server: "a" | "b"): Uint8Array {
    const session = new Server(config, {
      id: server === "a" ? "A" : "B",
      privateKey: PrivateKey.fromHex(batch.keys[server].private_key),
      secret: ServerSecret.fromBase64(batch.secret),
    });
    for (const { id, payload } of rows(`server_${server}/raw/data.ndjson`)) {
      const verifier = opened(session, payload);
      expect(verifier === null ? undefined : base64(verifier.verify1())).toBe(verify1[server].get(id));
      const [a1, b1] = [verify1.a.get(id), verify1.b.get(id)];
      if (verifier === null || a1 === undefined || b1 === undefined) continue;
      expect(base64(verifier.verify2(bytes(a1), bytes(b1)))).toBe(verify2[server].get(id));
      const [a2, b2] = [verify2.a.get(id), verify2.b.get(id)];
      if (a2 === undefined || b2 === undefined) throw new Error("one server alone wrote a second message");
      const report = verifier.check(bytes(a2), bytes(b2));
      if (report !== null) session.aggregate(report);
    }
    const { payload, error, total } = JSON.parse(
      batch.text(`server_${server}/intermediate/internal/aggregate/data.ndjson`),
    ) as { payload: string; error: number; total: number };
    expect(base64(session.totalShare())).toBe(payload);
    expect(session.reports).toBe(total - error);
    return session.totalShare();
  }

  it("both servers reproduce every message and total share, and the published totals", () => {
    const [a, b] = [serve("a"), serve("b")];
    const published = (server: "a" | "b") =>
      (JSON.parse(batch.text(`server_${server}/processed/data.ndjson`)) as { payload: number[] }).payload;
    expect(publish(config, a, b).map(Number)).toEqual(published("a"));
    expect(published("b")).toEqual(published("a"));
    if (name === "prio-processor/cli") expect(published("a")).toEqual([5, 4, 3, 2, 1]);
  });
});

/** The verifier of a row's packet, or null when the packet does not open. */
function opened(session: Server, payload: string): Verifier | null {
  try {
    return session.open(bytes(payload));
  } catch (error) {
    if (error instanceof PrioError) return null;
    throw error;
  }
}

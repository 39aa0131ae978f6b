// The first part of the demonstration: both servers over a batch that was recorded from Mozilla's libprio.

import { existsSync, readFileSync } from "node:fs";
import { Config, PrivateKey, PublicKey, publish, Server, ServerSecret } from "../../index.js";

interface RecordedBatch {
  name: string;
  fields: number;
  batchId: string;
  serverA: { privateKey: string; publicKey: string };
  serverB: { privateKey: string; publicKey: string };
  secret: string;
  reports: Record<"packetA" | "packetB" | "verify1A" | "verify1B" | "verify2A" | "verify2B", string>[];
  totalShareA: string;
  totalShareB: string;
  result: string[];
}

/** What came of the recorded batch. */
export interface Recorded {
  batch: RecordedBatch;
  totals: bigint[];
  /** How many messages and total shares were compared. */
  messages: number;
  /** How many of them were equal to libprio's, byte for byte. */
  equal: number;
  refused: number;
}

/** The recorded batch that is most like a real collection. */
const RECORDED = { file: "vectors/libprio-bool.json", name: "bool-64-3-content.blocking_blocked_TESTONLY-0" };

/** The recorded file, for this file in src/cli/demo/ or bundled in dist/. */
function recordedFile(): URL {
  const [fromSource, fromBundle] = ["../../..", ".."].map(
    (up) => new URL(`${up}/${RECORDED.file}`, import.meta.url),
  ) as [URL, URL];
  return existsSync(fromSource) ? fromSource : fromBundle;
}

/** Runs both servers over the recorded packets, with the recorded keys and secret. */
export function replayRecordedBatch(): Recorded {
  const { cases } = JSON.parse(readFileSync(recordedFile(), "utf8")) as {
    cases: RecordedBatch[];
  };
  const batch = cases.find(({ name }) => name === RECORDED.name);
  if (batch === undefined) throw new Error(`expected the batch ${RECORDED.name} in ${RECORDED.file}`);
  const config = new Config({
    fields: batch.fields,
    batchId: batch.batchId,
    serverA: PublicKey.fromHex(batch.serverA.publicKey),
    serverB: PublicKey.fromHex(batch.serverB.publicKey),
  });
  const secret = ServerSecret.fromBase64(batch.secret);
  const a = new Server(config, { id: "A", privateKey: PrivateKey.fromHex(batch.serverA.privateKey), secret });
  const b = new Server(config, { id: "B", privateKey: PrivateKey.fromHex(batch.serverB.privateKey), secret });

  const recorded: Recorded = { batch, totals: [], messages: 0, equal: 0, refused: 0 };
  const compare = (ours: Uint8Array, theirs: string) => {
    recorded.messages++;
    if (Buffer.from(ours).toString("base64") === theirs) recorded.equal++;
    return ours;
  };
  for (const report of batch.reports) {
    const verifierA = a.open(Buffer.from(report.packetA, "base64"));
    const verifierB = b.open(Buffer.from(report.packetB, "base64"));
    const verify1 = [
      compare(verifierA.verify1(), report.verify1A),
      compare(verifierB.verify1(), report.verify1B),
    ] as const;
    const verify2 = [
      compare(verifierA.verify2(...verify1), report.verify2A),
      compare(verifierB.verify2(...verify1), report.verify2B),
    ] as const;
    const verified = [verifierA.check(...verify2), verifierB.check(...verify2)] as const;
    if (verified[0] === null || verified[1] === null) {
      recorded.refused++;
      continue;
    }
    a.aggregate(verified[0]);
    b.aggregate(verified[1]);
  }
  const shares = [compare(a.totalShare(), batch.totalShareA), compare(b.totalShare(), batch.totalShareB)] as const;
  recorded.totals = publish(config, ...shares);
  return recorded;
}

/** What came of the batch in lines of text, the totals within so many columns. */
export function describeRecorded({ batch, totals, messages, equal }: Recorded, columns: number): string[] {
  const shown = Math.max(8, Math.min(batch.fields, Math.floor((columns - 14) / 2)));
  const row = (name: string, values: readonly (string | bigint)[]) =>
    `${name.padEnd(9)}${values.slice(0, shown).join(" ")}${shown < values.length ? " …" : ""}`;
  const same = totals.filter((total, i) => String(total) === batch.result[i]).length;
  return [
    `batch "${batch.batchId}": ${batch.fields} fields, ${batch.reports.length} reports`,
    row("libprio", batch.result),
    row("ours", totals),
    `${same} of ${batch.fields} totals equal; ${equal} of ${messages} messages and total shares equal byte for byte`,
  ];
}

/** What is wrong with it, a sentence each; nothing, if all is well. */
export function faultsOfRecorded({ batch, totals, messages, equal, refused }: Recorded): string[] {
  const faults: string[] = [];
  if (totals.map(String).join() !== batch.result.join())
    faults.push("totals of the recorded batch differ from libprio's");
  if (equal !== messages) faults.push(`${messages - equal} messages of the recorded batch differ from libprio's`);
  if (refused > 0) faults.push(`${refused} reports of the recorded batch were refused`);
  return faults;
}

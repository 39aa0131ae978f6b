// What `prio inspect` says of the documents of DAP: a task's, which operators and collector compare by its hash, and a
// collector's key pair. It shows no private key, seed or token.

import { DapTask } from "../dap/index.js";
import { PrioError } from "../index.js";
import { count, type Fact, foreignFact } from "./message-kinds.js";

/** What a document is. */
export interface DescribedDocument {
  /** For programs. */
  readonly kind: "task" | "peer-task" | "collector-keys";
  readonly title: string;
  readonly facts: readonly Fact[];
}

/** Whether a file that begins like this may be such a document. */
export function looksLikeDapDocument(start: Buffer): boolean {
  return /^(\uFEFF)?\s*\{\s*"(dap|hpkeConfig|format)"\s*:/.test(start.toString("utf8"));
}

/** Describes a document; null for what is none. */
export function describeDapDocument(bytes: Buffer): DescribedDocument | null {
  let document: Readonly<Record<string, unknown>>;
  try {
    document = JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
  const { hpkeConfig } = document;
  if (typeof hpkeConfig === "string") {
    const facts: Fact[] = [
      ["public key", /^[\w-]{55}$/.test(hpkeConfig) ? hpkeConfig : "malformed"],
      ["private key", document["privateKey"] === undefined ? "not there" : "there, not shown"],
    ];
    return { kind: "collector-keys", title: "a collector's key pair, from keygen --collector", facts };
  }
  const { task } = document;
  try {
    if (task === undefined) {
      const facts = taskFacts(DapTask.fromJSON(document as never));
      return { kind: "task", title: "a task of DAP, the same for all parties", facts };
    }
    const facts: Fact[] = [...taskFacts(DapTask.fromJSON(task as never)), ["secrets", "there, not shown"]];
    return { kind: "peer-task", title: "a task of DAP for the other aggregator, with secrets", facts };
  } catch (error) {
    if (error instanceof PrioError) return null;
    throw error;
  }
}

function taskFacts(task: DapTask): Fact[] {
  return [
    ["task", task.idText],
    ["leader", foreignFact(task.leader)],
    ["helper", foreignFact(task.helper)],
    ["measures", JSON.stringify(task.vdaf), task.vdaf],
    count("time precision", task.timePrecision),
    count("min batch size", task.minBatchSize),
    ["batches", task.batchMode],
    ["collector key", task.collectorHpkeConfig === undefined ? "not there" : "there"],
    ["hash", task.hash.match(/.{4}/g)?.join(" ") ?? task.hash, task.hash],
  ];
}

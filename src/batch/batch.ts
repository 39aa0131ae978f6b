// A batch and a server's part in it, as plain data that passes between threads.

import { Config, PublicKey, type QueryPoints, type ServerId } from "../index.js";

/** A batch as plain data, so that it can be sent to a thread. */
export interface Batch {
  readonly batchId: string;
  /** Booleans, or integers when there is a precision. */
  readonly count: number;
  readonly precision: number | undefined;
  readonly publicKeyA: string;
  readonly publicKeyB: string;
  readonly prgKey: "batch" | "seed";
}

/** A server's own part in a batch. */
export interface ServerRole {
  readonly batch: Batch;
  readonly serverId: ServerId;
  readonly privateKey: string;
  readonly secret: string;
  readonly queryPoints: QueryPoints;
}

/** A stage of a server over the rows of a file. */
export type ServerStage = "verify1" | "verify2" | "aggregate";

export function configOf(batch: Batch): Config {
  const { batchId, count, precision, prgKey } = batch;
  const common = {
    batchId,
    serverA: PublicKey.fromHex(batch.publicKeyA),
    serverB: PublicKey.fromHex(batch.publicKeyB),
    prgKey,
  };
  return precision === undefined
    ? new Config({ ...common, fields: count })
    : Config.forIntegers({ ...common, count, precision });
}

// A batch, a server's part in it and its stages: plain data, which can cross threads.

import { Config, PublicKey, type QueryPoints, type ServerId } from "../index.js";

/** The settings of a batch: what the configuration of both servers and of the clients is made of. */
export interface Batch {
  readonly batchId: string;
  /** How many booleans a report has, or how many integers when there is a precision. */
  readonly count: number;
  /** Bits of each integer. */
  readonly precision: number | undefined;
  /** Both public keys in hex. */
  readonly publicKeyA: string;
  readonly publicKeyB: string;
  readonly prgKey: "batch" | "seed";
}

/** A server's own part in a batch. */
export interface ServerRole {
  readonly batch: Batch;
  readonly serverId: ServerId;
  /** In hex, in the order in which they are tried. One belongs to the public key of the batch. */
  readonly privateKeys: readonly string[];
  /** The secret of both servers, in base64. */
  readonly secret: string;
  readonly queryPoints: QueryPoints;
}

/** What a server can do with the rows of a file. */
export type ServerStage = "verify1" | "verify2" | "aggregate";

/** The configuration of a batch. Throws the library's errors. */
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

// The form of bench/results/*.json, which suite.ts writes and report.mjs reads.

import type { CryptoName, QueryPoints } from "../src/index.js";
import type { Shape, Step } from "./cases.js";

export type Vectors = "packed" | "bigint";

/** A row of libprio-c.json: milliseconds, one thread. */
export interface LibprioRow {
  readonly fields: number;
  readonly encode: number;
  /** Open, verify1 and verify2. */
  readonly verifyA: number;
  readonly verifyB: number;
  /** One report added at both servers. */
  readonly agg2: number;
  readonly bytesA: number;
  readonly bytesB: number;
}

export type Row = Shape & {
  readonly vectors: Vectors;
  readonly crypto: CryptoName;
  /** Milliseconds of each step, medians. */
  readonly ms: Readonly<Record<Step, number>>;
  readonly bytes: { readonly a: number; readonly b: number };
  /** What libprio's figures were multiplied by: this machine's yardstick at that time over libprio's. */
  readonly scale: number;
  /** How many times faster than libprio. */
  readonly ratio?: Readonly<Record<"encode" | "checkA" | "checkB" | "aggregate", number>>;
};

export interface ArithmeticRow {
  readonly vectors: Vectors;
  readonly length: number;
  readonly multiplyNs: number;
  readonly dotNs: number;
  readonly butterflyNs: number;
  readonly transformMs: number;
}

/** A check with other query points than libprio's, milliseconds, medians. */
export interface PointsRow {
  readonly fields: number;
  readonly queryPoints: QueryPoints;
  readonly checkA: number;
  readonly checkB: number;
}

/** What a runtime took: results/node-20.json and its neighbours. */
export interface Results {
  readonly runtime: string;
  readonly machine: string;
  readonly yardstickNs: number;
  readonly rows: readonly Row[];
  readonly integers: readonly Row[];
  readonly points: readonly PointsRow[];
  readonly arithmetic: readonly ArithmeticRow[];
}

/** What a session keeps after some reports, garbage collected, over what it kept before. */
export interface GrowthRow {
  readonly queryPoints: QueryPoints;
  /** Whether packets were encoded, opened, checked and counted, or only the replay record filled as they would fill it. */
  readonly what: "session" | "record";
  readonly reports: number;
  readonly bytesPerReport: number;
  /** The same of resident memory at its highest, with both tables of a record that is growing; where reports leave no other garbage. */
  readonly peakBytesPerReport?: number;
}

/** results/memory.json */
export interface MemoryResults {
  readonly runtime: string;
  readonly encoding: {
    readonly fields: number;
    readonly reports: number;
    /** Resident memory in MB (2^20 bytes): the process with the library loaded, and its highest. */
    readonly loadedMb: number;
    readonly peakMb: number;
  };
  readonly growth: readonly GrowthRow[];
}

/** Everything that the documents' tables are made from. */
export interface AllResults {
  readonly node20: Results;
  readonly node24: Results;
  readonly bun: Results;
  readonly memory: MemoryResults;
  readonly libprio: readonly LibprioRow[];
}

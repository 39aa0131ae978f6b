// The forms of bench/results/*.json, which run.mjs and its parts write and report.mjs reads.

import type { QueryPoints } from "../src/index.js";

/** Two clocks: on the wall, and of the processor. */
export type Duration = [wall: number, processor: number];

/**
 * The steps of this package alone; libprio evaluates a report while it opens it, so there the parts of a check do not
 * compare.
 */
export type OwnStep = "openA" | "openB" | "verifyA" | "verifyB" | "aggregateA" | "aggregateB";
/**
 * The steps that both programs have. A check is open, verify1, verify2, their check, and adding the report to the
 * total.
 */
export type SharedStep = "encode" | "checkA" | "checkB";

/**
 * What a program answers to a number of reports: the Duration of each step for all of them, in nanoseconds, and perhaps
 * `bytes`, the mean bytes of each message.
 */
export type Timings = Readonly<Record<string, readonly number[]>>;

/** What it answers for reports of Prio v1. */
export type Block = Record<SharedStep, Duration> &
  Partial<Record<OwnStep, Duration>> & { bytes: [a: number, b: number] };

/** A program in a measurement: libprio, or this package in one of its forms. */
export interface Program {
  /** `libprio`, or the name of a runtime. */
  readonly runtime: string;
  /** What the program says of itself: `Node 20.20.2`. */
  readonly version: string;
  /** How this package was run; libprio has no choice. */
  readonly form?: {
    readonly vectors: "packed" | "bigint";
    readonly crypto: "native" | "noble";
    readonly points: QueryPoints;
  };
}

/** One program over reports of one shape: medians of its blocks. */
export interface Row extends Program {
  /** A number of booleans, or `COUNTxPRECISION`. */
  readonly shape: string;
  readonly blocks: number;
  readonly reportsPerBlock: number;
  /** Milliseconds for one report. */
  readonly ms: Readonly<Record<SharedStep, Duration> & Partial<Record<OwnStep, Duration>>>;
  readonly bytes: readonly [a: number, b: number];
}

/** results/reports.json: one run, in which all programs took turns. */
export interface Reports {
  readonly processor: string;
  /** The machine's load average of a minute, before and after: the programs themselves make one. */
  readonly load: readonly [before: number, after: number];
  readonly rows: readonly Row[];
}

/** results/arithmetic.json: nanoseconds of an element, and milliseconds of a transform. */
export interface ArithmeticRow {
  readonly runtime: string;
  readonly vectors: "packed" | "bigint";
  readonly length: number;
  readonly multiplyNs: number;
  readonly dotNs: number;
  readonly butterflyNs: number;
  readonly transformMs: number;
}

/** results/command.json: whole stages of the two commands over the same files, in turn. */
export interface Commands {
  readonly processor: string;
  readonly fields: number;
  readonly reports: number;
  /** Of each command over each stage. */
  readonly runs: number;
  /** Seconds, medians. */
  readonly stages: readonly {
    readonly stage: string;
    readonly server: "A" | "B";
    readonly ours: Duration;
    readonly python: Duration;
  }[];
}

/** What a session keeps after some reports, garbage collected, over what it kept before. */
export interface GrowthRow {
  readonly queryPoints: QueryPoints;
  /**
   * Whether packets were encoded, opened, checked and counted, or only the replay record filled as they would fill it.
   */
  readonly what: "session" | "record";
  readonly reports: number;
  readonly bytesPerReport: number;
  /**
   * The same of resident memory at its highest, with both tables of a record that is growing; where reports leave no
   * other garbage.
   */
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

/**
 * The steps of a report of Prio3: the client's, the first one of each aggregator, and what is left to do at the helper
 * (the verifier message, the last step, and adding to the total).
 */
export type Prio3Step = "shard" | "leader" | "helper" | "finish";

/** What a program answers for reports of Prio3. */
export type Prio3Block = Record<Prio3Step, Duration>;

/** One program over reports of one instance of Prio3: medians of its blocks. */
export interface Prio3Row {
  /** `libprio-rs`, `@divviup/prio3`, or the name of a runtime of ours. */
  readonly runtime: string;
  readonly version: string;
  /** The name of the instance. */
  readonly shape: string;
  readonly blocks: number;
  readonly reportsPerBlock: number;
  /** Milliseconds for one report. */
  readonly ms: Readonly<Prio3Block>;
}

/** results/prio3.json: one run, in which all programs took turns. */
export interface Prio3Results {
  readonly processor: string;
  readonly load: readonly [before: number, after: number];
  readonly rows: readonly Prio3Row[];
}

/**
 * Parts of our code: XOFs, arithmetic on limbs, between bytes and values, making and moving vectors, the garbage
 * collector, the platform's randomness.
 */
export type Prio3Part = "xof" | "arithmetic" | "bytes" | "vectors" | "collector" | "random" | "rest";

/** Percent of a step's samples in each part. */
export interface Prio3Profile {
  readonly version: string;
  readonly percent: Readonly<Record<Exclude<Prio3Step, "finish">, Readonly<Record<Prio3Part, number>>>>;
}

/** results/prio3-profile.json, by the name of the instance. */
export type Prio3Profiles = Readonly<Record<string, Prio3Profile>>;

/** One measurement of the pair of servers: medians of its runs. */
export interface AggregatorRow {
  readonly what: string;
  readonly store: string;
  readonly reports: number;
  readonly perSecond: number;
  /** Of the processor for one report: the leader's, and the helper's where it takes part. */
  readonly microseconds: readonly number[];
  /** Of the program that uploads. */
  readonly loadMicroseconds?: number;
}

/** results/aggregator.json. */
export interface AggregatorResults {
  readonly processor: string;
  readonly runtime: string;
  readonly load: readonly [before: number, after: number];
  readonly rows: readonly AggregatorRow[];
  readonly memory: {
    readonly reports: number;
    readonly samples: readonly { readonly reports: number; readonly leaderMb: number; readonly helperMb: number }[];
  };
}

/** Everything that the documents' tables are made from. */
export interface AllResults {
  readonly reports: Reports;
  readonly arithmetic: readonly ArithmeticRow[];
  readonly commands: Commands;
  readonly memory: MemoryResults;
  readonly prio3: Prio3Results;
  readonly prio3Profile: Prio3Profiles;
  readonly aggregator: AggregatorResults;
}

// The options by which an operator decides alone: when making a task, and when taking part in one.

import type { Command } from "commander";
import type { Role } from "../store/store.js";
import { parseNoise } from "../tasks/noise.js";
import { DEFAULT_SETTINGS, type TaskSettings } from "../tasks/stored-task.js";
import type { HelperMode, NoiseSettings } from "../tasks/task.js";
import { parseFingerprint } from "../tasks/tokens.js";
import { UsageError } from "./io.js";
import { readChoice, readDuration, usage } from "./values.js";

const HELPER_MODES = ["sync", "async"] as const;

export interface OwnOptions {
  readonly noise?: string;
  readonly helperMode?: string;
  readonly reportExpiry?: string;
  readonly maxJobDelay?: string;
  readonly peerCertificate?: readonly string[];
  readonly collectorCertificate?: readonly string[];
}

export function withOwnOptions(command: Command): Command {
  const all = (value: string, before: readonly string[] = []): string[] => [...before, value];
  return command
    .option(
      "--noise <budget>",
      "laplace:epsilon=E or gaussian:rho=R: what this aggregator adds to its share of each result",
    )
    .option("--helper-mode <mode>", "sync or async: how the helper answers a new job (sync)")
    .option("--report-expiry <duration>", "reports older than this are not counted, and forgotten; or never (30d)")
    .option("--max-job-delay <duration>", "how long a report waits for others, at the leader (10s)")
    .option("--peer-certificate <sha256>", "a client certificate of the leader, at the helper; repeatable", all)
    .option("--collector-certificate <sha256>", "one of the collector, at the leader; repeatable", all);
}

/** Throws a UsageError for options that are wrong or of the other role. */
export function ownSettings(options: OwnOptions, role: Role): Partial<TaskSettings> {
  const { noise, helperMode, reportExpiry, maxJobDelay, peerCertificate = [], collectorCertificate = [] } = options;
  if (helperMode !== undefined && role === "leader") throw new UsageError("--helper-mode: expected none at the leader");
  if (peerCertificate.length > 0 && role === "leader") {
    throw new UsageError("--peer-certificate: expected none at the leader, which the helper never calls");
  }
  if (collectorCertificate.length > 0 && role === "helper") {
    throw new UsageError("--collector-certificate: expected none at the helper, which the collector never calls");
  }
  return {
    noise: readNoise(noise),
    reportExpiry: readExpiry(reportExpiry),
    maxJobDelay:
      maxJobDelay === undefined ? DEFAULT_SETTINGS.maxJobDelay : readDuration(maxJobDelay, "--max-job-delay"),
    helperMode: readChoice<HelperMode>(helperMode ?? "sync", "--helper-mode", HELPER_MODES),
    peerCertificates: usage("--peer-certificate", () => peerCertificate.map(parseFingerprint)),
    collectorCertificates: usage("--collector-certificate", () => collectorCertificate.map(parseFingerprint)),
  };
}

function readExpiry(text: string | undefined): number | null {
  if (text === undefined) return DEFAULT_SETTINGS.reportExpiry;
  return text === "never" ? null : readDuration(text, "--report-expiry");
}

function readNoise(text: string | undefined): NoiseSettings | null {
  if (text === undefined || text === "none") return null;
  const noise = usage("--noise", () => parseNoise(text));
  if (noise === null)
    throw new UsageError(`--noise: expected laplace:epsilon=E, gaussian:rho=R or none, got "${text}"`);
  return noise;
}

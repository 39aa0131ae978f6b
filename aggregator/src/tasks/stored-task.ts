// A task between the store's row and what the processes use. The row has three texts: the document, which all parties
// know; the settings, which are this operator's and no secrets; and the secrets, sealed.

import { inspect } from "node:util";
import { DapTask, deriveVerifyKey, vdafFromJSON } from "prio/dap";
import type { Vdaf } from "prio/prio3";
import { isJanus, reportsOfJob } from "../dialects/janus-0.9.js";
import type { Role, TaskRow } from "../store/store.js";
import { noiseOf } from "./noise.js";
import { largestReport, largestVerifyInit } from "./report-size.js";
import type { Secrets } from "./secrets.js";
import type { AggregatorTask, Dialect, HelperMode, NoiseSettings, TaskLimits } from "./task.js";

/** Bytes of the reports of a job, at most: a job is in memory as a whole, however large the reports are. */
const MOST_JOB_BYTES = 64 << 20;

/** What an operator set for a task, as JSON in the store. Hashes are SHA-256 in hex, the newest first. */
export interface TaskSettings {
  readonly peerTokenHashes: readonly string[];
  readonly collectorTokenHashes: readonly string[];
  readonly peerCertificates: readonly string[];
  readonly collectorCertificates: readonly string[];
  readonly noise: NoiseSettings | null;
  readonly helperMode: HelperMode;
  readonly dialect: Dialect;
  readonly maxJobReports: number;
  readonly maxJobDelay: number;
  readonly maxFuture: number;
  /** Seconds; null for never. */
  readonly reportExpiry: number | null;
}

export const DEFAULT_SETTINGS: TaskSettings = {
  peerTokenHashes: [],
  collectorTokenHashes: [],
  peerCertificates: [],
  collectorCertificates: [],
  noise: null,
  helperMode: "sync",
  dialect: "dap-18",
  maxJobReports: 500,
  maxJobDelay: 10,
  maxFuture: 300,
  reportExpiry: 30 * 86_400,
};

/** What an operator must not lose and must not show, as JSON in the row's sealed part. Bytes are unpadded base64url. */
export interface TaskSecrets {
  /** What both aggregators derive the verification key from. */
  readonly verifyKeySeed: string;
  /** A verification key that is given, instead of one that is derived: for peers that know no seed. */
  readonly verifyKey?: string;
  /**
   * What the leader shows to the helper. At the helper it is kept where this operator made it, to give it to the peer.
   */
  readonly peerToken: string | null;
  /** What the collector shows to the leader, kept to give it to the collector. */
  readonly collectorToken: string | null;
}

/** What a row says besides its secrets. */
export function settingsOf(row: Pick<TaskRow, "settings">): TaskSettings {
  return { ...DEFAULT_SETTINGS, ...(JSON.parse(row.settings) as Partial<TaskSettings>) };
}

/** Throws an OperatorError if the row was sealed under another key. */
export function secretsOf(row: Pick<TaskRow, "id" | "role" | "secrets">, secrets: Secrets): TaskSecrets {
  return JSON.parse(secrets.open(taskRowName(row), row.secrets).toString()) as TaskSecrets;
}

export function sealTaskSecrets(row: Pick<TaskRow, "id" | "role">, what: TaskSecrets, secrets: Secrets): Uint8Array {
  return secrets.seal(taskRowName(row), Buffer.from(JSON.stringify(what)));
}

/** The name that a task's secrets are bound to. */
function taskRowName({ id, role }: { readonly id: Uint8Array; readonly role: Role }): string {
  return `task ${Buffer.from(id).toString("base64url")} as ${role}`;
}

/**
 * Throws an OperatorError for another deployment's key, and a PrioError for a document that is none.
 *
 * @param known the VDAF of the row's document, if there is an instance already
 */
export function taskOfRow(row: TaskRow, secrets: Secrets, known?: AggregatorTask["vdaf"]): AggregatorTask {
  const settings = settingsOf(row);
  const { verifyKeySeed, verifyKey, peerToken } = secretsOf(row, secrets);
  const dap = DapTask.fromJSON(JSON.parse(row.document));
  const vdaf = known ?? (vdafFromJSON(dap.vdaf) as Vdaf<unknown, unknown>);
  const isLeader = row.role === "leader";
  const maxReportBytes = largestReport(vdaf, dap.vdaf);
  const limits: TaskLimits = {
    maxReportBytes,
    maxJobReports: isLeader ? jobReports(settings, vdaf, dap, maxReportBytes) : settings.maxJobReports,
    maxJobDelay: settings.maxJobDelay,
    maxFuture: settings.maxFuture,
    reportExpiry: settings.reportExpiry,
  };
  return Object.freeze({
    ...withoutSecrets(`AggregatorTask ${dap.idText} (${row.role})`),
    key: row.key,
    id: row.id,
    idText: dap.idText,
    role: row.role,
    dap,
    vdaf,
    verifyKey:
      verifyKey === undefined
        ? deriveVerifyKey(fromBase64(verifyKeySeed), row.id, vdaf.verifyKeySize)
        : fromBase64(verifyKey),
    state: row.state,
    peer: { url: isLeader ? dap.helper : dap.leader, token: isLeader ? peerToken : null },
    acceptedTokens: {
      peer: isLeader ? [] : settings.peerTokenHashes.map(fromHex),
      collector: isLeader ? settings.collectorTokenHashes.map(fromHex) : [],
    },
    mutualTls: {
      peer: isLeader ? [] : settings.peerCertificates,
      collector: isLeader ? settings.collectorCertificates : [],
    },
    noise: settings.noise === null ? null : noiseOf(settings.noise, vdafFromJSON(dap.vdaf)),
    noiseSettings: settings.noise,
    helperMode: settings.helperMode,
    dialect: settings.dialect,
    limits,
  });
}

/**
 * Reports of a leader's job. There are fewer than the operator allows where they are large, or where a dialect's helper
 * takes less.
 */
function jobReports(
  { dialect, maxJobReports }: TaskSettings,
  vdaf: Vdaf<unknown, unknown>,
  dap: DapTask,
  maxReportBytes: number,
): number {
  const most = Math.max(1, Math.min(maxJobReports, Math.floor(MOST_JOB_BYTES / maxReportBytes)));
  return isJanus({ dialect }) ? Math.min(most, reportsOfJob(largestVerifyInit(vdaf, dap.vdaf))) : most;
}

/** What a task is to logs, consoles and JSON: its name. */
function withoutSecrets(name: string): object {
  return { [inspect.custom]: () => name, toJSON: () => name };
}

const fromHex = (text: string): Uint8Array => Buffer.from(text, "hex");
const fromBase64 = (text: string): Uint8Array => Buffer.from(text, "base64url");

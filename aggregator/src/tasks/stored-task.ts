// A task between the store's row and what the processes use. The row has three texts: the document, which all parties
// know; the settings, which are this operator's and no secrets; and the secrets, sealed.

import { DapTask, deriveVerifyKey, vdafFromJSON } from "prio/dap";
import type { Vdaf } from "prio/prio3";
import { reportsOfJob } from "../dialects/janus-0.9.js";
import type { Role, TaskRow } from "../store/store.js";
import { noiseOf } from "./noise.js";
import { largestReport, largestVerifyInit } from "./report-size.js";
import type { Secrets } from "./secrets.js";
import type { AggregatorTask, Dialect, HelperMode, NoiseSettings, TaskLimits } from "./task.js";

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
  /** What the leader shows to the helper. At the helper it is kept where this operator made it, to give it to the peer. */
  readonly peerToken: string | null;
  /** What the collector shows to the leader, kept to give it to the collector. */
  readonly collectorToken: string | null;
}

/** The texts of a task's row. */
export interface TaskTexts {
  readonly document: string;
  readonly settings: TaskSettings;
  readonly secrets: TaskSecrets;
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
export function taskRowName({ id, role }: { readonly id: Uint8Array; readonly role: Role }): string {
  return `task ${Buffer.from(id).toString("base64url")} as ${role}`;
}

/** Throws an OperatorError for another deployment's key, and a PrioError for a document that is none. */
export function taskOfRow(row: TaskRow, secrets: Secrets): AggregatorTask {
  const settings = settingsOf(row);
  const { verifyKeySeed, verifyKey, peerToken } = secretsOf(row, secrets);
  const dap = DapTask.fromJSON(JSON.parse(row.document));
  const vdaf = vdafFromJSON(dap.vdaf);
  const isLeader = row.role === "leader";
  const limits: TaskLimits = {
    maxReportBytes: largestReport(vdaf as Vdaf<unknown, unknown>, dap.vdaf),
    maxJobReports: isLeader ? jobReports(settings, vdaf as Vdaf<unknown, unknown>, dap) : settings.maxJobReports,
    maxJobDelay: settings.maxJobDelay,
    maxFuture: settings.maxFuture,
    reportExpiry: settings.reportExpiry,
  };
  return Object.freeze({
    key: row.key,
    id: row.id,
    idText: dap.idText,
    role: row.role,
    dap,
    vdaf: vdaf as Vdaf<unknown, unknown>,
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
    noise: settings.noise === null ? null : noiseOf(settings.noise, vdaf),
    noiseSettings: settings.noise,
    helperMode: settings.helperMode,
    dialect: settings.dialect,
    limits,
  });
}

/** Reports of a leader's job. A dialect's helper may take less of them than the operator allows. */
function jobReports({ dialect, maxJobReports }: TaskSettings, vdaf: Vdaf<unknown, unknown>, dap: DapTask): number {
  if (dialect !== "janus-0.9") return maxJobReports;
  return Math.min(maxJobReports, reportsOfJob(largestVerifyInit(vdaf, dap.vdaf)));
}

const fromHex = (text: string): Uint8Array => Buffer.from(text, "hex");
const fromBase64 = (text: string): Uint8Array => Buffer.from(text, "base64url");

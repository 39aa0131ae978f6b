// A task on the terminal. Nothing here is a secret.

import type { DapTask } from "prio/dap";
import type { Role, TaskRow, TaskState } from "../store/store.js";
import type { NewTask } from "../tasks/changes.js";
import { secretsCheck } from "../tasks/exchange.js";
import { noiseText } from "../tasks/noise.js";
import type { TaskSecrets, TaskSettings } from "../tasks/stored-task.js";
import { vdafText } from "../tasks/vdaf-text.js";
import { durationText, hashText, momentText } from "./values.js";

export interface ShownTask {
  readonly role: Role;
  readonly state: TaskState;
  readonly task: DapTask;
  readonly settings: TaskSettings;
  /** What stands for the shared secrets. */
  readonly check: string;
}

export function describeNewTask({ role, task, settings, secrets }: NewTask): string {
  return describeTask({ role, state: "active", task, settings, check: secretsCheck(secrets) });
}

export function shownTask(row: TaskRow, task: DapTask, settings: TaskSettings, secrets: TaskSecrets): ShownTask {
  return { role: row.role, state: row.state, task, settings, check: secretsCheck(secrets) };
}

/** A line for each thing that operators agree on, and then what they compare. */
export function describeTask({ role, state, task, settings, check }: ShownTask): string {
  const rows: [string, string][] = [
    ["task", task.idText],
    ["this is", `the ${role}, ${state}`],
    ["leader", task.leader],
    ["helper", task.helper],
    ["measures", vdafText(task.vdaf)],
    ["time precision", durationText(task.timePrecision)],
    ["min batch size", task.minBatchSize.toLocaleString("en-US")],
    ["batches", task.batchMode],
    ["reports from", intervalText(task)],
    ["noise here", settings.noise === null ? "none" : noiseText(settings.noise)],
    ...(settings.dialect === "dap-18" ? [] : [["dialect", settings.dialect] satisfies [string, string]]),
    ...(role === "helper" ? [["answers", settings.helperMode] satisfies [string, string]] : []),
    ["tokens", tokensText(role, settings)],
    ["hash", hashText(task.hash)],
    ["secrets check", hashText(check)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

function intervalText({ interval, timePrecision }: DapTask): string {
  if (interval === undefined) return "any time";
  const start = Number(interval.start) * timePrecision;
  return `${momentText(start)} until ${momentText(start + Number(interval.duration) * timePrecision)}`;
}

function tokensText(role: Role, settings: TaskSettings): string {
  const [count, whose, certificates] =
    role === "leader"
      ? [settings.collectorTokenHashes.length, "the collector", settings.collectorCertificates.length]
      : [settings.peerTokenHashes.length, "the leader", settings.peerCertificates.length];
  const more = certificates === 0 ? "" : `, and ${plural(certificates, "certificate")}`;
  return `${plural(count, "token")} of ${whose} ${count === 1 ? "is" : "are"} valid${more}`;
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Rows under a heading, in columns. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

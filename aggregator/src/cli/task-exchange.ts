// `prio-aggregator task export` and `task import`: what the two operators, the collector and the clients get of a task.

import type { Command } from "commander";
import { DapTask } from "prio/dap";
import { createSecretFile } from "../operators-files.js";
import type { TaskRow } from "../store/store.js";
import { findTask, insertTask } from "../tasks/changes.js";
import { otherRole, peerDocument, readPeerDocument, secretsCheck } from "../tasks/exchange.js";
import { OperatorError } from "../tasks/operator-error.js";
import type { Secrets } from "../tasks/secrets.js";
import { secretsOf, settingsOf } from "../tasks/stored-task.js";
import { confirms, type Io, isInteractive, note, print, printJson, readText, UsageError, writePublic } from "./io.js";
import { type OwnOptions, ownSettings, withOwnOptions } from "./own-settings.js";
import { type StoreOptions, secretsOfEnvironment, useOrMakeStore, useStore, withDatabase } from "./store-access.js";
import { describeNewTask } from "./task-text.js";
import { hashText, readChoice } from "./values.js";

const READERS = ["peer", "collector", "clients"] as const;
/** Digits of a hash that are enough to compare: nobody finds another task with the same 64 bits of it. */
const SHORTEST_HASH = 16;

interface ExportOptions extends StoreOptions {
  readonly for: string;
  readonly output?: string;
  readonly tokenOutput?: string;
}

interface ImportOptions extends StoreOptions, OwnOptions {
  readonly expectHash?: string;
  readonly yes?: true;
  readonly json?: true;
}

export function addTaskExchange(task: Command, io: Io): void {
  const forReader = task
    .command("export")
    .argument("<task>", "its id, or the first characters of it")
    .description("write a task's document for another party")
    .requiredOption("--for <reader>", "peer (with the shared secrets), collector or clients (without any)")
    .option(
      "--output <file>",
      "the file; `-` is standard output, the default but for the peer. The peer's must be a new one",
    )
    .option("--token-output <file>", "for the collector: write its token into this new file");
  withDatabase(forReader).action((name: string, options: ExportOptions) => exportTask(io, name, options));
  const fromPeer = task
    .command("import")
    .argument("<file>", "what the other operator's `task export --for peer` wrote; `-` is standard input")
    .description("take part in a task, after comparing its hash with the other operator")
    .option("--expect-hash <hash>", `the hash that the other operator reads, at least ${SHORTEST_HASH} digits of it`)
    .option("--yes", "do not ask")
    .option("--json", "print JSON");
  withDatabase(withOwnOptions(fromPeer)).action((path: string, options: ImportOptions) =>
    importTask(io, path, options),
  );
}

async function exportTask(io: Io, name: string, options: ExportOptions): Promise<void> {
  const reader = readChoice(options.for, "--for", READERS);
  const { output, tokenOutput } = options;
  if (tokenOutput !== undefined && reader !== "collector") {
    throw new UsageError("--token-output: expected --for collector; the peer's token is in its document");
  }
  const row = await useStore(io, options, (store) => store.run("export task", (tx) => findTask(tx, name)));
  const task = DapTask.fromJSON(JSON.parse(row.document));
  if (reader === "peer") {
    exportForPeer(io, row, task, secretsOfEnvironment(io), output);
    return;
  }
  if (tokenOutput !== undefined) writeCollectorToken(io, row, secretsOfEnvironment(io), tokenOutput);
  writePublic(io, output, `${JSON.stringify(task, null, 2)}\n`);
}

function exportForPeer(io: Io, row: TaskRow, task: DapTask, key: Secrets, output: string | undefined): void {
  if (output === undefined) {
    throw new UsageError(
      "expected --output: the document for the peer holds the secrets that both aggregators share",
      "--output - prints it all the same",
    );
  }
  const { role } = row;
  const secrets = secretsOf(row, key);
  const { dialect, peerTokenHashes, peerCertificates } = settingsOf(row);
  const lacksToken = role === "helper" && secrets.peerToken === null && peerTokenHashes.length > 0;
  if (lacksToken && peerCertificates.length === 0) {
    throw new OperatorError(
      "this task was imported: its leader has the token, and this helper only its hash",
      "`prio-aggregator task rotate-tokens TASK --for peer --output FILE` makes a new one",
    );
  }
  const text = `${JSON.stringify(peerDocument(role, task, dialect, secrets), null, 2)}\n`;
  if (output === "-") io.stdout.write(text);
  else createSecretFile(output, text);
  const where = output === "-" ? "What was printed" : `${output} (mode 600)`;
  note(io, `${where} holds secrets that only the two operators may know: send it encrypted, then delete it.`);
  note(io, `The ${otherRole(role)}'s operator runs: prio-aggregator task import FILE`);
  note(io, "Then compare both aloud:");
  note(io, `  hash           ${hashText(task.hash)}`);
  note(io, `  secrets check  ${hashText(secretsCheck(secrets))}`);
}

function writeCollectorToken(io: Io, row: TaskRow, key: Secrets, path: string): void {
  if (row.role === "helper") {
    throw new UsageError("--token-output: expected a task whose leader this is; the collector never asks the helper");
  }
  const { collectorToken } = secretsOf(row, key);
  if (collectorToken === null) throw new OperatorError("this task has no token for the collector");
  createSecretFile(path, `${collectorToken}\n`);
  note(io, `${path} (mode 600) holds the collector's token, a secret.`);
}

async function importTask(io: Io, path: string, options: ImportOptions): Promise<void> {
  const key = secretsOfEnvironment(io);
  const subject = path === "-" ? "standard input" : path;
  const given = readPeerDocument(await readText(io, path, "a task's document"), subject);
  const { role, task } = given;
  const added = { ...given, settings: { ...given.settings, ...ownSettings(options, role) } };
  // For people, also where the result is JSON.
  if (options.json === true) note(io, describeNewTask(added));
  else print(io, describeNewTask(added));
  await confirm(io, task, options);
  await useOrMakeStore(io, options, (store) => insertTask(store, added, key, io.clock(), "task imported"));
  if (options.json === true) printJson(io, { id: task.idText, hash: task.hash, role, task: task.toJSON() });
  note(io, `This aggregator is the ${role} of the task ${task.idText.slice(0, 8)} now. Delete the document.`);
}

/** Throws an OperatorError unless the hash was compared. */
async function confirm(io: Io, task: DapTask, { expectHash, yes }: ImportOptions): Promise<void> {
  if (expectHash !== undefined) {
    const digits = expectHash.replaceAll(/\s/g, "").toLowerCase();
    if (!/^[0-9a-f]{16,64}$/.test(digits)) {
      throw new UsageError(`--expect-hash: expected ${SHORTEST_HASH} to 64 hex digits, got "${expectHash}"`);
    }
    if (task.hash.startsWith(digits)) return;
    throw new OperatorError(
      "the task's hash is not the expected one: nothing was imported",
      "the document was changed on its way, or is of another task",
    );
  }
  if (yes === true) return;
  if (!isInteractive(io)) {
    throw new UsageError(
      "expected --expect-hash or --yes: there is no terminal to ask on whether the hashes are the same",
    );
  }
  const isSame = await confirms(io, "Does the other operator read the same hash and secrets check?");
  if (!isSame) throw new OperatorError("nothing was imported");
}

// `prio-aggregator task pause|resume|end`, `task rotate-tokens` and `task certificates`.

import type { Command } from "commander";
import { createSecretFile } from "../operators-files.js";
import type { TaskRow, TaskState } from "../store/store.js";
import { changeTask, findTask, type OwnPart, setTaskState } from "../tasks/changes.js";
import { OperatorError } from "../tasks/operator-error.js";
import { secretsOf, settingsOf } from "../tasks/stored-task.js";
import { newToken, parseFingerprint, parseToken, withToken } from "../tasks/tokens.js";
import { confirms, type Io, isInteractive, note, readText, UsageError } from "./io.js";
import { type StoreOptions, secretsOfEnvironment, useStore, withDatabase } from "./store-access.js";
import { plural } from "./task-text.js";
import { readChoice, usage } from "./values.js";

const STATES: readonly [command: string, state: TaskState, what: string, after: string][] = [
  ["pause", "paused", "take no new reports and jobs, and keep everything", "is paused"],
  ["resume", "active", "take part again after a pause", "is active"],
  ["end", "ended", "take part no longer, for good; results stay readable", "has ended"],
];

interface CertificateOptions extends StoreOptions {
  readonly for: string;
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

interface StateOptions extends StoreOptions {
  readonly yes?: true;
}

interface TokenOptions extends StoreOptions {
  readonly for: string;
  readonly output?: string;
  readonly tokenFile?: string;
  readonly revokeOld?: true;
}

export function addTaskChange(task: Command, io: Io): void {
  for (const [name, state, what, after] of STATES) {
    const command = task.command(name).argument("<task>", "its id, or the first characters of it").description(what);
    if (state === "ended") command.option("--yes", "do not ask");
    withDatabase(command).action(async (id: string, options: StateOptions) => {
      if (state === "ended" && options.yes !== true && isInteractive(io)) {
        const isMeant = await confirms(io, `End the task ${id} for good? It takes no report any more.`);
        if (!isMeant) throw new OperatorError("the task was not ended");
      }
      const before = await useStore(io, options, (store) => setTaskState(store, id, state, io.clock()));
      note(io, before === state ? `The task ${after} already.` : `The task ${after}: servers see it within seconds.`);
    });
  }
  const command = task
    .command("rotate-tokens")
    .argument("<task>", "its id, or the first characters of it")
    .description("change a bearer token; whoever accepts it makes the new one, and takes both for a while")
    .requiredOption("--for <party>", "peer or collector")
    .option("--output <file>", "make a new token, write it into this new file, and accept it besides the one before")
    .option("--token-file <file>", "at the leader: use from now on the token that the helper's operator made")
    .option("--revoke-old", "accept only the newest token");
  withDatabase(command).action((id: string, options: TokenOptions) => rotateTokens(io, id, options));
  const all = (value: string, before: readonly string[] = []): string[] => [...before, value];
  const certificates = task
    .command("certificates")
    .argument("<task>", "its id, or the first characters of it")
    .description("change which client certificates the task asks for, by their SHA-256")
    .requiredOption("--for <party>", "peer or collector")
    .option("--add <sha256>", "accept this one too; repeatable", all)
    .option("--remove <sha256>", "accept this one no longer; repeatable", all);
  withDatabase(certificates).action((id: string, options: CertificateOptions) => changeCertificates(io, id, options));
}

async function changeCertificates(io: Io, name: string, options: CertificateOptions): Promise<void> {
  const key = secretsOfEnvironment(io);
  const party = readChoice(options.for, "--for", ["peer", "collector"] as const);
  const added = usage("--add", () => (options.add ?? []).map(parseFingerprint));
  const removed = usage("--remove", () => (options.remove ?? []).map(parseFingerprint));
  if (added.length + removed.length === 0) throw new UsageError("expected --add or --remove");
  const setting = party === "peer" ? "peerCertificates" : "collectorCertificates";
  let left = 0;
  await useStore(io, options, (store) =>
    changeTask(store, name, key, io.clock(), `certificates changed for the ${party}`, ({ role }, own) => {
      if ((party === "peer") === (role === "leader")) {
        throw new UsageError(
          `--for ${party}: this ${role} is never asked by the ${party === "peer" ? "helper" : party}`,
        );
      }
      const unknown = removed.find((one) => !own.settings[setting].includes(one));
      if (unknown !== undefined) throw new UsageError(`--remove: the task has no certificate ${unknown.slice(0, 8)}…`);
      const kept = own.settings[setting].filter((one) => !removed.includes(one) && !added.includes(one));
      const next = [...added, ...kept];
      left = next.length;
      return { ...own, settings: { ...own.settings, [setting]: next } };
    }),
  );
  const whose = party === "peer" ? "leader" : "collector";
  note(
    io,
    left === 0
      ? `The task asks the ${whose} for no certificate.`
      : `${plural(left, "certificate")} of the ${whose} will do.`,
  );
}

async function rotateTokens(io: Io, name: string, options: TokenOptions): Promise<void> {
  const key = secretsOfEnvironment(io);
  const party = readChoice(options.for, "--for", ["peer", "collector"] as const);
  const { output, tokenFile, revokeOld } = options;
  if ([output, tokenFile, revokeOld].filter((given) => given !== undefined).length !== 1) {
    throw new UsageError("expected one of --output, --token-file and --revoke-old");
  }
  const given = tokenFile === undefined ? null : parseToken(await readText(io, tokenFile, "a token"), tokenFile);
  const token = output === undefined ? null : newToken();
  const change = (row: TaskRow, own: OwnPart): OwnPart => {
    requireAcceptor(row, party, given !== null);
    if (given !== null) return { ...own, secrets: { ...own.secrets, peerToken: given } };
    const [hashes, secret] =
      party === "peer"
        ? (["peerTokenHashes", "peerToken"] as const)
        : (["collectorTokenHashes", "collectorToken"] as const);
    const before = own.settings[hashes];
    if (token === null) return { ...own, settings: { ...own.settings, [hashes]: before.slice(0, 1) } };
    // The helper does not keep the leader's token: whoever has read the file has it.
    const kept = party === "peer" ? null : token;
    return {
      settings: { ...own.settings, [hashes]: withToken(before, token) },
      secrets: { ...own.secrets, [secret]: kept },
    };
  };
  const what = token !== null ? "token made" : given !== null ? "token taken over" : "old token revoked";
  await useStore(io, options, async (store) => {
    // Before the file is written.
    await store.run("check task", async (tx) => {
      const row = await findTask(tx, name);
      change(row, { settings: settingsOf(row), secrets: secretsOf(row, key) });
    });
    if (output !== undefined && token !== null) createSecretFile(output, `${token}\n`);
    await changeTask(store, name, key, io.clock(), `${what} for the ${party}`, change);
  });
  if (output !== undefined) {
    note(io, `${output} (mode 600) holds the new token. The old one is valid too, until --revoke-old.`);
    const next = "The leader's operator runs: prio-aggregator task rotate-tokens TASK --for peer --token-file FILE";
    note(io, party === "peer" ? next : "Give it to the collector.");
  } else if (given !== null) {
    note(io, "The leader shows the new token to the helper: servers see it within seconds.");
  } else {
    const whose = party === "peer" ? "leader" : "collector";
    note(io, `Only the newest token of the ${whose} is valid: servers see it within seconds.`);
  }
}

/** Throws a UsageError where this aggregator does not accept the party's token. */
function requireAcceptor({ role }: TaskRow, party: "peer" | "collector", takesOver: boolean): void {
  if (takesOver) {
    if (party === "peer" && role === "leader") return;
    throw new UsageError("--token-file: expected a task whose leader this is, and --for peer");
  }
  if (party === "peer" && role === "leader") {
    throw new UsageError(
      "the helper accepts the leader's token, so its operator makes the new one",
      "then: prio-aggregator task rotate-tokens TASK --for peer --token-file FILE",
    );
  }
  if (party === "collector" && role === "helper") {
    throw new UsageError("the collector never asks the helper, so it has no token here: run this at the leader");
  }
}

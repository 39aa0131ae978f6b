// `prio demo`, which `npm start` runs: a whole collection, with nothing to configure. It replays a batch recorded from
// Mozilla's libprio and then simulates a collection in which some clients cheat.

import { existsSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Config, PrivateKey, PublicKey, publish, Server, ServerSecret } from "../../index.js";
import { bar } from "../table.js";
import { PRECISION, QUESTIONS, type SimulationResult, simulate } from "./simulation.js";

const CLIENTS = 1000;
/** 3 % of 1,000 clients. */
const CHEAT_EVERY = 33;

const LABELS = [
  ...[
    "has a pet",
    "plays an instrument",
    "slept badly",
    "rides a bicycle",
    "works at night",
    "likes olives",
    "owns a car",
  ],
  ...["voted last time", "smokes", "lives alone", "has a garden", "drinks coffee", "wears glasses", "cooks at home"],
  ...["uses dark mode", "reads books", "recycles", "takes the bus", "uses a phone", "has seen the sea"],
];

/** Where the demonstration writes its results and, on a terminal, its progress. */
export interface DemoOutput {
  write(text: string): void;
  /** Shows a progress line in place of the one before; `undefined` clears it. */
  progress(line: string | undefined): void;
  columns: number;
  color: boolean;
}

/** Runs the demonstration. Returns the exit code: 0, or 1 when a total is wrong or a cheating client got through. */
export function runDemo(output: DemoOutput): 0 | 1 {
  const style = styles(output.color);
  const line = (text = "") => output.write(`${text}\n`);

  line(style.bold("1. A batch recorded from Mozilla's libprio"));
  const recorded = replayRecordedBatch();
  for (const text of describeRecorded(recorded, output.columns)) line(`   ${text}`);
  line();

  line(style.bold(`2. ${format(CLIENTS)} simulated clients, some of which cheat`));
  const started = performance.now();
  let shown = 0;
  const outcome = simulate(CLIENTS, CHEAT_EVERY, (done) => {
    const now = performance.now();
    if (now - shown < 80 && done < CLIENTS) return;
    shown = now;
    const rate = done / ((now - started) / 1000);
    const left = Math.ceil((CLIENTS - done) / rate);
    const reports = `${format(done)} of ${format(CLIENTS)} reports, ${format(Math.round(rate))} a second`;
    output.progress(`   ${meter(done / CLIENTS, 24)} ${reports}, ${left} s left`);
  });
  output.progress(undefined);
  for (const text of describeOutcome(outcome, output.columns, style)) line(`   ${text}`);
  line();

  const faults = [...faultsOfRecorded(recorded), ...faultsOf(outcome)];
  for (const fault of faults) line(style.red(`   wrong: ${fault}`));
  line(
    faults.length === 0
      ? style.green("All totals are right and no cheat got through.")
      : style.red("This should not happen."),
  );
  return faults.length === 0 ? 0 : 1;
}

interface RecordedBatch {
  name: string;
  fields: number;
  batchId: string;
  serverA: { privateKey: string; publicKey: string };
  serverB: { privateKey: string; publicKey: string };
  secret: string;
  reports: Record<"packetA" | "packetB" | "verify1A" | "verify1B" | "verify2A" | "verify2B", string>[];
  totalShareA: string;
  totalShareB: string;
  result: string[];
}

interface Recorded {
  batch: RecordedBatch;
  totals: bigint[];
  /** How many messages and total shares were compared. */
  messages: number;
  /** How many of them were equal to libprio's, byte for byte. */
  equal: number;
  refused: number;
}

/** The recorded batch that is most like a real collection. */
const RECORDED = { file: "vectors/libprio-bool.json", name: "bool-64-3-content.blocking_blocked_TESTONLY-0" };

/** The recorded file, for this file in src/cli/demo/ or bundled in dist/. */
function recordedFile(): URL {
  const [fromSource, fromBundle] = ["../../..", ".."].map(
    (up) => new URL(`${up}/${RECORDED.file}`, import.meta.url),
  ) as [URL, URL];
  return existsSync(fromSource) ? fromSource : fromBundle;
}

/** Runs both servers over the recorded packets, with the recorded keys and secret. */
function replayRecordedBatch(): Recorded {
  const { cases } = JSON.parse(readFileSync(recordedFile(), "utf8")) as {
    cases: RecordedBatch[];
  };
  const batch = cases.find(({ name }) => name === RECORDED.name);
  if (batch === undefined) throw new Error(`expected the batch ${RECORDED.name} in ${RECORDED.file}`);
  const config = new Config({
    fields: batch.fields,
    batchId: batch.batchId,
    serverA: PublicKey.fromHex(batch.serverA.publicKey),
    serverB: PublicKey.fromHex(batch.serverB.publicKey),
  });
  const secret = ServerSecret.fromBase64(batch.secret);
  const a = new Server(config, { id: "A", privateKey: PrivateKey.fromHex(batch.serverA.privateKey), secret });
  const b = new Server(config, { id: "B", privateKey: PrivateKey.fromHex(batch.serverB.privateKey), secret });

  const recorded: Recorded = { batch, totals: [], messages: 0, equal: 0, refused: 0 };
  const compare = (ours: Uint8Array, theirs: string) => {
    recorded.messages++;
    if (Buffer.from(ours).toString("base64") === theirs) recorded.equal++;
    return ours;
  };
  for (const report of batch.reports) {
    const verifierA = a.open(Buffer.from(report.packetA, "base64"));
    const verifierB = b.open(Buffer.from(report.packetB, "base64"));
    const verify1 = [
      compare(verifierA.verify1(), report.verify1A),
      compare(verifierB.verify1(), report.verify1B),
    ] as const;
    const verify2 = [
      compare(verifierA.verify2(...verify1), report.verify2A),
      compare(verifierB.verify2(...verify1), report.verify2B),
    ] as const;
    const verified = [verifierA.check(...verify2), verifierB.check(...verify2)] as const;
    if (verified[0] === null || verified[1] === null) {
      recorded.refused++;
      continue;
    }
    a.aggregate(verified[0]);
    b.aggregate(verified[1]);
  }
  const shares = [compare(a.totalShare(), batch.totalShareA), compare(b.totalShare(), batch.totalShareB)] as const;
  recorded.totals = publish(config, ...shares);
  return recorded;
}

function describeRecorded({ batch, totals, messages, equal }: Recorded, columns: number): string[] {
  const shown = Math.max(8, Math.min(batch.fields, Math.floor((columns - 14) / 2)));
  const row = (name: string, values: readonly (string | bigint)[]) =>
    `${name.padEnd(9)}${values.slice(0, shown).join(" ")}${shown < values.length ? " …" : ""}`;
  const same = totals.filter((total, i) => String(total) === batch.result[i]).length;
  return [
    `batch "${batch.batchId}": ${batch.fields} fields, ${batch.reports.length} reports`,
    row("libprio", batch.result),
    row("ours", totals),
    `${same} of ${batch.fields} totals equal; ${equal} of ${messages} messages and total shares equal byte for byte`,
  ];
}

function describeOutcome(outcome: SimulationResult, columns: number, style: Styles): string[] {
  const { clients, truth, published, honest, cheats, bytes, time, counted } = outcome;
  const width = Math.max(10, Math.min(40, columns - 54));
  const rows = LABELS.map((label, k) => {
    const total = published[k] as bigint;
    const right = total === truth[k] ? style.green("=") : style.red("≠");
    const figures = `${String(truth[k]).padStart(7)} ${right}${String(total).padStart(7)}`;
    return `${label.padEnd(20)}${figures} ${style.cyan(meter(Number(total) / honest.sent, width))}`;
  });
  const sum = published[QUESTIONS] as bigint;
  const right = sum === truth[QUESTIONS] ? style.green("=") : style.red("≠");
  const mean = Number(sum) / honest.sent;
  const refusals = cheats.map(({ cheat, sent, refused, by }) => {
    const checks = [...by].join(", ") || "nobody";
    return `${cheat.name.padEnd(30)}${String(sent).padStart(4)}${String(refused).padStart(9)}   by ${checks}`;
  });
  const sums = `${String(truth[QUESTIONS]).padStart(7)} ${right}${String(sum).padStart(7)}`;
  const sumBar = style.cyan(meter(mean / 2 ** PRECISION, width));
  const perReport = (total: number) => `${(total / clients).toFixed(2)} ms`;
  const servers = `server A ${perReport(time.A)}, server B ${perReport(time.B)}`;
  const each = (total: number) => format(Math.round(total / clients));
  return [
    `${QUESTIONS} yes/no questions and a ${PRECISION}-bit integer each; servers exchange only messages`,
    "",
    style.bold(`${"yes to".padEnd(20)}${"truth".padStart(7)}  ${"totals".padStart(7)}`),
    ...rows,
    `${"books owned, sum".padEnd(20)}${sums} ${sumBar} mean ${mean.toFixed(1)}`,
    "",
    style.bold(`${"cheat".padEnd(30)}sent  refused`),
    ...refusals,
    `${"none (honest)".padEnd(30)}${String(honest.sent).padStart(4)}${String(honest.refused).padStart(9)}`,
    `counted at A ${format(counted.A)}, at B ${format(counted.B)}`,
    "",
    `bytes per report   ${each(bytes.toA)} to A, ${each(bytes.toB)} to B, ${each(bytes.between)} between the servers`,
    `time per report    client ${perReport(time.clients)}, ${servers}`,
  ];
}

function faultsOfRecorded({ batch, totals, messages, equal, refused }: Recorded): string[] {
  const faults: string[] = [];
  if (totals.map(String).join() !== batch.result.join())
    faults.push("totals of the recorded batch differ from libprio's");
  if (equal !== messages) faults.push(`${messages - equal} messages of the recorded batch differ from libprio's`);
  if (refused > 0) faults.push(`${refused} reports of the recorded batch were refused`);
  return faults;
}

function faultsOf({ truth, published, honest, cheats, counted }: SimulationResult): string[] {
  const faults: string[] = [];
  const off = truth.filter((total, i) => total !== published[i]).length;
  if (off > 0 || truth.length !== published.length) faults.push(`${off} totals differ from the truth`);
  if (honest.refused > 0) faults.push(`${honest.refused} honest reports were refused`);
  if (counted.A !== honest.sent || counted.B !== honest.sent) faults.push("a server counted another number of reports");
  for (const { cheat, sent, refused, by } of cheats) {
    if (sent === 0) faults.push(`nobody tried ${cheat.name}`);
    if (refused < sent) faults.push(`${sent - refused} got through with ${cheat.name}`);
    if ([...by].some((check) => check !== cheat.expected)) faults.push(`${cheat.name} was refused by another check`);
  }
  return faults;
}

/** A bar of `width` characters, filled for `part`, from 0 to 1. */
function meter(part: number, width: number): string {
  return bar(part, 1, width).padEnd(width, "·");
}

function format(x: number): string {
  return x.toLocaleString("en");
}

type Styles = Record<"bold" | "green" | "red" | "cyan", (text: string) => string>;

function styles(color: boolean): Styles {
  const style = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { bold: style(1), green: style(32), red: style(31), cyan: style(36) };
}

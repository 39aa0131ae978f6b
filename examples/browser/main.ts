// The page. It plays every visitor, carries packets to the two servers, and publishes their totals. The servers are
// workers and receive nothing but messages.

import { publish, type ServerId } from "prio";
import { configFor, MIN_BATCH } from "./batch.js";
import { Column, showSplit } from "./columns.js";
import { find } from "./dom.js";
import { readForm, showForm } from "./form.js";
import { cheat, split } from "./glass-client.js";
import { drawPictures } from "./pictures.js";
import { FIELDS, toFields } from "./questions.js";
import { crowdText, waitingText } from "./sentences.js";
import { Totals } from "./totals.js";
import { CrowdWorker, ServerWorker } from "./workers.js";

/** Simulated visitors come in groups of so many; totals are brought up to date after each. */
const GROUP = 25;

const send = find<HTMLButtonElement>("#send");
const stop = find<HTMLButtonElement>("#stop");
const running = find("#running");
const progress = find<HTMLProgressElement>("#progress");
const simulators = [...document.querySelectorAll<HTMLButtonElement>("[data-visitors]")];

showForm();
drawPictures();
find("#redraw").addEventListener("click", drawPictures);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawPictures);

const [a, b] = [new ServerWorker(), new ServerWorker()];
const columns = { A: new Column("A"), B: new Column("B") };
a.onSight = (sight) => columns.A.show(sight);
b.onSight = (sight) => columns.B.show(sight);

const link = new MessageChannel();
const [keyA, keyB] = await Promise.all([a.start("A", link.port1), b.start("B", link.port2)]);
const keys: Record<ServerId, string> = { A: keyA, B: keyB };
await Promise.all([a.configure(keys), b.configure(keys)]);
const config = configFor(keys);
const crowd = new CrowdWorker();
const totals = new Totals();

/** What honest visitors answered, added up in the open, to compare. */
const truth = new Array<number>(FIELDS).fill(0);
let counted = 0;
let refused = 0;
let published = 0;
let stopping = false;

/** Sends one report to both servers; counts it in the open when they count it. */
async function submit(packets: { a: Uint8Array; b: Uint8Array }, fields: readonly number[] | null, watched: boolean) {
  const reportId = crypto.randomUUID();
  const verdicts = await Promise.all([a.report(reportId, packets.a, watched), b.report(reportId, packets.b, watched)]);
  const both = verdicts.every((verdict) => verdict);
  if (both) {
    counted++;
    for (const [i, x] of (fields ?? []).entries()) truth[i] = (truth[i] as number) + x;
  } else {
    refused++;
  }
  return both;
}

/** Shows where the servers are, and publishes when enough reports have come in since the last time. */
async function bringUpToDate(): Promise<void> {
  const [totalA, totalB] = await Promise.all([a.total(), b.total()]);
  if (totalA.reports !== totalB.reports) throw new Error("the servers counted different reports");
  columns.A.count(counted, refused);
  columns.B.count(counted, refused);
  columns.A.showTotal(totalA.shown);
  columns.B.showTotal(totalB.shown);
  if (counted - published >= MIN_BATCH) {
    published = counted;
    totals.publish(published, publish(config, totalA.share, totalB.share).map(Number), truth);
  }
  find("#waiting").textContent = waitingText(counted, published);
}

/** Tells what came of a report, beside the button that sent it. */
function say(text: string, verdict: "counted" | "refused" | "none" = "none"): void {
  const status = find("#send-status");
  status.textContent = text;
  status.dataset["verdict"] = verdict;
}

function busy(working: boolean): void {
  send.disabled = working;
  for (const button of simulators) button.disabled = working;
}

find<HTMLFormElement>("#form").addEventListener("submit", async (event) => {
  event.preventDefault();
  busy(true);
  const honest = toFields(readForm());
  const cheating = find<HTMLInputElement>("#cheat").checked;
  const values = cheating ? cheat(honest) : honest;
  const report = split(config, values);
  showSplit(values, report);
  const both = await submit(report.packets, cheating ? null : honest, true);
  await bringUpToDate();
  busy(false);
  send.focus({ preventScroll: true });
  if (both) say("✓ Both servers counted your report, and neither knows what you said.", "counted");
  else say("✗ Both servers refused your report, because one of its values is neither 0 nor 1.", "refused");
  find("#ways").hidden = false;
  find("#outcome").scrollIntoView({ block: "nearest" });
});

async function simulate(started: HTMLButtonElement): Promise<void> {
  const visitors = Number(started.dataset["visitors"]);
  busy(true);
  stopping = false;
  running.hidden = false;
  stop.focus({ preventScroll: true });
  progress.max = visitors;
  const before = { counted, refused };
  const cheaters = find<HTMLInputElement>("#cheaters").checked;
  const status = find("#crowd-status");
  status.textContent = `${visitors.toLocaleString("en")} visitors are sending their reports …`;
  for (let done = 0; done < visitors && !stopping; done += GROUP) {
    const group = await crowd.visitors({ keys, visitors: Math.min(GROUP, visitors - done), cheaters });
    await Promise.all(group.map(({ packets, fields }) => submit(packets, fields, false)));
    await bringUpToDate();
    progress.value = done + group.length;
  }
  running.hidden = true;
  progress.value = 0;
  busy(false);
  started.focus({ preventScroll: true });
  status.textContent = crowdText(before, { counted, refused }, published);
}

for (const button of simulators) {
  button.addEventListener("click", () => simulate(button));
}
stop.addEventListener("click", () => {
  stopping = true;
});

busy(false);
say("Both servers are ready for your report.");
document.documentElement.dataset["ready"] = "true";

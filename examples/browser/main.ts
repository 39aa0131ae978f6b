// The page. It plays every visitor, carries reports to the two servers, and publishes their totals. The servers are
// workers and receive nothing but messages.

import { Collection } from "./collection.js";
import { showCost } from "./difference.js";
import { find } from "./dom.js";
import { readForm, showForm } from "./form.js";
import type { ProtocolId, Report } from "./messages.js";
import { drawPictures } from "./pictures.js";
import { prio1 } from "./prio1/protocol.js";
import { prio3 } from "./prio3/protocol.js";
import { cheat, toFields } from "./questions.js";
import { CrowdWorker } from "./workers.js";

/** Simulated visitors come in groups of so many; totals are brought up to date after each. */
const GROUP = 25;

const send = find<HTMLButtonElement>("#send");
const stop = find<HTMLButtonElement>("#stop");
const running = find("#running");
const progress = find<HTMLProgressElement>("#progress");
const simulators = [...document.querySelectorAll<HTMLButtonElement>("[data-visitors]")];
const choices = [...document.querySelectorAll<HTMLInputElement>('[name="protocol"]')];

showForm();
drawPictures();
find("#redraw").addEventListener("click", drawPictures);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawPictures);

const [withPrio1, withPrio3] = await Promise.all([Collection.start(prio1), Collection.start(prio3)]);
const collections: Record<ProtocolId, Collection> = { prio1: withPrio1, prio3: withPrio3 };
const crowd = new CrowdWorker();
let collection = withPrio1;
let stopping = false;

/** What came of the visitor's last report with either protocol. */
const outcomes: Record<ProtocolId, { text: string; verdict: "counted" | "refused" | "none" }> = {
  prio1: { text: "Both servers are ready for your report.", verdict: "none" },
  prio3: { text: "Both servers are ready for your report.", verdict: "none" },
};

/** Shows the collection with the protocol that is chosen. */
function choose(): void {
  const id = choices.find(({ checked }) => checked)?.value as ProtocolId;
  collection = collections[id];
  collection.show();
  for (const about of document.querySelectorAll<HTMLElement>("[data-about]")) {
    about.hidden = about.dataset["about"] !== id;
  }
  tell();
}

/** Tells what came of the last report, beside the button that sent it. */
function tell(): void {
  const { text, verdict } = outcomes[collection.protocol.id];
  const status = find("#send-status");
  status.textContent = text;
  status.dataset["verdict"] = verdict;
  find("#ways").hidden = verdict === "none";
}

function busy(working: boolean): void {
  send.disabled = working;
  for (const control of [...simulators, ...choices]) control.disabled = working;
}

/** How the report is sent: `fair`, with a `two` in it, or with a bit `flipped` on its way to A. */
const manner = (): string => find<HTMLInputElement>('[name="manner"]:checked').value;

/** The report as A gets it when one bit flips on the way: the first of its packet, or of its share. */
function flipped({ id, a, b }: Report): Report {
  const share = a.share.slice();
  share[0] = (share[0] as number) ^ 1;
  return { id, a: { ...a, share }, b };
}

find<HTMLFormElement>("#form").addEventListener("submit", async (event) => {
  event.preventDefault();
  busy(true);
  const [honest, how] = [toFields(readForm()), manner()];
  const values = how === "two" ? cheat(honest) : honest;
  const report = collection.client(values);
  const sent = how === "flip" ? flipped(report) : report;
  const { counted, cost } = await collection.submitOwn(values, report, sent, how === "fair" ? honest : null);
  if (counted) showCost(collection.protocol.id, cost);
  busy(false);
  send.focus({ preventScroll: true });
  const text = counted
    ? "✓ Both servers counted your report, and neither knows what you said."
    : how === "two"
      ? "✗ Both servers refused your report, because one of its values is neither 0 nor 1."
      : `✗ Both servers refused your report: ${collection.protocol.flipped}.`;
  outcomes[collection.protocol.id] = { text, verdict: counted ? "counted" : "refused" };
  tell();
  find("#outcome").scrollIntoView({ block: "nearest" });
});

async function simulate(started: HTMLButtonElement): Promise<void> {
  const visitors = Number(started.dataset["visitors"]);
  busy(true);
  stopping = false;
  running.hidden = false;
  stop.focus({ preventScroll: true });
  progress.max = visitors;
  const before = collection.counts;
  const { keys, protocol } = collection;
  const cheaters = find<HTMLInputElement>("#cheaters").checked;
  collection.tellOfCrowd(`${visitors.toLocaleString("en")} visitors are sending their reports …`);
  for (let done = 0; done < visitors && !stopping; done += GROUP) {
    const size = Math.min(GROUP, visitors - done);
    const group = await crowd.visitors({ protocol: protocol.id, keys, visitors: size, cheaters });
    await Promise.all(group.map(({ report, fields }) => collection.submit(report, fields, false)));
    await collection.bringUpToDate();
    progress.value = done + group.length;
  }
  running.hidden = true;
  progress.value = 0;
  busy(false);
  started.focus({ preventScroll: true });
  collection.tellOfCrowd(collection.crowdText(before));
}

for (const choice of choices) choice.addEventListener("change", choose);
for (const button of simulators) {
  button.addEventListener("click", () => simulate(button));
}
stop.addEventListener("click", () => {
  stopping = true;
});

choose();
busy(false);
document.documentElement.dataset["ready"] = "true";

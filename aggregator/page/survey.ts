// The survey's page: a button for each answer. A press becomes a report that goes straight to the leader; what comes
// back are totals alone.

import { DapClient } from "prio/dap";
import { Prio3Histogram } from "prio/prio3";
import type { SurveyState } from "../src/roles/dev-survey.js";
import { bar, count, find, make, update } from "./dom.js";

/** Milliseconds between two looks at the totals. */
const EVERY = 1000;
const CROWD = 20;

const status = find("#status");
const crowd = find<HTMLButtonElement>("#crowd");

const read = async (): Promise<SurveyState> => (await (await fetch("/survey.json")).json()) as SurveyState;

async function start(): Promise<void> {
  const first = await read();
  const { task, question, answers } = first;
  const vdaf = new Prio3Histogram({ length: answers.length, chunkLength: 2 });
  const client = new DapClient({ task, vdaf });
  find("#question").textContent = question;
  document.title = question;

  const send = async (measurements: readonly number[], sent: string): Promise<void> => {
    status.textContent = "Sending …";
    try {
      const outcomes = await client.uploadMany(measurements);
      const refused = outcomes.find((outcome) => outcome.status === "refused");
      if (refused !== undefined) throw refused.error;
      status.textContent = sent;
    } catch (error) {
      status.textContent = `That did not work: ${error instanceof Error ? error.message : "no reason is known"}.`;
    }
  };
  const buttons = answers.map((answer, i) => {
    const button = make("button", { type: "button" }, answer);
    const sent = `Sent. That you said “${answer}” is known to this page alone. Answer again for somebody else.`;
    button.addEventListener("click", () => void send([i], sent));
    return button;
  });
  find("#answers").replaceChildren(...buttons);
  crowd.addEventListener("click", () => {
    const random = Array.from({ length: CROWD }, () => Math.floor(Math.random() * answers.length));
    void send(random, `${CROWD} others have answered.`);
  });
  crowd.disabled = false;
  status.textContent = "Press a button: it sends one answer.";
  show(first);
  document.documentElement.dataset["ready"] = "";
  setInterval(() => void read().then(show, () => undefined), EVERY);
}

function show({ answers, totals: { reports, batches, totals }, task }: SurveyState): void {
  const rule = `A count appears for every ${task.minBatchSize} answers or more: fewer would give somebody away.`;
  const known = `${count(reports)} answers so far, in ${batches === 1 ? "1 batch" : `${count(batches)} batches`}.`;
  update(find("#summary"), [reports, batches], () => [reports === 0 ? `Nothing yet. ${rule}` : `${known} ${rule}`]);
  const most = Math.max(1, ...totals);
  update(find("#totals"), totals, () =>
    answers.map((answer, i) => {
      const total = totals[i] ?? 0;
      return make(
        "li",
        {},
        make("span", {}, answer),
        bar(0, total / most),
        make("span", { class: "number" }, count(total)),
      );
    }),
  );
}

start().catch((error: unknown) => {
  status.textContent = `This page cannot start: ${error instanceof Error ? error.message : "no reason is known"}.`;
});

// The survey's page: sends an answer as a report that goes straight to the aggregators, and shows the totals that the
// collector has published. Its own server learns nothing but that the page was opened.

import { DapClient, DapError, fromBase64Url, type ReportQueue, type TaskDocument, toBase64Url } from "prio/dap";
import { Prio3Histogram } from "prio/prio3";
import { find, make } from "./dom.js";

/** `survey.json`, beside the page. */
interface Survey {
  readonly question: string;
  readonly answers: readonly string[];
  /** What the leader's operator exports for clients: a histogram with a bucket for each answer. */
  readonly task: TaskDocument;
  /** How many others answer at random at the press of a button: for trying it out alone. */
  readonly crowd?: number;
}

/** `results.json`: what the collector publishes. */
interface Results {
  readonly reports: number;
  /** One for each answer. */
  readonly totals: readonly number[];
}

/** Milliseconds between two looks at the results. */
const EVERY = 1000;

const form = find<HTMLFormElement>("#form");
const button = find<HTMLButtonElement>("#send");
const crowd = find<HTMLButtonElement>("#crowd");
const status = find("#status");

/** Reports that have not arrived, in the browser's storage: they are encrypted, and sent again when the page opens. */
function queueOf(task: string): ReportQueue {
  const prefix = `survey ${task} `;
  return {
    add: (id, report) => localStorage.setItem(prefix + id, toBase64Url(report)),
    remove: (id) => localStorage.removeItem(prefix + id),
    list: () =>
      Object.entries(localStorage)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, text]) => ({ id: key.slice(prefix.length), report: fromBase64Url(text, "report") })),
  };
}

async function start(): Promise<void> {
  const survey = (await (await fetch("survey.json")).json()) as Survey;
  const { question, answers, task } = survey;
  const vdaf = new Prio3Histogram({ length: answers.length });
  const client = new DapClient({ task, vdaf, queue: queueOf(task.id ?? ""), tries: 2 });

  document.title = question;
  find("#question").textContent = question;
  find("#answers").append(
    ...answers.map((answer, i) =>
      make("label", {}, make("input", { type: "radio", name: "answer", value: `${i}`, required: "" }), answer),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const choice = Number(new FormData(form).get("answer"));
    void send(client, [choice], "Thank you. Your answer will be counted, and nobody can read it.");
  });
  if (survey.crowd !== undefined) offerCrowd(client, survey.crowd, answers.length);
  // What could not be sent, by this page or an earlier one.
  const sendAgain = () => client.sendQueued().catch(() => undefined);
  addEventListener("online", () => void sendAgain());
  void sendAgain();

  button.disabled = false;
  status.textContent = "";
  await show(survey);
  setInterval(() => void show(survey), EVERY);
  document.documentElement.dataset["ready"] = "";
}

function offerCrowd(client: DapClient<number>, others: number, answers: number): void {
  crowd.textContent = `Let ${others} others answer`;
  crowd.hidden = false;
  crowd.addEventListener("click", () => {
    const choices = Array.from({ length: others }, () => Math.floor(Math.random() * answers));
    void send(client, choices, `${others} others have answered.`);
  });
}

async function send(client: DapClient<number>, choices: readonly number[], thanks: string): Promise<void> {
  button.disabled = true;
  crowd.disabled = true;
  status.textContent = "Sending …";
  try {
    const outcomes = await client.uploadMany(choices);
    const refused = outcomes.find((outcome) => outcome.status === "refused");
    if (refused !== undefined) throw refused.error;
    status.textContent = outcomes.every((outcome) => outcome.status === "accepted")
      ? thanks
      : "There is no connection. Your answer is kept in this browser, and sent when there is one.";
    form.reset();
  } catch (error) {
    const reason = error instanceof DapError ? error.message : "the browser could not make a report";
    status.textContent = `Your answer was not taken: ${reason}.`;
  } finally {
    button.disabled = false;
    crowd.disabled = false;
  }
}

async function show({ answers, task: { minBatchSize } }: Survey): Promise<void> {
  let results: Results;
  try {
    results = (await (await fetch("results.json", { cache: "no-cache" })).json()) as Results;
  } catch {
    // The site is away for a moment. What is shown stays true.
    return;
  }
  const { reports, totals } = results;
  find("#summary").textContent =
    reports === 0
      ? `Nothing yet: totals come out for ${minBatchSize} answers or more at a time, because fewer would say too much.`
      : `${reports.toLocaleString("en")} answers so far.`;
  const list = find("#totals");
  // Each once, so that a bar that grows is seen to grow.
  if (list.childElementCount === 0) list.append(...answers.map(rowOf));
  for (const [i, row] of [...list.children].entries()) {
    const total = totals[i] ?? 0;
    find(".number", row).textContent = total.toLocaleString("en");
    find(".bar > span", row).style.width = `${reports === 0 ? 0 : (100 * total) / reports}%`;
  }
}

const rowOf = (answer: string): HTMLElement =>
  make(
    "li",
    {},
    make("span", {}, answer),
    make("span", { class: "number" }),
    make("span", { class: "bar", "aria-hidden": "true" }, make("span")),
  );

start().catch(() => {
  status.textContent = "The page cannot start: its task is missing.";
});

// The survey's page: sends an answer as a report that goes straight to the aggregators, and shows the totals that the
// collector has published. Its own server learns nothing but that the page was opened.

import { DapClient, DapError, fromBase64Url, type ReportQueue, type TaskDocument, toBase64Url } from "prio/dap";
import { Prio3Histogram } from "prio/prio3";

const ANSWERS = ["Tea", "Coffee", "Water", "Nothing"];
/** Milliseconds between two looks at the totals. */
const EVERY = 2000;

/** What the collector publishes. */
interface Results {
  readonly reports: number;
  readonly totals: readonly number[];
}

function find<T extends Element>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

const form = find<HTMLFormElement>("#form");
const button = find<HTMLButtonElement>("button");
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
  const task = (await (await fetch("task.json")).json()) as TaskDocument;
  // A chunk length is part of the task: the optimal one of 4 buckets is 2.
  const vdaf = new Prio3Histogram({ length: ANSWERS.length, chunkLength: 2 });
  const client = new DapClient({ task, vdaf, queue: queueOf(task.id ?? ""), tries: 2 });

  find("#answers").append(
    ...ANSWERS.map((answer, i) =>
      make("label", {}, make("input", { type: "radio", name: "answer", value: `${i}`, required: true }), answer),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(client, Number(new FormData(form).get("answer")));
  });
  // What could not be sent, by this page or an earlier one.
  const sendAgain = () => client.sendQueued().catch(() => undefined);
  addEventListener("online", () => void sendAgain());
  void sendAgain();

  button.disabled = false;
  status.textContent = "";
  await show();
  setInterval(() => void show(), EVERY);
  document.documentElement.dataset["ready"] = "";
}

async function send(client: DapClient<number>, choice: number): Promise<void> {
  button.disabled = true;
  status.textContent = "Sending …";
  try {
    const outcome = await client.upload(choice);
    status.textContent =
      outcome === "accepted"
        ? "Thank you. Your answer will be counted, and nobody can read it."
        : "There is no connection. Your answer is kept in this browser, and sent when there is one.";
    form.reset();
  } catch (error) {
    const reason = error instanceof DapError ? error.message : "the browser could not make a report";
    status.textContent = `Your answer was not taken: ${reason}.`;
  } finally {
    button.disabled = false;
  }
}

async function show(): Promise<void> {
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
      ? "Nothing yet: totals come out for many answers at a time, because those of few would say too much."
      : `${reports.toLocaleString("en")} answers so far.`;
  find("#totals").replaceChildren(
    ...ANSWERS.map((answer, i) => {
      const total = totals[i] ?? 0;
      const filled = make("span", {});
      filled.style.width = `${reports === 0 ? 0 : (100 * total) / reports}%`;
      return make(
        "li",
        {},
        make("span", {}, answer),
        make("span", { className: "number" }, total.toLocaleString("en")),
        make("span", { className: "bar", ariaHidden: "true" }, filled),
      );
    }),
  );
}

start().catch(() => {
  status.textContent = "The page cannot start: its task is missing.";
});

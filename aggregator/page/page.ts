// The operators' page: asks the admin port for its status again and again, and shows one task of it.

import type { Sample } from "../src/admin/history.js";
import type { Status, TaskStatus } from "../src/admin/status.js";
import { Chart } from "./chart.js";
import { find, make, moment, update } from "./dom.js";
import { TaskView } from "./task-view.js";

type Answer = Status & { readonly history: readonly Sample[] };

/** Milliseconds between two questions. */
const EVERY = 2000;
/** Samples that are kept: half an hour. */
const KEPT = 360;

let samples: readonly Sample[] = [];
let last: Answer | null = null;
let view: TaskView | null = null;
let isPaused = false;
let timer: ReturnType<typeof setTimeout> | undefined;

async function ask(): Promise<void> {
  clearTimeout(timer);
  try {
    const response = await fetch(`/status.json?since=${samples.at(-1)?.at ?? 0}`, { cache: "no-store" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const answer = (await response.json()) as Answer;
    const newest = samples.at(-1)?.at ?? 0;
    samples = [...samples, ...answer.history.filter(({ at }) => at > newest)].slice(-KEPT);
    last = answer;
    find("#alarm").textContent = "";
    show(answer);
  } catch {
    const since = last === null ? "" : " What is shown is from before.";
    find("#alarm").textContent = `The aggregator does not answer.${since}`;
    live("away", "No answer");
  }
  document.documentElement.dataset["ready"] = "";
  if (!isPaused) timer = setTimeout(ask, EVERY);
}

function live(state: string, text: string): void {
  const element = find("#live");
  element.dataset["live"] = state;
  element.textContent = text;
}

function show(answer: Answer): void {
  const time = new Date(answer.at * 1000).toLocaleTimeString("en-GB");
  live(isPaused ? "paused" : "live", isPaused ? `As of ${time}` : `Live, ${time}`);
  const { tasks } = answer;
  const chosen = tasks.find(({ id }) => `#task-${id}` === location.hash) ?? tasks[0];
  find("h1").textContent = tasks.length === 1 ? "1 task" : `${tasks.length} tasks`;
  showTasks(tasks, chosen);
  if (chosen === undefined) {
    view = null;
    update(find("#task"), "none", () => [
      make("p", { class: "empty" }, "There are no tasks yet. Make one with ", code("prio-aggregator task create"), "."),
    ]);
  } else {
    if (view?.id !== chosen.id) view = new TaskView(find("#task"), chosen.id, (holder) => new Chart(holder));
    view.show(chosen, answer.at, samples);
  }
  update(find("#foot"), answer.keys, () => keysView(answer));
}

const code = (text: string): HTMLElement => make("code", {}, text);

function showTasks(tasks: readonly TaskStatus[], chosen: TaskStatus | undefined): void {
  const rows = tasks.map((task) => [task.id, task.role, task.state, task.measures, task.troubles.length > 0]);
  update(find("#tasks"), [rows, chosen?.id], () => [
    make(
      "ul",
      {},
      ...tasks.map((task) => {
        const current: Record<string, string> = task === chosen ? { "aria-current": "true" } : {};
        const badge = task.troubles.length > 0 ? "waits" : task.state;
        return make(
          "li",
          {},
          make(
            "a",
            { href: `#task-${task.id}`, class: task.role, ...current },
            make("span", { class: "role" }, task.role),
            make("strong", {}, task.measures),
            code(task.id.slice(0, 8)),
            make("span", { class: `badge ${badge}` }, badge),
          ),
        );
      }),
    ),
  ]);
}

function keysView({ keys, at }: Answer): Node[] {
  if (keys.length === 0) return [];
  const one = (key: Answer["keys"][number]): (Node | string)[] => [
    ...[`HPKE key ${key.id}: ${key.state} since `, moment(key.since, at), ". "],
  ];
  return [make("p", { class: "note" }, ...keys.flatMap(one))];
}

const pause = find<HTMLButtonElement>("#pause");
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", `${isPaused}`);
  if (isPaused) clearTimeout(timer);
  if (last !== null) show(last);
  if (!isPaused) void ask();
});
addEventListener("hashchange", () => {
  if (last !== null && location.hash.startsWith("#task-")) show(last);
});
void ask();

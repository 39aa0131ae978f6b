// One task on the page.

import type { Sample } from "../src/admin/history.js";
import type { TaskStatus, Trouble } from "../src/admin/status.js";
import { REFUSED } from "../src/protocol/counters.js";
import type { Chart } from "./chart.js";
import { age, bar, count, find, make, moment, table, update } from "./dom.js";
import { resultView } from "./results.js";

export class TaskView {
  readonly id: string;
  readonly #element: HTMLElement;
  readonly #chart: Chart;

  constructor(element: HTMLElement, id: string, chartIn: (holder: HTMLElement) => Chart) {
    this.id = id;
    this.#element = element;
    element.replaceChildren(find<HTMLTemplateElement>("#task-template").content.cloneNode(true));
    this.#chart = chartIn(find(".chart", element));
  }

  show(task: TaskStatus, now: number, samples: readonly Sample[]): void {
    const part = (selector: string): HTMLElement => find(selector, this.#element);
    update(part("#task-name"), [task.role, task.measures, task.state], () => title(task));
    update(part(".facts"), facts(task), () => definitions(facts(task)));
    update(part(".waits > div"), [task.troubles, task.givenUp, task.state], () => [
      ...waits(task, now),
      ...givenUp(task, now),
    ]);
    update(part(".numbers"), numbers(task, now), () => bigNumbers(numbers(task, now)));
    this.#chart.show(samples, task.id, now);
    update(part(".jobs > div"), task.jobs, () => jobs(task));
    update(part(".refusals > div"), refusals(task), () => refusalBars(refusals(task)));
    const minutes = Math.floor(now / 60);
    update(part(".batches > div"), [task.batches, minutes], () => batches(task, now));
    update(part(".collections > div"), [task.collections, minutes], () => collections(task, now));
    update(part(".results > div"), task.results, () => results(task, now));
  }
}

function title({ role, measures, state }: TaskStatus): (Node | string)[] {
  return [make("span", { class: `role ${role}` }, role), measures, make("span", { class: `badge ${state}` }, state)];
}

type Facts = [name: string, value: string][];
type Numbers = [name: string, value: number | string, more?: string][];

function facts(task: TaskStatus): Facts {
  return [
    ["Task", task.id],
    [task.role === "leader" ? "Helper" : "Leader", task.peer],
    ["Batches", `${task.batchMode}, of at least ${count(task.minBatchSize)} reports`],
    ["Time precision", age(task.timePrecision)],
    ["Noise added here", task.noise ?? "none"],
    ["Hash", task.hash],
  ];
}

const definitions = (rows: Facts): HTMLElement[] =>
  rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));

/** What a problem is of: the party that is waited for, or this aggregator's own part. */
const KINDS: Readonly<Record<Trouble["kind"], string>> = {
  aggregate: "aggregation",
  verify: "verification",
  collect: "collection",
  share: "aggregate share",
};

function waits(task: TaskStatus, now: number): Node[] {
  if (task.troubles.length === 0) {
    const words = task.state === "active" ? "Nothing: no job is held up." : `Nothing; the task is ${task.state}.`;
    return [make("p", { class: "fine" }, words)];
  }
  const one = (trouble: Trouble): HTMLElement => {
    const jobsText = trouble.jobs === 1 ? "1 job" : `${count(trouble.jobs)} jobs`;
    return make(
      "li",
      {},
      make("strong", {}, `${trouble.problem} since `, moment(trouble.since, now)),
      make(
        "span",
        { class: "note" },
        `${KINDS[trouble.kind]}, ${jobsText}; next attempt at `,
        moment(trouble.next, now),
      ),
    );
  };
  return [make("ul", { class: "troubles" }, ...task.troubles.map(one))];
}

function givenUp(task: TaskStatus, now: number): Node[] {
  if (task.givenUp.length === 0) return [];
  const lines = task.givenUp.map(({ kind, problem, jobs: n, at }) =>
    make(
      "li",
      {},
      `${KINDS[kind]}, ${n === 1 ? "1 job" : `${count(n)} jobs`}, the last at `,
      moment(at, now),
      `: ${problem}`,
    ),
  );
  return [make("h3", {}, "Given up recently"), make("ul", { class: "given-up" }, ...lines)];
}

function numbers(task: TaskStatus, now: number): Numbers {
  const { counters, waiting } = task;
  const { postponed = 0 } = counters;
  const refused = refusals(task).reduce((sum, [, n]) => sum + n, 0);
  const oldest = waiting.since === null ? "" : `the oldest for ${age(now - waiting.since)}`;
  const came: Numbers = [
    ["Received", counters["uploaded"] ?? 0],
    ["Waiting", `${count(waiting.reports)}${waiting.isMore ? " or more" : ""}`, oldest],
  ];
  return [
    ...(task.role === "leader" ? came : []),
    ["Counted", counters["aggregated"] ?? 0],
    ["Refused", refused],
    ...(postponed > 0 ? [["Postponed", postponed, "too early by a clock"] satisfies [string, number, string]] : []),
    ...((counters["abandoned"] ?? 0) > 0 ? [["Given up", counters["abandoned"] ?? 0] satisfies [string, number]] : []),
    ["Collected", counters["collected"] ?? 0],
  ];
}

function bigNumbers(rows: Numbers): HTMLElement[] {
  return rows.map(([name, value, more = ""]) => {
    const number = make("strong", {}, typeof value === "number" ? count(value) : value);
    return make("div", {}, make("dt", {}, name), make("dd", {}, number, make("small", {}, more)));
  });
}

function refusals({ counters }: TaskStatus): [reason: string, n: number][] {
  return Object.entries(counters)
    .filter(([name]) => name.startsWith(REFUSED))
    .map(([name, n]): [string, number] => [name.slice(REFUSED.length).replaceAll("_", " "), n])
    .sort((a, b) => b[1] - a[1]);
}

function refusalBars(rows: [reason: string, n: number][]): Node[] {
  if (rows.length === 0) return [make("p", { class: "fine" }, "None.")];
  const most = Math.max(...rows.map(([, n]) => n));
  const lines = rows.map(([reason, n]) =>
    make(
      "li",
      {},
      make("span", { class: "label" }, reason),
      bar(0, n / most, "bad"),
      make("span", { class: "number" }, count(n)),
    ),
  );
  return [make("ul", { class: "bars" }, ...lines)];
}

function jobs({ jobs: found }: TaskStatus): Node[] {
  if (found.length === 0) return [make("p", { class: "fine" }, "None so far.")];
  const rows = [...found]
    .sort((a, b) => a.kind.localeCompare(b.kind) || b.count - a.count)
    .map(({ kind, state, count: n }) => [KINDS[kind], make("span", { class: `badge ${state}` }, state), count(n)]);
  return [table("Jobs by kind and state", ["Kind", "State", "Jobs"], rows)];
}

function batches(task: TaskStatus, now: number): Node[] {
  if (task.batches.length === 0) return [make("p", { class: "fine" }, "None so far.")];
  const rows = task.batches.map(({ start, name, reports, to }) => {
    const part = Math.min(1, reports / task.minBatchSize);
    const label = start === null ? make("code", {}, name ?? "") : moment(start, now);
    const isFull = reports >= task.minBatchSize;
    const size = make("span", { class: "size" }, bar(0, part, isFull ? "sum" : "part"), count(reports));
    return [
      label,
      size,
      isFull ? "large enough" : `${count(task.minBatchSize - reports)} to go`,
      `${age(now - to)} ago`,
    ];
  });
  const first = task.batchMode === "time-interval" ? "From" : "Batch";
  return [table("Batches not yet collected", [first, "Reports", "Size", "Newest report"], rows)];
}

function collections(task: TaskStatus, now: number): Node[] {
  if (task.collections.length === 0) return [make("p", { class: "fine" }, "None so far.")];
  const rows = task.collections.slice(0, 12).map(({ kind, state, start, end, problem, changed }) => {
    const what =
      start === null || end === null
        ? "leader-selected"
        : make("span", {}, moment(start, now), " to ", moment(end, now));
    return [
      what,
      make("span", { class: `badge ${state}` }, state),
      problem ?? (kind === "collect" ? "" : "share given to the leader"),
      moment(changed, now),
    ];
  });
  return [table("Collections", ["Batch", "State", "Note", "Changed"], rows)];
}

function results(task: TaskStatus, now: number): Node[] {
  if (task.results.length === 0) {
    const how = make("code", {}, "prio-aggregator result put");
    const words = "Only the collector can open results. To show one here, run ";
    return [make("p", { class: "fine" }, words, how, ".")];
  }
  return task.results.map((result) => resultView(result, task.deviation, now));
}

// A result as bars, with whiskers where noise was added.

import type { TaskStatus } from "../src/admin/status.js";
import { count, make, moment } from "./dom.js";

/** Totals that are shown at once; the others stand behind a click. */
const SHOWN = 24;
/** Standard deviations to either side: noise leaves them once in twenty times or so. */
const WHISKERS = 2;

type Result = TaskStatus["results"][number];

export function resultView(result: Result, ownDeviation: number | null, now: number): HTMLElement {
  const deviation = result.deviation ?? ownDeviation;
  const totals = result.totals.map(Number);
  const reach = deviation === null ? 0 : WHISKERS * deviation;
  const low = Math.min(0, ...totals.map((total) => total - reach));
  const high = Math.max(1, ...totals.map((total) => total + reach));
  const part = (x: number): number => (x - low) / (high - low);
  const rows = totals.map((total, i) => {
    const text = count(total) + (deviation === null ? "" : ` ± ${count(Math.round(10 * reach) / 10)}`);
    return make(
      "li",
      {},
      make("span", { class: "label" }, result.labels[i] ?? (totals.length === 1 ? "total" : `${i}`)),
      totalBar(part, total, reach),
      make("span", { class: "number" }, text),
    );
  });
  const whose = result.deviation === null ? "this aggregator's" : "the";
  const noise =
    deviation === null
      ? "No noise, as far as this page knows."
      : `Whiskers: ${WHISKERS} standard deviations of ${whose} noise.`;
  const more = rows.slice(SHOWN);
  const rest = make(
    "details",
    {},
    make("summary", {}, `${more.length} more`),
    make("ul", { class: "totals" }, ...more),
  );
  return make(
    "article",
    {},
    make("h3", {}, result.name.replace("/", " to ")),
    make(
      "p",
      { class: "note" },
      `${count(result.reports)} reports, shown here since `,
      moment(result.at, now),
      `. ${noise}`,
    ),
    make("ul", { class: "totals" }, ...rows.slice(0, SHOWN)),
    ...(more.length === 0 ? [] : [rest]),
  );
}

function totalBar(part: (x: number) => number, total: number, reach: number): HTMLElement {
  const [from, to] = total < 0 ? [part(total), part(0)] : [part(0), part(total)];
  const fill = make("span", { class: "fill sum" });
  fill.style.insetInlineStart = `${100 * from}%`;
  fill.style.width = `${100 * (to - from)}%`;
  const children: HTMLElement[] = [fill];
  if (reach > 0) {
    const whisker = make("span", { class: "whisker" });
    whisker.style.insetInlineStart = `${100 * part(total - reach)}%`;
    whisker.style.width = `${100 * (part(total + reach) - part(total - reach))}%`;
    children.push(whisker);
  }
  return make("span", { class: "total", "aria-hidden": "true" }, ...children);
}

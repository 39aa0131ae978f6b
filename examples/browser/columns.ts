// What is shown of one report: how the page split it, and what each server sees of it.

import type { ServerId } from "prio";
import { elementView, find, make } from "./dom.js";
import type { SplitReport } from "./glass-client.js";
import type { Halves, Sight } from "./messages.js";
import { fieldNames } from "./questions.js";

const narrow = matchMedia("(max-width: 40rem)");

/** The table of step 2. */
export function showSplit(values: readonly number[], { shares, packets }: SplitReport): void {
  find("#split-empty").hidden = true;
  find("#shares").hidden = false;
  find("#shares tbody").replaceChildren(
    ...fieldNames.map((name, i) =>
      row(
        name,
        make("td", { class: (values[i] as number) > 1 ? "value wrong" : "value" }, String(values[i])),
        cell("a", shares.a[i]),
        cell("b", shares.b[i]),
      ),
    ),
  );
  find("#split-note").textContent =
    `Your page adds a proof that every value is 0 or 1, and seals two packets: ${packets.a.length} bytes that only A ` +
    `can open, ${packets.b.length} that only B can. All of B's shares grow from a seed of 16 bytes.`;
}

/** A server's column. */
export class Column {
  readonly #id: ServerId;
  readonly #details: HTMLDetailsElement;

  constructor(id: ServerId) {
    this.#id = id;
    const copy = find<HTMLTemplateElement>("#server-template").content.cloneNode(true) as DocumentFragment;
    this.#details = find<HTMLDetailsElement>("details", copy);
    // On a phone, one server at a time: what B sees looks like what A sees.
    this.#details.open = id === "A" || !narrow.matches;
    this.#details.classList.add(this.#tint);
    find(".badge", copy).textContent = id;
    find("h3", copy).textContent = `Server ${id}`;
    find(".fields caption", copy).textContent = `Server ${id}: its share of each field`;
    find(".check caption", copy).textContent = `Server ${id}: the messages of the check`;
    find(".other", copy).textContent = `from ${this.#other}`;
    find("#servers").append(copy);
    this.count(0, 0);
  }

  count(counted: number, refused: number): void {
    find(".counts", this.#details).textContent = `${counted.toLocaleString("en")} counted, ${refused} refused`;
  }

  /** Brings the running total up to date, once the column shows one. */
  showTotal(total: readonly bigint[]): void {
    for (const [i, cells] of this.#details.querySelectorAll(".fields tbody tr").entries()) {
      cells.lastElementChild?.replaceWith(cell(this.#tint, total[i]));
    }
  }

  show({ packet, shares, point, d, e, out, verdict, counted, refused, total }: Sight): void {
    const details = this.#details;
    find(".empty", details).hidden = true;
    find(".seen", details).hidden = false;
    this.count(counted, refused);

    const badge = find(".verdict", details);
    badge.textContent = verdict === "counted" ? "✓ counted" : `✗ ${verdict}`;
    badge.dataset["verdict"] = verdict;

    const start = Array.from(packet.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    find(".packet", details).replaceChildren(
      `${packet.length} bytes, sealed: `,
      make("code", {}, `${start} …`),
      this.#id === "A" ? " Inside: shares and the proof." : " Inside: a seed, from which its shares grow.",
    );
    find(".fields tbody", details).replaceChildren(
      ...fieldNames.map((name, i) => row(name, cell(this.#tint, shares?.[i]), cell(this.#tint, total[i]))),
    );
    find(".point", details).replaceChildren(
      "At a secret point that only the servers know: ",
      point === null ? "–" : elementView(point, "sum"),
    );
    find(".check tbody", details).replaceChildren(this.#halves("d", d), this.#halves("e", e), this.#halves("out", out));
    find(".reason", details).textContent = reasonOf(verdict);
  }

  get #tint(): "a" | "b" {
    return this.#id === "A" ? "a" : "b";
  }

  get #other(): ServerId {
    return this.#id === "A" ? "B" : "A";
  }

  #halves(name: string, halves: Halves | null): HTMLElement {
    const sum = cell("sum", halves?.sum);
    if (name === "out" && halves !== null) sum.classList.add(halves.sum === 0n ? "zero" : "nonzero");
    return row(name, cell(this.#tint, halves?.own), cell(this.#id === "A" ? "b" : "a", halves?.other), sum);
  }
}

function reasonOf(verdict: Sight["verdict"]): string {
  if (verdict === "counted")
    return "out is 0: every value is 0 or 1. Random numbers hide d and e, which therefore say nothing.";
  if (verdict === "refused")
    return "out is not 0: some value is neither 0 nor 1. Nobody learns which. The total stays as it was.";
  return "The packet is not one for this server, or came twice. The total stays as it was.";
}

function row(name: string, ...cells: HTMLElement[]): HTMLElement {
  return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
}

function cell(tint: "a" | "b" | "sum", x: bigint | undefined): HTMLElement {
  return make("td", {}, x === undefined ? "–" : elementView(x, tint));
}

// What is shown of one report: how the page split it, and what each server sees of it.

import type { ServerId } from "prio";
import { copyOf, elementView, find, make, type Tint } from "./dom.js";
import type { CheckRow, Reason, Sight } from "./messages.js";
import type { Protocol, SplitReport } from "./protocol.js";
import { fieldNames } from "./questions.js";

const narrow = matchMedia("(max-width: 40rem)");

/** What the badge of a server says. */
const VERDICTS: Record<Reason, string> = {
  counted: "✓ counted",
  proof: "✗ refused",
  "the other refused": "✗ refused",
  malformed: "✗ not opened",
};

/** Step 2: the values and the two shares of each. */
export class SplitView {
  readonly element: HTMLElement;
  readonly #protocol: Protocol;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
    this.element = copyOf("#split-template");
    find(".why", this.element).textContent = protocol.split;
  }

  show(values: readonly number[], report: SplitReport): void {
    const { digits } = this.#protocol;
    find(".empty", this.element).hidden = true;
    find(".shares", this.element).hidden = false;
    find("tbody", this.element).replaceChildren(
      ...fieldNames.map((name, i) =>
        row(
          name,
          make("td", { class: (values[i] as number) > 1 ? "value wrong" : "value" }, String(values[i])),
          cell("a", report.shares.a[i], digits),
          cell("b", report.shares.b[i], digits),
        ),
      ),
    );
    find(".note", this.element).textContent = this.#protocol.note(report);
  }
}

/** A server's column of step 3. */
export class Column {
  readonly element: HTMLDetailsElement;
  readonly #id: ServerId;
  readonly #protocol: Protocol;

  constructor(id: ServerId, protocol: Protocol) {
    this.#id = id;
    this.#protocol = protocol;
    this.element = copyOf<HTMLDetailsElement>("#server-template");
    // On a phone, one server at a time: what B sees looks like what A sees.
    this.element.open = id === "A" || !narrow.matches;
    this.element.classList.add(this.#tint);
    find(".badge", this.element).textContent = id;
    find("h3", this.element).textContent = protocol.servers[id];
    find(".fields caption", this.element).textContent = `Server ${id}: its share of each field`;
    find(".check caption", this.element).textContent = `Server ${id}: the messages of the check`;
    find(".other", this.element).textContent = `from ${this.#id === "A" ? "B" : "A"}`;
    this.count(0, 0);
  }

  count(counted: number, refused: number): void {
    find(".counts", this.element).textContent = `${counted.toLocaleString("en")} counted, ${refused} refused`;
  }

  /** Brings the running total up to date, once the column shows one. */
  showTotal(total: readonly bigint[]): void {
    for (const [i, cells] of this.element.querySelectorAll(".fields tbody tr").entries()) {
      cells.lastElementChild?.replaceWith(cell(this.#tint, total[i], this.#protocol.digits));
    }
  }

  show({ upload, shares, point, check, reason, counted, refused, total }: Sight): void {
    const { element } = this;
    const { digits } = this.#protocol;
    find(".empty", element).hidden = true;
    find(".seen", element).hidden = false;
    this.count(counted, refused);

    const badge = find(".verdict", element);
    badge.textContent = VERDICTS[reason];
    badge.dataset["verdict"] = reason === "counted" ? "counted" : "refused";

    const [before, after] = this.#protocol.upload(this.#id, upload);
    const start = Array.from(upload.share.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    find(".upload", element).replaceChildren(before, make("code", {}, `${start} …`), after);
    find(".fields tbody", element).replaceChildren(
      ...fieldNames.map((name, i) =>
        row(name, cell(this.#tint, shares?.[i], digits), cell(this.#tint, total[i], digits)),
      ),
    );
    const where = find(".point", element);
    where.hidden = point === null;
    where.replaceChildren(
      "At a secret point that only the servers know: ",
      point === null ? "" : elementView(point, "sum", digits),
    );
    find(".check tbody", element).replaceChildren(...check.map((each) => this.#check(each)));
    find(".reason", element).textContent = this.#protocol.reason(this.#id, reason);
  }

  get #tint(): "a" | "b" {
    return this.#id === "A" ? "a" : "b";
  }

  #check({ name, own, other, sum, holds }: CheckRow): HTMLElement {
    const { digits } = this.#protocol;
    const last = cell("sum", sum, digits);
    if (holds !== undefined) last.classList.add(holds ? "holds" : "fails");
    return row(name, cell(this.#tint, own, digits), cell(this.#id === "A" ? "b" : "a", other, digits), last);
  }
}

function row(name: string, ...cells: HTMLElement[]): HTMLElement {
  return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
}

function cell(tint: Tint, x: bigint | string | undefined, digits: number): HTMLElement {
  return make("td", {}, typeof x === "bigint" ? elementView(x, tint, digits) : (x ?? "–"));
}

// The table of what is different between the two protocols. Its sizes are those of the visitor's last report with each.

import type { Cost } from "./collection.js";
import { find, make } from "./dom.js";
import type { ProtocolId } from "./messages.js";

const bytes = (n: number): string => `${n.toLocaleString("en")} bytes`;

export function showCost(protocol: ProtocolId, { a, b, messages, between }: Cost): void {
  const figures = { a: bytes(a), b: bytes(b), between: `${messages} messages, ${bytes(between)}` };
  for (const [figure, text] of Object.entries(figures)) {
    const cell = find(`#difference [data-of="${protocol}"][data-figure="${figure}"]`);
    cell.replaceChildren(make("b", {}, text), ` ${cell.dataset["after"]}`);
  }
}

// The tables of docs/aggregator.md that follow from the code.

import { DEFINITIONS, PREFIX, STORE_GAUGES } from "../../src/admin/metrics.js";
import { SETTING_NAMES, SETTINGS, type Setting } from "../../src/config.js";

/** The settings, in the order of the code. */
export function settingsTable(): string {
  const rows = SETTING_NAMES.map((name) => {
    const { value, defaultText, help }: Setting<unknown> = SETTINGS[name];
    const by = defaultText === null || defaultText === "" ? "–" : `\`${defaultText}\``;
    return `| \`${name}\` | ${value} | ${by} | ${help} |`;
  });
  return ["| setting | value | default | what |", "|---|---|---|---|", ...rows].join("\n");
}

export function metricsTable(): string {
  const rows = Object.entries({ ...DEFINITIONS, ...STORE_GAUGES }).map(([name, { kind, help, labels = [] }]) => {
    const by = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${PREFIX}${name}\` | ${kind} | ${by === "" ? "–" : by} | ${help} |`;
  });
  return ["| metric | kind | labels | what |", "|---|---|---|---|", ...rows].join("\n");
}

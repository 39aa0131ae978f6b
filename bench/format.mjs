// How figures and tables are written in the documents.

/** Three significant digits. @param {number | undefined} x */
export const digits = (x = Number.NaN) => (x >= 100 ? x.toFixed(0) : `${Number(x.toPrecision(3))}`);
/** Two, for ratios: a third is noise. @param {number} x */
export const times = (x) => `${Number(x.toPrecision(2))}×`;
/** @param {number} x */
export const thousands = (x) => x.toLocaleString("en-US");

/**
 * @param {readonly string[]} header
 * @param {readonly (readonly string[])[]} rows
 */
export function table(header, rows) {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/**
 * Where figures are from: what was measured, on which machine, at which load.
 *
 * @param {string} programs
 * @param {{ readonly processor: string, readonly load: readonly [before: number, after: number] }} run
 */
export function originText(programs, { processor, load: [before, after] }) {
  return `${programs} took turns on\n${processor}, at a load of ${digits(before)} before and ${digits(after)} after.`;
}

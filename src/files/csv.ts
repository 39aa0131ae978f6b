// Rows as comma-separated values (RFC 4180), for people who open them in a spreadsheet.

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * A line of CSV with its newline. A text that a spreadsheet would compute gets an apostrophe before it, so that no name
 * that comes from elsewhere becomes a formula. Numbers are written as they are.
 */
export function csvLine(cells: readonly (string | bigint | number)[]): string {
  return `${cells.map((cell) => (typeof cell === "string" ? textCell(cell) : String(cell))).join(",")}\n`;
}

function textCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

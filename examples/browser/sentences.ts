// What the page says about numbers of reports, in words that add up.

/** So many reports are published together at least: the difference of two totals is the sum of what came between. */
export const MIN_BATCH = 20;

/** Reports that both servers counted or refused, since the page was opened. */
export interface Counts {
  readonly counted: number;
  readonly refused: number;
}

const thousands = (n: number): string => n.toLocaleString("en");
const reports = (n: number): string => (n === 1 ? "1 report" : `${thousands(n)} reports`);

/** What came of simulated visitors, and how their reports and the earlier ones make up the published totals. */
export function crowdText(before: Counts, after: Counts, published: number): string {
  const [counted, refused] = [after.counted - before.counted, after.refused - before.refused];
  const verdicts =
    refused === 0
      ? `Both servers counted all ${reports(counted)}.`
      : `Of ${reports(counted + refused)}, both servers counted ${thousands(counted)} and refused ` +
        `${thousands(refused)} ${refused === 1 ? "cheat" : "cheats"}.`;
  if (published === 0) return verdicts;
  const withEarlier =
    before.counted === 0
      ? ""
      : ` With the ${reports(before.counted)} counted before, that makes ${thousands(after.counted)}.`;
  const waiting = after.counted - published;
  const all = waiting === 0 ? "All" : `All but the last ${thousands(waiting)}`;
  return `${verdicts}${withEarlier} ${all} are in the totals below.`;
}

/** Why some of the counted reports are in no published total yet; nothing when all are. */
export function waitingText(counted: number, published: number): string {
  const waiting = counted - published;
  if (waiting === 0) return "";
  if (published === 0) {
    return (
      `${thousands(counted)} of ${MIN_BATCH} ${counted === 1 ? "is" : "are"} counted. ` +
      "Totals of fewer would tell too much about each report."
    );
  }
  return (
    `${reports(waiting)} ${waiting === 1 ? "waits" : "wait"} for the next totals. Totals come at least ${MIN_BATCH} ` +
    "reports apart, because the difference of two totals is what the reports between them answered."
  );
}

// The rows of the help that several commands have: options with their descriptions, under their headings.

import { QUERY_POINTS } from "./batch-options.js";

/** An option of a command: its flags, its line in the help, and its values when they are a choice. */
export type OptionRow = readonly [flags: string, description: string, choices?: readonly string[]];

export const BATCH = "Batch (the same for clients and both servers):";
export const SERVER = "This server:";
export const SECRETS = "File (standard output without it):";
export const FILES = "Files (- is standard input or output, .gz is compressed):";
export const RUN = "Run:";
export const RESULT = "Result:";

export const batchRows: readonly OptionRow[] = [
  ["--batch-id <text>", "name of the batch"],
  ["--n-data <n>", "values per report"],
  ["--precision <bits>", "values are integers of 1 to 42 bits"],
  ["--prg-key <kind>", "batch (default), or seed for an old libprio", ["batch", "seed"]],
];

export const publicKeyRows: readonly OptionRow[] = [
  ["--public-key-hex-internal <hex>", "this server's public key"],
  ["--public-key-hex-external <hex>", "the other server's public key"],
];

export const serverIdRow: OptionRow = ["--server-id <id>", "which server this is, A or B", ["A", "B"]];

export const privateKeyRow: OptionRow = ["--private-key-hex <hex>", "its private key; a file is safer"];
export const secretRow: OptionRow = ["--shared-secret <base64>", "the secret of both servers; a file is safer"];

export const serverRows: readonly OptionRow[] = [
  serverIdRow,
  ["--private-key-file <file>", "file with its private key; repeatable"],
  privateKeyRow,
  ["--shared-secret-file <file>", "file with the secret of both servers"],
  secretRow,
  ...publicKeyRows,
  ["--query-points <mode>", "stream (default), first, report or batch", QUERY_POINTS],
  ["--replays <dir>", "directory that remembers what was checked"],
];

export const runRows: readonly OptionRow[] = [
  ["--jobs <n>", "number of threads (default: one per core)"],
  ["--errors <file>", "list of the rows left out, with the reasons"],
  ["--max-errors <n>", "fail if more rows are left out, also as 5%"],
  ["--summary <file>", "what the run did, as JSON"],
  ["--strict", "exit with 3 if rows were left out"],
  ["--allow-empty", "exit with 0, not 4, if no row came through"],
  ["--quiet", "print only results and errors"],
];

/** In the examples, what each of server A's stages needs to know. */
export const SERVER_A = `--server-id A --batch-id visits --n-data 3 \\
    --private-key-file a.json --shared-secret-file secret.json \\
    --public-key-hex-internal $KEY_A --public-key-hex-external $KEY_B \\
    --query-points report --replays a/replays`;
export const SWAPPED = "The example is server A's. Server B's has A and B, and a and b, swapped.";

export const verifyFiles: readonly OptionRow[] = [
  ["--input <file...>", "this server's shares: files, or directories"],
  ["--output <dir>", "directory for the output"],
];

/** The files of a stage that reads both servers' messages. */
export function exchangeFiles(message: string): readonly OptionRow[] {
  return [
    ["--input <file...>", "this server's shares: files, or directories"],
    ["--input-internal <file...>", `this server's ${message}`],
    ["--input-external <file...>", `the other server's ${message}`],
    ["--joined", "the rows of --input have both, from prio join"],
    ["--output <dir>", "directory for the output"],
  ];
}

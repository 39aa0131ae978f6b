// The commands that are stages of a batch, from the clients' values to the totals, in their order.

import { aggregate } from "./aggregate.js";
import type { Definition } from "./definition.js";
import { encodeShares } from "./encode-shares.js";
import { join } from "./join.js";
import { merge } from "./merge.js";
import {
  BATCH,
  batchRows,
  exchangeFiles,
  FILES,
  publicKeyRows,
  RESULT,
  RUN,
  runRows,
  SERVER,
  SERVER_A,
  SWAPPED,
  serverIdRow,
  serverRows,
  verifyFiles,
} from "./option-rows.js";
import { partition } from "./partition.js";
import { publish } from "./publish.js";
import { staging } from "./staging.js";
import { verify1, verify2 } from "./verify.js";

export const STAGES: readonly Definition[] = [
  {
    name: "encode-shares",
    summary: "split clients' values into packets for A and for B",
    group: "Stages:",
    options: [
      [
        BATCH,
        [
          ...batchRows,
          ["--public-key-hex-internal <hex>", "server A's public key"],
          ["--public-key-hex-external <hex>", "server B's public key"],
        ],
      ],
      [
        FILES,
        [
          ["--input <file...>", "the clients' values: files, or directories"],
          ["--output-A <dir>", "directory for A's packets"],
          ["--output-B <dir>", "directory for B's packets"],
        ],
      ],
      [RUN, runRows],
    ],
    example: `yes '{"payload": [1, 0, 1]}' | head -100 > data.ndjson
  prio encode-shares --batch-id visits --n-data 3 \\
    --public-key-hex-internal $KEY_A --public-key-hex-external $KEY_B \\
    --input data.ndjson --output-A a/raw --output-B b/raw`,
    work: encodeShares,
  },
  {
    name: "staging",
    summary: "turn Firefox's pings into files of shares",
    group: "Stages:",
    options: [
      [
        "Files (- is standard input, .gz is compressed):",
        [
          ["--input <file...>", "pings: files, or directories of files"],
          ["--output <dir>", "directory for the shares of both servers"],
          ["--date <day>", "the day of the pings, YYYY-MM-DD"],
          ["--parts <n>", "files per batch and server (default: 1)"],
          ["--data-config <file>", 'the batches to take: [{"batch_id": "…"}, …]'],
        ],
      ],
      [RUN, runRows.filter(([flags]) => !flags.startsWith("--jobs"))],
    ],
    example: "prio staging --date 2019-06-26 --input pings --output staged",
    work: staging,
  },
  {
    name: "partition",
    summary: "deal rows of shares out to parts that are run apart",
    note: "The parts of both servers hold the same reports, and each packet is in one.",
    group: "Stages:",
    options: [
      [BATCH, batchRows.filter(([flags]) => flags.startsWith("--batch-id"))],
      [SERVER, serverRows.filter(([flags]) => /^--(server-id|shared|replays)/.test(flags))],
      [
        FILES,
        [
          ["--input <file...>", "rows of packets: files, or directories"],
          ["--output <dir>", "directory for the parts"],
          ["--parts <n>", "number of parts, the same at both servers"],
        ],
      ],
      [RUN, runRows.filter(([flags]) => !flags.startsWith("--jobs"))],
    ],
    example: `prio partition --server-id A --shared-secret-file secret.json \\
    --batch-id visits --input a/raw --output a/parts \\
    --parts 32 --replays a/dealt`,
    work: partition,
  },
  {
    name: "verify1",
    summary: "open a batch's packets, write the first messages",
    group: "Stages:",
    options: [
      [BATCH, batchRows],
      [SERVER, serverRows],
      [FILES, verifyFiles],
      [RUN, runRows],
    ],
    remark: SWAPPED,
    example: `prio verify1 ${SERVER_A} \\
    --input a/raw/data.ndjson --output a/verify1`,
    work: verify1,
  },
  {
    name: "verify2",
    summary: "write the second messages from both servers' first",
    group: "Stages:",
    options: [
      [BATCH, batchRows],
      [SERVER, serverRows],
      [FILES, exchangeFiles("verify1 files")],
      [RUN, runRows],
    ],
    remark: SWAPPED,
    example: `prio verify2 ${SERVER_A} \\
    --input a/raw/data.ndjson --output a/verify2 \\
    --input-internal a/verify1/data.ndjson \\
    --input-external b/verify1/data.ndjson`,
    work: verify2,
  },
  {
    name: "aggregate",
    summary: "check the proofs, add up the valid reports",
    group: "Stages:",
    options: [
      [BATCH, batchRows],
      [SERVER, serverRows],
      [FILES, [...exchangeFiles("verify2 files"), ["--per-part", "an aggregate for each part, for prio merge"]]],
      [RESULT, [["--noise <noise>", "noise on totals, such as laplace:epsilon=1"]]],
      [RUN, runRows],
    ],
    remark: SWAPPED,
    example: `prio aggregate ${SERVER_A} \\
    --input a/raw/data.ndjson --output a/aggregate \\
    --input-internal a/verify2/data.ndjson \\
    --input-external b/verify2/data.ndjson`,
    work: aggregate,
  },
  {
    name: "join",
    summary: "put both servers' messages into the rows of shares",
    note: "Such rows are what verify2 and aggregate take with --joined, as filters.",
    group: "Stages:",
    options: [
      [FILES, exchangeFiles("verify1 or verify2 files").filter(([flags]) => flags !== "--joined")],
      [RUN, runRows.filter(([flags]) => !flags.startsWith("--jobs"))],
    ],
    remark: SWAPPED,
    example: `prio join --input a/raw/data.ndjson --output a/joined \\
    --input-internal a/verify1/data.ndjson \\
    --input-external b/verify1/data.ndjson`,
    work: join,
  },
  {
    name: "merge",
    summary: "add one server's aggregates of parts up to one",
    group: "Stages:",
    options: [
      [
        "Batch (checked where the aggregates name theirs):",
        batchRows.filter(([flags]) => !flags.startsWith("--prg-key")),
      ],
      [
        FILES,
        [
          ["--input <file...>", "this server's aggregates: files, or directories"],
          ["--output <dir>", "directory for the output"],
          ["--partial", "keep the batch and the parts, for another merge"],
        ],
      ],
      [RUN, runRows.filter(([flags]) => /^--(summary|quiet)/.test(flags))],
    ],
    example: `prio merge --input a/aggregate/data.ndjson --output a/merged`,
    work: merge,
  },
  {
    name: "publish",
    summary: "make the totals from both servers' aggregates",
    group: "Stages:",
    options: [
      [BATCH, [...batchRows, ["--data-config <file>", 'several batches: [{"batch_id": …, "n_data": …}, …]']]],
      [SERVER, [serverIdRow, ...publicKeyRows]],
      [
        FILES,
        [
          ["--input-internal <file...>", "this server's aggregate, or its parts"],
          ["--input-external <file...>", "the other server's aggregate"],
          ["--output <dir>", "directory for the output"],
        ],
      ],
      [
        RESULT,
        [
          ["--min-reports <n>", "refuse fewer (default: warn below 100)"],
          ["--pretty", "show a table with bars"],
          ["--labels <file>", "names of the fields, one a line or as JSON"],
          ["--summary <file>", "what the run did, as JSON"],
          ["--quiet", "print only results and errors"],
        ],
      ],
    ],
    ignored: [
      "--private-key-file <file>",
      "--private-key-hex <hex>",
      "--shared-secret-file <file>",
      "--shared-secret <base64>",
      "--query-points <mode>",
      "--replays <dir>",
    ],
    remark: SWAPPED,
    example: `prio publish --server-id A --batch-id visits --n-data 3 \\
    --public-key-hex-internal $KEY_A --public-key-hex-external $KEY_B \\
    --input-internal a/aggregate/data.ndjson \\
    --input-external b/aggregate/data.ndjson \\
    --output a/processed --min-reports 100 --pretty`,
    work: publish,
  },
];

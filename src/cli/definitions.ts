// The commands with their options, their help and their examples, as a table; stage-definitions.ts has those of the
// stages. program.ts makes the parser of it; what a command does is in a file of its own.

import { collect } from "./collect.js";
import { COLLECTION_FORMATS } from "./collection-result.js";
import { completion } from "./completion.js";
import type { Definition } from "./definition.js";
import { runDemo } from "./demo/demo.js";
import { generate } from "./generate.js";
import { keygen, sharedSeed } from "./generate-secrets.js";
import { INDEX_FORMATS, indexTotals } from "./index-totals.js";
import { inspect } from "./inspect.js";
import { hasColor } from "./io.js";
import { BATCH, batchRows, RESULT, RUN, runRows, SECRETS } from "./option-rows.js";
import { processDays } from "./process.js";
import type { Run } from "./run.js";
import { STAGES } from "./stage-definitions.js";
import { status } from "./status.js";

/** The demonstration, with a progress line and colours when the terminal and the environment allow them. */
function demo({ io: { stdout, stderr, env } }: Run): number {
  const isWatched = stderr.isTTY === true && !env["CI"] && env["TERM"] !== "dumb";
  return runDemo({
    write: (text) => stdout.write(text),
    progress: (line) => isWatched && stderr.write(`\r\x1b[K${line ?? ""}`),
    columns: stdout.columns ?? 80,
    color: hasColor(stdout, env),
  });
}

export const DEFINITIONS: readonly Definition[] = [
  {
    name: "keygen",
    summary: "make a server's key pair, or a collector's",
    group: "Keys:",
    options: [
      [
        SECRETS,
        [
          ["--output <file>", "a new file that only its owner can read"],
          ["--collector", "a collector's, for DAP; its hpkeConfig is public"],
        ],
      ],
    ],
    example: `prio keygen --output a.json
  prio keygen --output b.json
  prio keygen --collector --output collector.json
  key() { sed 's/.*"public_key": "\\([^"]*\\)".*/\\1/' "$1"; }
  KEY_A=$(key a.json) KEY_B=$(key b.json)   # for the examples of other commands`,
    work: keygen,
  },
  {
    name: "shared-seed",
    summary: "make the secret that the two servers share",
    note: "A shared secret lasts as long as the --replays directory bound to it.",
    group: "Keys:",
    options: [[SECRETS, [["--output <file>", "a new file that only its owner can read"]]]],
    example: "prio shared-seed --output secret.json",
    work: sharedSeed,
  },
  ...STAGES,
  {
    name: "process",
    summary: "run one side of whole days, unattended",
    note: `Every value of the configuration can also be an environment variable, under
prio-processor's name: docs/operations.md lists them.`,
    group: "Whole days:",
    options: [
      [
        RUN,
        [
          ["--config <file>", "the configuration, as JSON"],
          ["--date <day>", "the day, YYYY-MM-DD (default: today, in UTC)"],
          ["--watch", "go on with the days that come"],
          ["--log <format>", "text (default), or json on standard output", ["text", "json"]],
          ["--quiet", "print only results and errors"],
        ],
      ],
    ],
    example: "prio process --config a/process.json --date 2026-03-01",
    work: processDays,
  },
  {
    name: "status",
    summary: "show where every batch of a day stands",
    group: "Whole days:",
    options: [
      [
        RUN,
        [
          ["--config <file>", "the configuration of `prio process`"],
          ["--date <day>", "the day, YYYY-MM-DD (default: today, in UTC)"],
          ["--json", "print a JSON object"],
        ],
      ],
    ],
    example: "prio status --config a/process.json --date 2026-03-01",
    work: status,
  },
  {
    name: "collect",
    summary: "get a batch's result from the aggregators of a task",
    note: `The bearer token is in --token-file, or in the variable COLLECTOR_TOKEN.`,
    group: "DAP:",
    options: [
      [
        "Task:",
        [
          ["--task <file>", "the task's document, as both operators have it"],
          ["--private-key-file <file>", "file with the collector's key pair"],
          ["--token-file <file>", "file with the token that the leader knows"],
          ["--tls-cert <file>", "a certificate that the leader knows, with --tls-key"],
          ["--tls-key <file>", "file with its key"],
          ["--tls-ca <file>", "authorities of the leader's certificate"],
          ["--noise <noise...>", "what both add, such as laplace:epsilon=1"],
        ],
      ],
      [
        "Batch (one of three ways):",
        [
          ["--date <day>", "a whole day in UTC, YYYY-MM-DD"],
          ["--start <time>", "a beginning, such as 2026-03-01T12:00Z, and"],
          ["--end <time>", "an end, which is not in it any more"],
          ["--next-batch", "the next one that the leader has; needs --state"],
        ],
      ],
      [
        RESULT,
        [
          ["--format <kind>", "table (default), csv or json", COLLECTION_FORMATS],
          ["--output <file>", "file for the result (default: standard output)"],
          ["--labels <file>", "names of the totals, one a line or as JSON"],
          ["--state <file>", "remembers the job, to go on after an interruption"],
          ["--quiet", "print only results and errors"],
        ],
      ],
    ],
    example: `prio collect --task task.json --private-key-file collector.json \\
    --token-file token --date 2026-03-01`,
    work: collect,
  },
  {
    name: "generate",
    summary: "make test batches for both servers, and their sums",
    note: "Whoever has the seed can compute all values: such packets hide nothing.",
    group: "Tools:",
    options: [
      [
        BATCH,
        [
          ...batchRows,
          ["--data-config <file>", 'several batches: [{"batch_id": …, "n_data": …}, …]'],
          ["--public-key-hex-internal <hex>", "server A's public key"],
          ["--public-key-hex-external <hex>", "server B's public key"],
        ],
      ],
      [
        "Rows:",
        [
          ["--seed <text>", "the same seed makes the same bytes"],
          ["--rows <n>", "rows of each batch (default: 100)"],
          ["--parts <n>", "files per batch and server (default: 1)"],
          ["--bad <share>", "share of bad rows, as 5%, of at most 50%"],
          ["--bad-kind <reason>", "what is wrong with them (default: all); repeatable"],
          ["--drop-batch <n>", "leave out the last batches"],
        ],
      ],
      ["Files:", [["--output <dir>", "a new directory for the shares of both servers"]]],
      [RUN, runRows.filter(([flags]) => /^--(jobs|summary|quiet)/.test(flags))],
    ],
    example: `prio generate --batch-id visits --n-data 3 --rows 1000 --bad 2% \\
    --public-key-hex-internal $KEY_A --public-key-hex-external $KEY_B \\
    --seed 1 --output generated`,
    work: generate,
  },
  {
    name: "index",
    summary: "give published totals the names of what they count",
    note: "The batches X-0, X-1 and so on hold the values of one question, X.",
    group: "Tools:",
    options: [
      [
        "Files (- is standard input, .gz is compressed):",
        [
          ["--input <file...>", "published totals: files, or directories"],
          ["--data-config <file>", 'the batches: [{"batch_id": …, "n_data": …}, …]'],
          ["--origins <file>", 'names: [{"name": …, "hash": …, "index": …}, …]'],
        ],
      ],
      [
        RESULT,
        [
          ["--format <kind>", "table (default), csv, json or ndjson", INDEX_FORMATS],
          ["--output <file>", "file for the result (default: standard output)"],
          ["--quiet", "print only results and errors"],
        ],
      ],
    ],
    example: `printf '["breakfast", "lunch", "dinner"]' > origins.json
  printf '[{"batch_id": "meals-0", "n_data": 3}]' > batches.json
  sed 's/^{/{"batch_id": "meals-0", /' a/processed/data.ndjson |
    prio index --input - --data-config batches.json --origins origins.json`,
    work: indexTotals,
  },
  {
    name: "inspect",
    summary: "describe files and packets, without their secrets",
    group: "Tools:",
    argument: ["file...", "files of any stage, or packets; - for standard input"],
    options: [
      [
        "Options:",
        [
          ["--private-key-file <file>", "show which server packets are for; repeatable"],
          ["--json", "print a JSON object for each file, one a line"],
        ],
      ],
    ],
    example: `prio inspect data.ndjson a/verify1/data.ndjson
  prio inspect --private-key-file a.json --json a/raw/data.ndjson`,
    work: inspect,
  },
  {
    name: "demo",
    summary: "simulate a whole collection",
    group: "Tools:",
    options: [],
    example: "prio demo",
    work: demo,
  },
  {
    name: "completion",
    summary: "print a shell's completion script",
    group: "Tools:",
    argument: ["shell", "bash, zsh or fish", ["bash", "zsh", "fish"]],
    options: [],
    note: `A shell completes a command that it finds: install the package with
\`npm install --global\`, not only in a project.`,
    example: `eval "$(prio completion bash)"   # in ~/.bashrc
  eval "$(prio completion zsh)"    # in ~/.zshrc
  prio completion fish | source    # in ~/.config/fish/config.fish`,
    work: completion,
  },
];

// docs/from-prio-processor.md has every command, variable and script of prio-processor, and every command, option and
// variable that it names as ours exists.

import { expect, test } from "vitest";
import { CONFIG_SHAPE } from "../../src/process/config.js";
import { fieldsOf } from "../../src/process/shape.js";
import { read } from "../package/built.js";

const page = read("docs/from-prio-processor.md");

/** The commands of prio-processor 4.1. */
const commands = [
  ["keygen", "shared-seed", "encode-shares", "verify1", "verify2", "aggregate", "publish"].flatMap((name) => [
    `prio ${name}`,
    ...(["keygen", "shared-seed"].includes(name) ? [] : [`prio-spark ${name}`]),
  ]),
  ["prio-spark generate", "prio-spark generate-integration"],
  ["prio-processor staging", "prio-processor fetch-origins", "prio-processor index"],
].flat();

/** What its container, its scripts, its command and its test deployments read of the environment. */
const variables = `
  APP_NAME SUBMISSION_DATE DATA_CONFIG SERVER_ID SHARED_SECRET PRIVATE_KEY_HEX
  PUBLIC_KEY_HEX_INTERNAL PUBLIC_KEY_HEX_EXTERNAL
  BUCKET_INTERNAL_ACCESS_KEY BUCKET_INTERNAL_SECRET_KEY BUCKET_INTERNAL_ENDPOINT
  BUCKET_EXTERNAL_ACCESS_KEY BUCKET_EXTERNAL_SECRET_KEY BUCKET_EXTERNAL_ENDPOINT
  BUCKET_INTERNAL_INGEST BUCKET_INTERNAL_PRIVATE BUCKET_INTERNAL_SHARED BUCKET_EXTERNAL_SHARED BUCKET_PREFIX
  GOOGLE_APPLICATION_CREDENTIALS RETRY_LIMIT RETRY_DELAY RETRY_BACKOFF_EXPONENT
  BATCH_ID N_DATA INPUT INPUT_INTERNAL INPUT_EXTERNAL OUTPUT OUTPUT_A OUTPUT_B
  BUCKET_EXTERNAL_INGEST ORIGIN_CONFIG DATASET TABLE BQ_REPLACE BOOTSTRAP_BUCKET SUBMODULE
  REGION MACHINE_TYPE NUM_WORKERS AWS_ACCESS_KEY_ID CLOUDSDK_CORE_PROJECT PROJECT TAG
`
  .trim()
  .split(/\s+/);

const scripts = [
  ["authenticate", "cleanup", "configure-mc", "configure-spark-conf", "dataproc", "generate", "insert", "process"].map(
    (name) => `bin/${name}`,
  ),
  ["copy-spark-config", "create-folder", "download-mapping", "print-cli-help", "test-cli-integration"].map(
    (name) => `scripts/${name}`,
  ),
  ["scripts/test-cli-integration-dataproc", "scripts/test-cli-integration-spark"],
  ["testing-v3", "testing-v4", "testing-v4-gcloud-self"].map((name) => `deployment/${name}`),
  ["Dockerfile", "docker-compose.yml", "Makefile", "docs/airflow.md"],
  ["asyncio", "batched-processing", "benchmarks", "browser-validation", "docker-asyncio"].map(
    (name) => `examples/${name}`,
  ),
  ["examples/python-wrapper", "examples/swig-wrapper"],
].flat();

/** The rows of all tables, by their cells. */
const rows = [...page.matchAll(/^\| (.*) \|$/gm)]
  .map(([, row = ""]) => row.split(" | "))
  .filter(([first]) => first !== "prio-processor");
const code = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, inside = ""]) => inside);
const left = rows.flatMap(([cell = ""]) => code(cell));
/** All text of ours: the page without its samples and without the first column of its tables. */
const ours = page.replaceAll(/^ *```\w*\n[\s\S]*?^ *```$/gm, "").replaceAll(/^\| (?:(?! \| ).)* \| /gm, "");

test.each([
  ["command", commands],
  ["variable", variables],
  ["script, deployment and example", scripts],
])("every %s of prio-processor has a row", (_kind, names) => {
  const plain = left.map((text) => text.replace(/ --.*/, ""));
  expect(names.filter((name) => !plain.includes(name))).toEqual([]);
});

/** Each of our commands with the options of its help, which cli.md has as they are. */
const helps = new Map(
  read("docs/cli.md")
    .split(/^### prio /m)
    .slice(1)
    .map((section) => {
      const name = /^[a-z0-9-]*/.exec(section)?.[0] ?? "";
      return [name, new Set(section.match(/(?<=^ {2}(?:-\w, )?)--[A-Za-z-]+/gm))] as const;
    }),
);

test("every command and option that it names as ours exists", () => {
  // A call in a cell, or at the beginning of a line of a sample or after its variables.
  const calls = [
    ...code(ours).filter((text) => text.startsWith("prio ")),
    ...[...page.matchAll(/^ *(?:[A-Z_]+=\S+ )*(prio .*)$/gm)].map(([, call = ""]) => call),
  ];
  expect(calls.length).toBeGreaterThan(40);
  const unknown = calls.flatMap((call) => {
    const name = call.split(" ")[1] ?? "";
    if (name === "help") return helps.has(call.split(" ")[2] ?? "") || call === "prio help cli" ? [] : [call];
    const options = helps.get(name);
    if (options === undefined) return [call];
    return (call.match(/--[A-Za-z-]+/g) ?? []).filter((option) => !options.has(option)).map((o) => `${name} ${o}`);
  });
  expect(unknown).toEqual([]);
  // Options that stand alone, of some command.
  const all = new Set([...helps.values()].flatMap((options) => [...options]));
  const alone = code(ours).filter((text) => /^--[A-Za-z-]+$/.test(text) && !["--scale", "--replace"].includes(text));
  expect(alone.filter((option) => !all.has(option))).toEqual([]);
});

test("every variable that it names as ours exists", () => {
  const options = [...helps.values()].flatMap((names) => [...names]);
  const known = new Set([
    ...[...fieldsOf(CONFIG_SHAPE)].map(([, { variable }]) => variable),
    ...options.map((option) => option.slice(2).replaceAll("-", "_").toUpperCase()),
    // Those that no value of the configuration and no option has: read by src/cli/process.ts and src/process.
    "SUBMISSION_DATE",
    ...["INTERNAL", "EXTERNAL"].flatMap((side) => [`BUCKET_${side}_ACCESS_KEY`, `BUCKET_${side}_SECRET_KEY`]),
  ]);
  const named = rows.filter(([first = ""]) => /^`[A-Z_]+`/.test(first)).flatMap(([, cell = ""]) => code(cell));
  const notes = /^These are new: ([\s\S]*?)\n\n/m.exec(page)?.[1] ?? "";
  const samples = [...page.matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name = ""]) => name);
  const variablesOfOurs = [...named, ...code(notes), ...samples].filter((text) => /^[A-Z][A-Z_]+$/.test(text));
  expect(variablesOfOurs.length).toBeGreaterThan(45);
  expect(variablesOfOurs.filter((name) => !known.has(name))).toEqual([]);
});

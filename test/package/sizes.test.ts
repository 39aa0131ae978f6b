// The built library stays small, and a page that only reports contains no server code. Run `npm run build` first.

import { expect, test } from "vitest";
import { bundlePage, measure, pages, readmeWithSizes } from "../../scripts/sizes.mjs";
import { read, root } from "./built.js";

test.each(Object.values(pages))("$what stays within $budget bytes, minified and gzipped", async (page) => {
  const { gzipped } = await measure(page);
  expect(gzipped).toBeLessThanOrEqual(page.budget);
  // Far below would mean that the bundle lost what it was to measure.
  expect(gzipped).toBeGreaterThan(page.budget / 2);
});

/** The files of src/ that only servers and publication run. */
const serverFiles = [
  "server",
  "opened-report",
  "admission",
  "verify",
  "running-total",
  "publish",
  "replay-records",
  "query-points",
  "describe-message",
].map((name) => `src/prio1/${name}.ts`);

/** The files of src/ that a page gets code of, when the package is its sources. */
async function filesIn(names: string[] | null): Promise<string[]> {
  const { metafile } = await bundlePage({ names }, { alias: { prio: "./src/index.ts" } });
  const [output] = Object.values(metafile?.outputs ?? {});
  return Object.entries(output?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
}

test("a client's bundle has no code of the files that are a server's", async () => {
  expect(await filesIn(null)).toEqual(expect.arrayContaining(serverFiles));
  const files = await filesIn(pages.client.names);
  expect(files).toContain("src/prio1/client.ts");
  expect(files.filter((path) => serverFiles.includes(path))).toEqual([]);
});

test("a page that encrypts a report of DAP gets no VDAF but the one that its program makes", async () => {
  const filesOf = async (contents: string) => {
    const alias = { "prio/dap": "./src/dap/index.ts", "prio/prio3": "./src/prio3/index.ts" };
    const { metafile } = await bundlePage(pages.dapReport, { alias, stdin: { contents, resolveDir: root } });
    const [output] = Object.values(metafile?.outputs ?? {});
    return Object.entries(output?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [path] : [],
    );
  };
  const vdafs = (files: readonly string[]) => files.filter((path) => /^src\/(prio1|prio3)\/|vdafs\.ts/.test(path));
  const program = `import { ${pages.dapReport.names.join(", ")} } from "prio/dap";`;
  expect(vdafs(await filesOf(`${program} globalThis.use(${pages.dapReport.names.join(", ")});`))).toEqual([]);
  const all = await filesOf(`import * as dap from "prio/dap"; globalThis.use(dap);`);
  expect(vdafs(all)).toEqual(expect.arrayContaining(["src/dap/vdafs.ts", "src/prio1/vdaf/prio1.ts"]));
});

/** Sentences of a server's, out of errors and hash labels, which minifying leaves as they are. */
const serverSentences = [
  "its report id was seen before",
  "prio v1 query point",
  "prio v1 replay: packet",
  "expected a report not counted yet",
  "verify1 of A",
  "server state",
  "total share ",
];

test("nor has one made of dist/index.js, by the sentences in it", async () => {
  const text = async (names: string[] | null) => (await bundlePage({ names })).outputFiles?.[0]?.text ?? "";
  const [whole, client] = await Promise.all([text(null), text(pages.client.names)]);
  expect(serverSentences.filter((sentence) => !whole.includes(sentence))).toEqual([]);
  expect(serverSentences.filter((sentence) => client.includes(sentence))).toEqual([]);
});

test("the README's sizes are those of this build", async () => {
  const text = read("README.md");
  expect(text, "run `npm run sizes -- --write`").toBe(await readmeWithSizes(text));
});

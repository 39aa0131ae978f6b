// The API reference (`npm run docs`): typedoc has no warning about the public surface. A public name without a
// docstring would be one.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "../package/built.js";

const scratch = mkdtempSync(join(tmpdir(), "prio-api-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Runs typedoc with an options file and writes nothing. */
const typedoc = (options: string): Promise<{ status: number; output: string }> =>
  new Promise((resolve) => {
    const args = [join(root, "node_modules/typedoc/bin/typedoc"), "--options", options, "--emit", "none"];
    execFile(process.execPath, args, { cwd: root, env: { ...process.env, NO_COLOR: "1" } }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });

test("every public name has a docstring, and every link in one leads somewhere", async () => {
  const { status, output } = await typedoc(join(root, "typedoc.json"));
  expect(output).not.toMatch(/warning|error/i);
  expect(status).toBe(0);
});

test("the check finds each kind of name without a docstring, and a broken link", async () => {
  const options = join(scratch, "typedoc.json");
  writeFileSync(
    options,
    JSON.stringify({ extends: [join(root, "typedoc.json")], entryPoints: ["faults.ts"], tsconfig: "tsconfig.json" }),
  );
  writeFileSync(
    join(scratch, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { types: [] }, files: ["faults.ts"] }),
  );
  writeFileSync(
    join(scratch, "faults.ts"),
    `export function bareFunction(): void {}
export class BareClass {}
/** Documented. */
export class Holder {
  bareField = 1;
  bareMethod(): void {}
  get bareAccessor(): number { return 1; }
}
/** Documented. */
export interface Options { bareOption: number }
export type BareType = 1;
export const bareConstant = 1;
/** See {@link Nowhere}. */
export const linking = 1;
`,
  );
  const { status, output } = await typedoc(options);
  for (const name of ["Function", "Class", "Field", "Method", "Accessor", "Option", "Type", "Constant"]) {
    expect(output).toMatch(new RegExp(`\\w*bare${name}.* does not have any documentation`, "i"));
  }
  expect(output).toMatch(/Failed to resolve link to "Nowhere"/);
  expect(output).not.toMatch(/Holder \(|linking \(/);
  expect(status).not.toBe(0);
});

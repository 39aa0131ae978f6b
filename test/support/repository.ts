// The files of the repository, for the tests that read all of them.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** Folders that git ignores, for when git itself is not there. */
const ignored = new Set([".git", "node_modules", "dist", "coverage"]);

/** The files in git; every file that git would not ignore where there is no git, as in an unpacked archive. */
export function repositoryFiles(): string[] {
  if (existsSync(`${root}/.git`)) {
    try {
      const output = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
      return output.split("\0").filter((path) => path !== "" && existsSync(`${root}/${path}`));
    } catch {
      // No git on this machine, or not one that trusts this folder.
    }
  }
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (ignored.has(entry.name)) return [];
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? walk(path) : [relative(root, path)];
    });
  return walk(root);
}

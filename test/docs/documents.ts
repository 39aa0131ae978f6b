// The documents of the repository.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../package/built.js";

const ignored = new Set([".git", "node_modules", "dist", "coverage", "api"]);

/** The Markdown files that git has or would take; without git, all but those in ignored folders. */
export function documents(): string[] {
  if (existsSync(join(root, ".git"))) {
    try {
      const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"];
      const output = execFileSync("git", args, { cwd: root, encoding: "utf8" });
      return output.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
    } catch {
      // No git on this machine, or not one that trusts this folder.
    }
  }
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (ignored.has(entry.name)) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return walk(path);
      return path.endsWith(".md") ? [relative(root, path).replaceAll("\\", "/")] : [];
    });
  return walk(root);
}

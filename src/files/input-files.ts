// The files that a path stands for: itself, or all files below a directory.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure, systemFailure } from "./failure.js";

const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * The file, or the files below a directory in the order of their names. A directory with folders for days, as Mozilla's
 * ingestion lays them out, stands for the one of this day. As for Spark, names that begin with `.` or `_` do not count.
 * Throws a Failure when there are none.
 */
export function inputFiles(path: string, day: string): string[] {
  if (path === "-") return [path];
  try {
    if (!statSync(path).isDirectory()) return [path];
    const days = readdirSync(path).filter((name) => DAY.test(name));
    if (days.length > 0 && !days.includes(day)) throw new Failure(`${path} has no folder for ${day}`);
    const folder = days.length > 0 ? join(path, day) : path;
    const files = filesBelow(folder);
    if (files.length === 0) throw new Failure(`${folder} has no files`);
    return files;
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}

/** Files, and links to files; links to directories could lead in a circle. */
function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true }).filter(({ name }) => !/^[._]/.test(name));
  entries.sort((x, y) => (x.name < y.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    if (entry.isSymbolicLink() && statSync(path).isDirectory()) {
      throw new Failure(`cannot read ${path}: is a link to a directory`, "name the directory itself");
    }
    return [path];
  });
}

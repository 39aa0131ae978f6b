// Where a collection job stands, in a file: with it the command goes on after it was interrupted, at whatever moment.
// The file has no secret.

import { existsSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import type { CollectionJobState } from "../dap/index.js";
import { trySyncDirectory } from "../files/disk.js";
import { Failure, systemFailure } from "../files/failure.js";
import { canonicalPath } from "../files/file-identity.js";
import { openOutputFile } from "../files/output-file.js";
import { readSmallFile } from "../files/small-file.js";

/** Far more than a state has, in bytes. */
const MAX_STATE = 65_536;

/** The state in a file, or undefined where there is none. Throws a Failure for a file of something else. */
export function readState(path: string): CollectionJobState | undefined {
  const wrong = new Failure(`${path}: expected the state of a collection, which \`prio collect --state\` writes`);
  try {
    if (!existsSync(path)) return undefined;
    const bytes = readSmallFile(path, MAX_STATE);
    const { task, request, job } = JSON.parse(bytes?.toString("utf8") ?? "") as Readonly<Record<string, unknown>>;
    const isState =
      typeof task === "string" && typeof request === "string" && (job === null || typeof job === "string");
    if (!isState) throw wrong;
    return { task, request, job };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw wrong;
    throw systemFailure(error, `cannot read ${path}`);
  }
}

/** Writes the state: after a crash, the file has this state or the one before. Throws a Failure. */
export async function writeState(path: string, state: CollectionJobState): Promise<void> {
  const canonical = canonicalPath(path);
  const file = openOutputFile(canonical, 0o666);
  try {
    await file.write(Buffer.from(`${JSON.stringify(state)}\n`));
    await file.complete();
    file.appear(false);
    trySyncDirectory(dirname(canonical));
  } finally {
    file.discard();
  }
}

/** Removes the file, after the result was written. Throws a Failure. */
export function removeState(path: string): void {
  try {
    unlinkSync(canonicalPath(path));
  } catch (error) {
    throw systemFailure(error, `cannot remove ${path}`);
  }
}

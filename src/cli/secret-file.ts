// Files that hold a secret: written for their owner alone and never over another file, read only when nobody else can.

import { closeSync, fsyncSync, openSync, statSync, unlinkSync, writeSync } from "node:fs";
import { Failure, systemCode, systemFailure } from "../files/failure.js";
import { readSmallFile } from "../files/small-file.js";
import { usageFailure } from "./exit.js";

/** In bytes: far longer than any secret, short enough to read in one piece. */
const MAX_SECRET_FILE = 65536;

/** Writes a new file with mode 0600. Throws a Failure, and leaves no file, when that is not possible. */
export function createSecretFile(path: string, text: string): void {
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o600);
  } catch (error) {
    if (systemCode(error) === "EEXIST")
      throw new Failure(`${path} exists already: nothing was written`, "a secret that is overwritten is lost");
    throw systemFailure(error, `cannot write ${path}`);
  }
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } catch (error) {
    unlinkSync(path);
    throw systemFailure(error, `cannot write ${path}`);
  } finally {
    closeSync(fd);
  }
}

/** The text of a file that holds the secret called `name`, without white space around it. */
export function readSecretFile(path: string, name: string): string {
  try {
    const stat = statSync(path);
    if (stat.isFile()) refuseOpenFile(path, name, stat.mode);
    const bytes = readSmallFile(path, MAX_SECRET_FILE);
    if (bytes === null) throw usageFailure(`${path}: expected a ${name}, got more than ${MAX_SECRET_FILE} bytes`);
    return bytes.toString("utf8").trim();
  } catch (error) {
    throw systemFailure(error, `cannot read the ${name} file ${path}`);
  }
}

/** Whether others can read or write a file. The group may read it: containers hand out secrets that way. */
export function isOpenToOthers(mode: number): boolean {
  return process.platform !== "win32" && (mode & 0o027) !== 0;
}

export const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, "0");

function refuseOpenFile(path: string, name: string, mode: number): void {
  if (!isOpenToOthers(mode)) return;
  throw new Failure(
    `${path} is open to others (mode ${octal(mode)}): not a place for the ${name}`,
    `chmod 600 ${path}`,
  );
}

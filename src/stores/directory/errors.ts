// What the system says when it refuses something in a directory, as an error of a store.

import { systemCode, systemReason } from "../../files/failure.js";
import { StoreError, type StoreErrorCode } from "../store.js";

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOENT: "not-found",
  EACCES: "forbidden",
  EPERM: "forbidden",
  EROFS: "forbidden",
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
  EEXIST: "refused",
  EISDIR: "refused",
  ELOOP: "refused",
  EMLINK: "refused",
  ENAMETOOLONG: "refused",
  ENOTDIR: "refused",
  ENXIO: "refused",
};

/** Makes a StoreError of an error of the system, and returns any other error as it is. */
export function directoryError(error: unknown, attempt: string, store: string, key?: string): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof StoreError) return error;
  return new StoreError(CODES[code] ?? "unavailable", attempt, systemReason(code), { store, key, cause: error });
}

/** Whether an error of the system says that nothing has this name. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The result of `look`, or undefined when nothing has the name. */
export async function unlessMissing<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Runs `work`, and again when the network file system has lost a file that was replaced meanwhile: looking it up anew
 * finds the new one.
 */
export async function withoutStaleHandles<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 3; ; tries--) {
    try {
      return await work();
    } catch (error) {
      if (systemCode(error) !== "ESTALE" || tries === 1) throw error;
    }
  }
}

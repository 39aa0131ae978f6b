// Messages of others, read: what is malformed is an invalid message (DAP-18, section 3.6).

import { PrioError } from "prio/dap";
import { Problem } from "../problem.js";

/** Throws an invalidMessage where `read` throws `malformed`. */
export function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PrioError && error.code === "malformed") throw invalidMessage(error.message);
    throw error;
  }
}

export const invalidMessage = (detail: string): Problem => new Problem("invalidMessage", detail);

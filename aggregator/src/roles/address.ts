// The addresses that a process opens, and what an operator reads where one cannot be used.

import type { Address } from "../config.js";
import { OperatorError, systemReason } from "../tasks/operator-error.js";

/** Runs what opens the address of a setting. Throws an OperatorError that names both. */
export async function atAddress<T>(setting: string, { host, port }: Address, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new OperatorError(`${setting}: cannot use ${host}:${port}: ${reason}`);
  }
}

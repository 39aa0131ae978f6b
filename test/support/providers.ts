// The providers of primitives that this platform has: noble everywhere, the platform's own where it passes its check.

import { type CryptoName, setCrypto } from "../../src/index.js";

function hasNative(): boolean {
  try {
    setCrypto("native");
    return true;
  } catch {
    return false;
  } finally {
    setCrypto("auto");
  }
}

export const providers: readonly CryptoName[] = hasNative() ? ["noble", "native"] : ["noble"];

/** Runs `f` with one provider in use, then goes back to the usual one. */
export function using<T>(name: CryptoName, f: () => T): T {
  setCrypto(name);
  try {
    return f();
  } finally {
    setCrypto("auto");
  }
}

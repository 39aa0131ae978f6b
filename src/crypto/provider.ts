// The provider of primitives in use. Keys, ECIES and key streams stand on this file and on nothing below it.

import { noble } from "./noble.js";
import type { CryptoProvider } from "./primitives.js";

/** The provider in use. */
export function provider(): CryptoProvider {
  return noble;
}

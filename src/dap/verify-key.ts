// The verification key of a task (DAP-18, section 8.6.2): derived from a secret of the two aggregators, so that it does
// not depend on any report.

import { type Bytes, copyOfBytes, utf8 } from "../core/bytes.js";
import { hkdfExpand, hkdfExtract } from "../crypto/hkdf.js";
import { PrioError } from "../errors.js";
import { TASK_ID_SIZE } from "./basic-messages.js";

/** HKDF-SHA256 has no more. */
const MAX_SIZE = 255 * 32;

/**
 * The verification key of `size` bytes for the task of this id. `seed` is what the aggregators agreed on in secret,
 * such as 32 random bytes. Throws `wrong-length`, `out-of-range`, `invalid-argument`.
 */
export function deriveVerifyKey(seed: Uint8Array, taskId: Uint8Array, size: number): Bytes {
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE) {
    throw new PrioError("out-of-range", `verify key: expected a size from 1 to ${MAX_SIZE}`);
  }
  const secret = copyOfBytes(seed, "verify key seed");
  if (secret.length === 0) throw new PrioError("wrong-length", "verify key seed: expected some bytes, got none");
  const id = copyOfBytes(taskId, "task id", TASK_ID_SIZE);
  return hkdfExpand(hkdfExtract(utf8("verify_key", "salt"), secret), size, id);
}

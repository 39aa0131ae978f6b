// What page, servers and crowd agree on in the collection with Prio v1.

import { Config, PublicKey } from "prio";
import type { Keys } from "../messages.js";
import { FIELDS } from "../questions.js";

export function configFor(keys: Keys): Config {
  const [serverA, serverB] = [PublicKey.fromHex(keys.A), PublicKey.fromHex(keys.B)];
  return new Config({ fields: FIELDS, batchId: "browser example", serverA, serverB });
}

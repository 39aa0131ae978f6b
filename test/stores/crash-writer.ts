// A process that writes whole objects until it is killed. crash.ts bundles and runs it: argv has the store's URL, and
// the environment what else is needed.

import { openStore } from "../../src/stores/open-store.js";
import type { Content } from "../../src/stores/store.js";
import { LARGEST, letter } from "./crash-object.js";

const store = openStore(process.argv[2] as string, { partSize: 5 * 2 ** 20 });
const random = (below: number) => Math.floor(Math.random() * below);

/** Bytes in pieces that come one after the other, so that a signal can come between. */
function content(i: number): Content {
  const bytes = Buffer.alloc(random(10) === 0 ? LARGEST : random(100_000), letter(i));
  bytes.write(`${bytes.length}\n`);
  return {
    size: bytes.length,
    async *read() {
      for (let at = 0; at < bytes.length; at += 2 ** 16) {
        yield bytes.subarray(at, at + 2 ** 16);
        await new Promise(setImmediate);
      }
    },
  };
}

process.stdout.write("ready\n");
for (let i = 0; ; i++) {
  const key = `folder=${random(3)}/part-${random(5)}`;
  if (random(3) === 0) await store.write(`new/${process.pid}-${i}`, content(i), { ifAbsent: true });
  else await store.write(key, content(i));
}

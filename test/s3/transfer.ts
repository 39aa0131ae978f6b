// Writes a large object, reads it again, and says what that took. gigabyte.test.ts bundles and runs it.

import { createHash } from "node:crypto";
import { openStore } from "../../src/stores/open-store.js";

const [, , url = "", bytes = "0"] = process.argv;
const size = Number(bytes);
const store = openStore(url);

/** The same bytes each time, none like those before. */
async function* content(): AsyncGenerator<Buffer> {
  for (let i = 0; i < size / 2 ** 16; i++) {
    const piece = Buffer.alloc(2 ** 16, i % 251);
    piece.writeUInt32BE(i);
    yield await Promise.resolve(piece);
  }
}

async function digest(pieces: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha1");
  for await (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** Seconds of processor time so far. */
const used = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;

/** The most memory so far, in MiB. */
const memory = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

const own = memory();
const start = used();
const { version } = await store.write("x", { size, read: content });
const written = used();
const got = await digest(store.read("x", version));
const read = used();
const result = {
  isSame: got === (await digest(content())),
  own,
  memory: memory() - own,
  up: Number((written - start).toFixed(1)),
  down: Number((read - written).toFixed(1)),
};
process.stdout.write(JSON.stringify(result));

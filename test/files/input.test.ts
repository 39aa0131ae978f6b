// Inputs: files that change while they are read, and compressed files that are larger than any file of rows.

import { appendFileSync, copyFileSync, renameSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { withMessages } from "../../src/batch/exchanged-messages.js";
import { MessageFiles } from "../../src/batch/message-files.js";
import { Input, MAX_EXPANSION } from "../../src/files/input.js";
import { InputParts } from "../../src/files/input-parts.js";
import { scratch } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());

const stdin = Readable.from([]);
const rows = Array.from({ length: 5000 }, (_, i) => `{"id": "report ${i}", "payload": "AAAA"}\n`).join("");
let number = 0;

/** A fresh file of rows, larger than what is read at once. */
function file(content: string | Buffer = rows, ending = ""): string {
  const path = folder.path(`${number++}.ndjson${ending}`);
  writeFileSync(path, content);
  return path;
}

/** Ways in which another process may disturb a file. */
const disturbances: Readonly<Record<string, (path: string) => void>> = {
  grows: (path) => appendFileSync(path, '{"id": "more", "payload": "AAAA"}\n'),
  "is cut": (path) => truncateSync(path, 100_000),
  "is emptied": (path) => truncateSync(path, 0),
  "is written anew, with as many bytes": (path) => {
    writeFileSync(path, rows.replaceAll("AAAA", "BBBB"));
    // The clock of a file system may not have moved on.
    utimesSync(path, new Date(), new Date(Date.now() + 5));
  },
  "is replaced by a copy": (path) => {
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
  },
  "is moved away": (path) => renameSync(path, `${path}.old`),
};

async function readDisturbed(path: string, disturb: (path: string) => void): Promise<number> {
  let bytes = 0;
  for await (const piece of new Input(path, stdin).pieces()) {
    if (bytes === 0) disturb(path);
    bytes += piece.length;
  }
  return bytes;
}

describe.each(Object.entries(disturbances))("a file that %s", (_, disturb) => {
  const sentence = /ndjson.* has changed since this run began/;

  it("while its rows are read", async () => {
    await expect(readDisturbed(file(), disturb)).rejects.toThrow(sentence);
  });

  it("before the first row is read", async () => {
    const path = file();
    const input = new Input(path, stdin);
    disturb(path);
    const reading = async () => {
      let bytes = 0;
      for await (const piece of input.pieces()) bytes += piece.length;
      return bytes;
    };
    await expect(reading()).rejects.toThrow(/has changed|no such file/);
  });

  it("while its messages are looked up", async () => {
    const other = rows.replaceAll("AAAA", "CCCC");
    const [internal, external] = [file(), file(other)];
    for (const disturbed of [internal, external]) {
      const files = { internal: InputParts.of([internal]), external: InputParts.of([external]) };
      const looking = withMessages(files, "A", (messagesOf) => {
        expect(messagesOf({ id: "report 17" })).toEqual(["AAAA", "CCCC"]);
        disturb(disturbed);
        messagesOf({ id: "report 4999" });
        return Promise.resolve();
      });
      await expect(looking).rejects.toThrow(sentence);
      writeFileSync(disturbed, disturbed === internal ? rows : other);
    }
  });

  it("before its messages are indexed", async () => {
    const path = file();
    const input = InputParts.of([path]);
    disturb(path);
    await expect(MessageFiles.of(input)).rejects.toThrow(/has changed|no such file/);
  });
});

it("a file that nobody writes is read as it is, compressed or not", async () => {
  expect(await readDisturbed(file(), () => undefined)).toBe(rows.length);
  expect(await readDisturbed(file(gzipSync(rows), ".gz"), () => undefined)).toBe(rows.length);
});

it("a compressed file that grows is an error too", async () => {
  const grown = readDisturbed(file(gzipSync(rows, { level: 0 }), ".gz"), (path) => appendFileSync(path, gzipSync("x")));
  await expect(grown).rejects.toThrow("has changed");
});

describe("a compressed file that is larger than any file of rows", () => {
  const bomb = file(gzipSync(Buffer.alloc(2 ** 27, "x")), ".gz");

  it("is refused as packets and messages, with its name", async () => {
    await expect(readDisturbed(bomb, () => undefined)).rejects.toThrow(
      `${bomb}: decompresses to more than 16 times its size`,
    );
    await expect(MessageFiles.of(InputParts.of([bomb]))).rejects.toThrow(`${bomb}: decompresses to more than 16 times`);
  });

  it("may be clients' values, which can be all zeros", async () => {
    let bytes = 0;
    for await (const piece of new Input(bomb, stdin, MAX_EXPANSION.values).pieces()) bytes += piece.length;
    expect(bytes).toBe(2 ** 27);
  });

  it("the other server's messages are copied only as far as ours go", async () => {
    async function* endless() {
      for (const piece = Buffer.from(rows); ; ) yield await Promise.resolve(piece);
    }
    const own = InputParts.of([file()]);
    const other = InputParts.of(["-"], { stdin: Readable.from(endless()) });
    const max = 4 * rows.length + 2 ** 26;
    await expect(withMessages({ internal: own, external: other }, "A", () => Promise.resolve())).rejects.toThrow(
      `standard input: has more than ${max} bytes: not a file of this batch`,
    );
  });
});

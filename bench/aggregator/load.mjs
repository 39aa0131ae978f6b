// Loads a leader with uploads, in a process of its own: reports that are well-formed and that nobody can open, each
// with an id of its own, one in a request, over connections that stay open. Prints what it saw as JSON.
//
// node load.mjs PORT TASK-PATH CONFIG-ID UPLOADS CONNECTIONS BYTES

import { randomFillSync } from "node:crypto";
import { connect } from "node:net";

const [port, path, configId, uploads, connections, bytes] = process.argv.slice(2);
const total = Number(uploads);

/** A request, with room for the report's id at its place. */
function template() {
  const share = (Number(bytes) - 30 - 2 * 39) >> 1;
  const body = Buffer.alloc(30 + 2 * (39 + share));
  // 16 bytes of id, 8 of time, no extensions, no public share, and two ciphertexts.
  body.writeBigUInt64BE(29_000_000n, 16);
  for (const at of [30, 30 + 39 + share]) {
    body[at] = Number(configId);
    body.writeUInt16BE(32, at + 1);
    body.writeUInt32BE(share, at + 35);
  }
  const type = "application/ppm-dap;message=upload-req";
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { bytes: Buffer.concat([Buffer.from(head), body]), id: head.length };
}

const request = template();
let [sent, accepted] = [0, 0];
/** @type {Record<string, number>} */
const others = {};

/** Uploads one after the other. @returns {Promise<void>} */
function connection() {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.setNoDelay(true);
    const own = Buffer.from(request.bytes);
    const next = () => {
      if (sent >= total) {
        socket.end();
        resolve();
        return;
      }
      sent++;
      randomFillSync(own, request.id, 16);
      socket.write(own);
    };
    socket.on("connect", next);
    socket.on("error", reject);
    // An answer without a body comes whole.
    socket.on("data", (answer) => {
      const status = answer.toString("latin1", 9, 12);
      if (status === "200") accepted++;
      else others[status] = (others[status] ?? 0) + 1;
      next();
    });
  });
}

const start = process.hrtime.bigint();
await Promise.all(Array.from({ length: Number(connections) }, connection));
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ accepted, others, seconds, processorSeconds: (user + system) / 1e6 }));

// A page's program that sends packets in each way that a browser has. It is compiled with the DOM's types, and never
// run.

import { Client, type Config, PrivateKey, PublicKey, Server, type ServerSecret } from "prio";

/** Sends one report: a packet in a request, in a beacon, through a socket, and in a file. */
export async function send(config: Config, answers: boolean[], socket: WebSocket): Promise<boolean> {
  const { a, b } = new Client(config).encode(answers);
  const response = await fetch("/a", { method: "POST", body: a });
  const request = new Request("/b", { method: "POST", body: new Blob([b]) });
  socket.send(b);
  return response.ok && (await fetch(request)).ok && navigator.sendBeacon("/a", a);
}

/** What a server returns goes the same ways. */
export function store(config: Config, privateKey: PrivateKey, secret: ServerSecret): Promise<ArrayBuffer[]> {
  const server = new Server(config, { id: "A", privateKey, secret });
  const results = [config.batchId, server.totalShare(), server.toBytes(), server.snapshot()];
  const kept = [...results, privateKey.toBytes(), privateKey.publicKey.toBytes(), secret.toBytes()];
  return Promise.all(kept.map((bytes) => crypto.subtle.digest("SHA-256", bytes)));
}

/** What a page receives goes in. */
export async function receive(response: Response): Promise<{ key: PublicKey; pair: PrivateKey }> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { key: PublicKey.fromBytes(bytes), pair: PrivateKey.fromBytes(bytes) };
}

// The recorded vectors (vectors/README.md), decoded: bytes from base64, keys and secrets as objects.

import { Config, type PrgKey, PrivateKey, PublicKey, Server, ServerSecret } from "../../src/index.js";
import { configOver } from "../../src/prio1/config.js";
import type { VectorSpace } from "../../src/prio1/vector.js";
import libprioBool from "../../vectors/libprio-bool.json" with { type: "json" };
import libprioSeedKey from "../../vectors/libprio-seed-key.json" with { type: "json" };
import libprioUint from "../../vectors/libprio-uint.json" with { type: "json" };
import libprioVerdicts from "../../vectors/libprio-verdicts.json" with { type: "json" };

interface RecordedKeys {
  privateKey: string;
  publicKey: string;
}

interface RecordedSession {
  fields: number;
  batchId: string;
  uint?: { precision: number; count: number };
  serverA: RecordedKeys;
  serverB: RecordedKeys;
  secret: string;
}

export interface RecordedReport {
  data: number[];
  packetA: string;
  packetB: string;
  verify1A: string;
  verify1B: string;
  verify2A: string;
  verify2B: string;
}

export interface RecordedBatch extends RecordedSession {
  name: string;
  prgKey: PrgKey;
  reports: RecordedReport[];
  serverStateA?: string;
  serverStateB?: string;
  totalShareA: string;
  totalShareB: string;
  result: string[];
}

export interface RecordedVerdict {
  name: string;
  what: string;
  data: number[];
  packetA: string;
  packetB: string;
  libprio: { opensA: boolean; opensB: boolean; valid: boolean | null };
  expect: "accept" | "reject";
}

export interface Verdicts extends RecordedSession {
  prgKey: PrgKey;
  reports: RecordedVerdict[];
}

/** A recorded file: its cases have the PRG key variant in common. */
interface RecordedFile {
  prgKey: PrgKey;
  cases: Omit<RecordedBatch, "prgKey">[];
}

/** Every batch that libprio recorded: booleans and integers, both PRG key variants. */
export const recordedBatches: RecordedBatch[] = [libprioBool, libprioUint, libprioSeedKey].flatMap((file) => {
  const { prgKey, cases } = file as RecordedFile;
  return cases.map((batch) => ({ ...batch, prgKey }));
});

export const verdicts: Verdicts = libprioVerdicts as Verdicts;

export function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** In pieces: a call takes only so many arguments. */
export function base64(data: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < data.length; start += 8192) {
    binary += String.fromCharCode(...data.subarray(start, start + 8192));
  }
  return btoa(binary);
}

export function configOf(session: RecordedSession & { prgKey: PrgKey }, space?: VectorSpace): Config {
  const options = {
    batchId: session.batchId,
    serverA: PublicKey.fromHex(session.serverA.publicKey),
    serverB: PublicKey.fromHex(session.serverB.publicKey),
    prgKey: session.prgKey,
  };
  const shape = { ...options, ...(session.uint ?? { fields: session.fields }) };
  if (space !== undefined) return configOver(space, shape);
  return "precision" in shape ? Config.forIntegers(shape) : new Config(shape);
}

/** The bits of a recorded report's data, which are integers in batches of integers: the most significant bit first. */
export function bitsOf({ uint }: RecordedSession, data: readonly number[]): number[] {
  if (uint === undefined) return data.slice();
  return data.flatMap((x) => Array.from(x.toString(2).padStart(uint.precision, "0"), Number));
}

/** A fresh pair of sessions for a recorded batch. */
export function serversOf(session: RecordedSession, config: Config): { a: Server; b: Server } {
  const secret = ServerSecret.fromBase64(session.secret);
  return {
    a: new Server(config, { id: "A", privateKey: PrivateKey.fromHex(session.serverA.privateKey), secret }),
    b: new Server(config, { id: "B", privateKey: PrivateKey.fromHex(session.serverB.privateKey), secret }),
  };
}

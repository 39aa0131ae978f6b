// A pair of servers with fresh keys, and the exchange between them, for tests.

import {
  Config,
  type ConfigOptions,
  generateKeyPair,
  type IntegerConfigOptions,
  PrioError,
  type PrioErrorCode,
  Server,
  type ServerOptions,
  ServerSecret,
  type VerifiedReport,
  type Verifier,
} from "../../src/index.js";

/** Made once: key generation is the slow part of a test. */
export const keysA = generateKeyPair();
export const keysB = generateKeyPair();
export const secret = ServerSecret.generate();

type Given<Options> = Omit<Options, "serverA" | "serverB" | "batchId"> & Partial<Options>;

const common = { batchId: "test batch", serverA: keysA.publicKey, serverB: keysB.publicKey };

export function configFor(options: Given<ConfigOptions>): Config {
  return new Config({ ...common, ...options });
}

export function integerConfigFor(options: Given<IntegerConfigOptions>): Config {
  return Config.forIntegers({ ...common, ...options });
}

/** Tests use whatever number of fields they need: test/prio1/warning.node.test.ts asks for the warnings. */
const onWarning = () => undefined;

export function serverA(config: Config, options: Partial<ServerOptions> = {}): Server {
  return new Server(config, { id: "A", privateKey: keysA.privateKey, secret, onWarning, ...options });
}

export function serverB(config: Config, options: Partial<ServerOptions> = {}): Server {
  return new Server(config, { id: "B", privateKey: keysB.privateKey, secret, onWarning, ...options });
}

/** Runs one report's check, with what the network does to the messages in between. */
export function exchange(
  a: Verifier,
  b: Verifier,
  tamper: (messages: { verify1A: Uint8Array; verify1B: Uint8Array }) => {
    verify1A: Uint8Array;
    verify1B: Uint8Array;
  } = (x) => x,
): { a: VerifiedReport | null; b: VerifiedReport | null } {
  const { verify1A, verify1B } = tamper({ verify1A: a.verify1(), verify1B: b.verify1() });
  const verify2A = a.verify2(verify1A, verify1B);
  const verify2B = b.verify2(verify1A, verify1B);
  return { a: a.check(verify2A, verify2B), b: b.check(verify2A, verify2B) };
}

/** Opens, checks and counts one report at both servers; false when the proof does not hold. */
export function process(a: Server, b: Server, packets: { a: Uint8Array; b: Uint8Array }, reportId?: string): boolean {
  const reports = exchange(a.open(packets.a, reportId), b.open(packets.b, reportId));
  if (reports.a === null || reports.b === null) return false;
  a.aggregate(reports.a);
  b.aggregate(reports.b);
  return true;
}

/** The code of the PrioError that `f` throws; fails when it throws another error or none. */
export function codeOf(f: () => unknown): PrioErrorCode {
  return errorOf(f).code;
}

export function errorOf(f: () => unknown): PrioError {
  try {
    f();
  } catch (error) {
    if (error instanceof PrioError) return error;
    throw error;
  }
  throw new Error("expected a PrioError, got none");
}

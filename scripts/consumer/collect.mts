// A user's program on the packed package. It is compiled and run twice: as an ES module, and as a CommonJS file,
// where the imports become calls of require().

import {
  Client,
  Config,
  cryptoInUse,
  generateKeyPair,
  PrioError,
  PrivateKey,
  PublicKey,
  publish,
  Server,
  ServerSecret,
  setCrypto,
  type VerifiedReport,
} from "prio";
import { PublicKey as PublicKeyOfAlias, Server as ServerOfAlias } from "prio/prio1";

interface RecordedPair {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** What libprio recorded of a batch of booleans, with bytes as numbers. */
export interface RecordedBatch {
  readonly fields: number;
  readonly batchId: string;
  readonly privateKeys: { readonly a: string; readonly b: string };
  readonly secret: string;
  readonly reports: readonly {
    readonly packets: RecordedPair;
    readonly verify1: RecordedPair;
    readonly verify2: RecordedPair;
  }[];
  readonly result: readonly string[];
}

interface Pair {
  readonly a: Server;
  readonly b: Server;
}

function expectSame(what: string, got: ArrayLike<unknown>, expected: ArrayLike<unknown>): void {
  const text = (list: ArrayLike<unknown>) => Array.from(list, String).join(" ");
  if (text(got) !== text(expected)) throw new Error(`${what}: expected ${text(expected)}, got ${text(got)}`);
}

/** Checks one report; counts it when it holds. */
function process(servers: Pair, packets: { a: Uint8Array; b: Uint8Array }, id?: string) {
  const [verifierA, verifierB] = [servers.a.open(packets.a, id), servers.b.open(packets.b, id)];
  const verify1 = { a: verifierA.verify1(), b: verifierB.verify1() };
  const verify2 = { a: verifierA.verify2(verify1.a, verify1.b), b: verifierB.verify2(verify1.a, verify1.b) };
  const reportA: VerifiedReport | null = verifierA.check(verify2.a, verify2.b);
  const reportB: VerifiedReport | null = verifierB.check(verify2.a, verify2.b);
  if (reportA === null || reportB === null) throw new Error("an honest report was refused");
  servers.a.aggregate(reportA);
  servers.b.aggregate(reportB);
  return { verify1, verify2 };
}

/** Our own clients and servers, from key generation to published totals, with a changed packet in between. */
function roundTrip(): void {
  const [keysA, keysB] = [generateKeyPair(), generateKeyPair()];
  const config = new Config({ fields: 3, batchId: "runtimes", serverA: keysA.publicKey, serverB: keysB.publicKey });
  const secret = ServerSecret.generate();
  const common = { secret, queryPoints: "report" } as const;
  const servers = {
    a: new Server(config, { id: "A", privateKey: keysA.privateKey, ...common }),
    b: new Server(config, { id: "B", privateKey: keysB.privateKey, ...common }),
  };
  const client = new Client(config);
  process(servers, client.encode([true, false, true]), "one");
  process(servers, client.encode([1, 0, 0]), "two");
  const changed = client.encode([0, 1, 0]).a.map((byte, i) => (i === 50 ? byte ^ 1 : byte));
  try {
    servers.a.open(changed, "three");
    throw new Error("a changed packet opened");
  } catch (error) {
    if (!(error instanceof PrioError) || error.code !== "cannot-open") throw error;
  }
  const totals: bigint[] = publish(config, servers.a.totalShare(), servers.b.totalShare());
  expectSame("totals", totals, [2n, 0n, 1n]);
}

/**
 * The alias is the same library: its keys and types go where the root's go. With one field libprio's proof has its
 * hole, so the session also warns, in the way that this environment has, or not at all.
 */
function aliasOfTheRoot(): void {
  const { publicKey, privateKey } = generateKeyPair();
  const serverA = PublicKeyOfAlias.fromBytes(publicKey.toBytes());
  if (!(serverA instanceof PublicKey)) throw new Error("a key of prio/prio1 is not a key of prio");
  const serverB = generateKeyPair().publicKey;
  const config: ConstructorParameters<typeof ServerOfAlias>[0] = new Config({
    fields: 1,
    batchId: "alias",
    serverA,
    serverB,
  });
  const { a } = new Client(config).encode([1]);
  new ServerOfAlias(config, { id: "A", privateKey, secret: ServerSecret.generate() }).open(a);
}

/** libprio's own reports, to the same bytes. */
function reproduce(batch: RecordedBatch): void {
  const privateKeys = { a: PrivateKey.fromHex(batch.privateKeys.a), b: PrivateKey.fromHex(batch.privateKeys.b) };
  const config = new Config({
    fields: batch.fields,
    batchId: batch.batchId,
    serverA: PublicKey.fromBytes(privateKeys.a.publicKey.toBytes()),
    serverB: PublicKey.fromHex(privateKeys.b.publicKey.toHex()),
  });
  const secret = ServerSecret.fromBase64(batch.secret);
  const servers = {
    a: new Server(config, { id: "A", privateKey: privateKeys.a, secret }),
    b: new Server(config, { id: "B", privateKey: privateKeys.b, secret }),
  };
  for (const report of batch.reports) {
    const packets = { a: Uint8Array.from(report.packets.a), b: Uint8Array.from(report.packets.b) };
    const { verify1, verify2 } = process(servers, packets);
    expectSame("verify1 of A", verify1.a, report.verify1.a);
    expectSame("verify1 of B", verify1.b, report.verify1.b);
    expectSame("verify2 of A", verify2.a, report.verify2.a);
    expectSame("verify2 of B", verify2.b, report.verify2.b);
  }
  expectSame("result", publish(config, servers.a.totalShare(), servers.b.totalShare()), batch.result);
}

/** Runs everything with the cryptography that this runtime chooses, and with the portable one; returns their names. */
export function run(batch: RecordedBatch): string[] {
  return (["auto", "noble"] as const).map((choice) => {
    setCrypto(choice);
    roundTrip();
    aliasOfTheRoot();
    reproduce(batch);
    return cryptoInUse();
  });
}

// Snapshots: a session goes on in a later process with nothing lost and nothing counted twice, and a snapshot that does
// not belong, or is damaged, is refused.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalBytes, toHex } from "../../src/core/bytes.js";
import { sha256 } from "../../src/crypto/stream.js";
import {
  type AtomicReplayRecord,
  Client,
  generateKeyPair,
  publish,
  type ReplayAnswer,
  type ReplayKeys,
  Server,
  type ServerOptions,
  ServerSecret,
  type VerifiedReport,
} from "../../src/index.js";
import {
  codeOf,
  configFor,
  exchange,
  integerConfigFor,
  keysA,
  keysB,
  process,
  secret,
  serverA,
  serverB,
} from "../support/deployment.js";

const config = configFor({ fields: 3 });
const client = new Client(config);
const optionsA: ServerOptions = { id: "A", privateKey: keysA.privateKey, secret, queryPoints: "report" };
const optionsB: ServerOptions = { ...optionsA, id: "B", privateKey: keysB.privateKey };

/** Two sessions that have counted one report. */
function counted(): { a: Server; b: Server } {
  const [a, b] = [new Server(config, optionsA), new Server(config, optionsB)];
  process(a, b, client.encode([1, 0, 1]), "first");
  return { a, b };
}

describe("a restored session", () => {
  it("goes on with total and count", () => {
    const { a, b } = counted();
    const again = Server.restore(config, optionsA, a.snapshot());
    expect([again.reports, again.toBytes(), again.snapshot()]).toEqual([1, a.toBytes(), a.snapshot()]);
    process(again, b, client.encode([1, 1, 0]), "second");
    expect(again.reports).toBe(2);
    expect(publish(config, again.totalShare(), b.totalShare())).toEqual([2n, 1n, 1n]);
    // The snapshot is a copy: it is of the moment.
    expect(Server.restore(config, optionsA, a.snapshot()).reports).toBe(1);
  });

  it("is the session that it was: no merge counts it twice", () => {
    const { a } = counted();
    const [again, both] = [Server.restore(config, optionsA, a.snapshot()), new Server(config, optionsA)];
    for (const [into, other] of [
      [a, again],
      [again, a],
    ] as const) {
      expect(codeOf(() => into.merge(other))).toBe("mismatch");
    }
    both.merge(a);
    const merged = Server.restore(config, optionsA, both.snapshot());
    for (const other of [a, again, both]) expect(codeOf(() => merged.merge(other))).toBe("mismatch");
    const more = new Server(config, optionsA);
    merged.merge(more);
    expect(codeOf(() => Server.restore(config, optionsA, merged.snapshot()).merge(more))).toBe("mismatch");
  });

  it("may have thousands of sessions in it", () => {
    const all = new Server(config, optionsA);
    for (let i = 0; i < 5000; i++) all.merge(new Server(config, optionsA));
    expect(Server.restore(config, optionsA, all.snapshot()).snapshot()).toEqual(all.snapshot());
  });

  it("may have new keys, since they are rolled over", () => {
    const { a } = counted();
    const fresh = generateKeyPair();
    const rolled = configFor({ fields: 3, serverA: fresh.publicKey });
    const options = { ...optionsA, privateKey: [keysA.privateKey, fresh.privateKey] };
    expect(Server.restore(rolled, options, a.snapshot()).reports).toBe(1);
  });

  it("goes on after a crash between opening and counting, with a record that lasts", () => {
    const replays = new LastingRecord();
    const packets = [client.encode([1, 0, 1]), client.encode([0, 1, 1])] as const;
    const b = new Server(config, optionsB);
    const first = new Server(config, { ...optionsA, replays });
    const done = exchange(first.open(packets[0].a, "r0"), b.open(packets[0].b, "r0"));
    replays.answer("r0");
    first.aggregate(done.a as VerifiedReport);
    b.aggregate(done.b as VerifiedReport);
    first.open(packets[1].a, "r1").verify1();
    const saved = first.snapshot();

    // Another process: the second report was opened and not answered, the first one was counted.
    const second = Server.restore(config, { ...optionsA, replays }, saved);
    expect(codeOf(() => second.open(packets[0].a, "r0"))).toBe("replay");
    const later = exchange(second.open(packets[1].a, "r1"), b.open(packets[1].b, "r1"));
    replays.answer("r1");
    second.aggregate(later.a as VerifiedReport);
    b.aggregate(later.b as VerifiedReport);
    expect(second.reports).toBe(2);
    expect(publish(config, second.totalShare(), b.totalShare())).toEqual([1n, 1n, 2n]);
    expect(codeOf(() => Server.restore(config, { ...optionsA, replays }, saved).open(packets[1].a, "r1"))).toBe(
      "replay",
    );
  });
});

describe("a snapshot", () => {
  const { a } = counted();
  const snapshot = a.snapshot();

  it.each<[string, () => Server]>([
    ["server", () => Server.restore(config, optionsB, snapshot)],
    ["secret", () => Server.restore(config, { ...optionsA, secret: ServerSecret.generate() }, snapshot)],
    ["kind of query points", () => Server.restore(config, { ...optionsA, queryPoints: "batch" }, snapshot)],
    ["batch", () => Server.restore(configFor({ fields: 3, batchId: "other" }), optionsA, snapshot)],
    ["number of fields", () => Server.restore(configFor({ fields: 4 }), optionsA, snapshot)],
    ["PRG key", () => Server.restore(configFor({ fields: 3, prgKey: "seed" }), optionsA, snapshot)],
    ["precision", () => Server.restore(integerConfigFor({ count: 3, precision: 1 }), optionsA, snapshot)],
  ])("of another %s is refused", (_what, restore) => {
    expect(codeOf(restore)).toBe("mismatch");
  });

  it("that was altered by whoever lacks the secret is refused, though its checksum is right", () => {
    for (let i = 0; i < 8 * (snapshot.length - 34); i++) {
      const altered = snapshot.slice();
      altered[i >> 3] = (altered[i >> 3] as number) ^ (1 << (i & 7));
      altered.set(sha256(altered.subarray(0, -34)), altered.length - 32);
      expect(["malformed", "mismatch"]).toContain(codeOf(() => Server.restore(config, optionsA, altered)));
    }
  });

  it("with one bit changed, cut, or longer is refused as damaged", () => {
    for (let i = 0; i < 8 * snapshot.length; i++) {
      const damaged = snapshot.slice();
      damaged[i >> 3] = (damaged[i >> 3] as number) ^ (1 << (i & 7));
      expect(codeOf(() => Server.restore(config, optionsA, damaged))).toBe("malformed");
    }
    for (let length = 0; length < snapshot.length; length++) {
      expect(codeOf(() => Server.restore(config, optionsA, snapshot.subarray(0, length)))).toBe("malformed");
    }
    expect(codeOf(() => Server.restore(config, optionsA, Uint8Array.of(...snapshot, 0)))).toBe("malformed");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => Server.restore(config, optionsA, bytes))).toBe("malformed");
      }),
    );
    for (const bytes of [a.toBytes(), a.totalShare()]) {
      expect(codeOf(() => Server.restore(config, optionsA, bytes))).toBe("malformed");
    }
    expect(codeOf(() => Server.fromBytes(config, optionsA, snapshot))).toBe("malformed");
  });

  it("does not show the secret or a key", () => {
    for (const bytes of [secret.toBytes(), keysA.privateKey.toBytes()]) {
      expect(toHex(snapshot)).not.toContain(toHex(bytes).slice(0, 16));
    }
    // Two secrets give two seals, and nothing else differs but the session's id.
    const [x, y] = [serverA(config), serverA(config, { secret: ServerSecret.generate() })];
    expect(equalBytes(x.snapshot().slice(-68, -34), y.snapshot().slice(-68, -34))).toBe(false);
    expect(x.snapshot().length).toBe(serverB(config).snapshot().length);
  });
});

/** A record that outlives a session, as a database does. */
class LastingRecord implements AtomicReplayRecord {
  readonly #known = new Map<string, { point: string; isAnswered: boolean }>();
  readonly #packets = new Map<string, string>();
  readonly #ids = new Map<string, string>();

  addReport({ packet, report }: ReplayKeys, point: Uint8Array): ReplayAnswer {
    const [p, r] = [toHex(packet), toHex(report as Uint8Array)];
    const known = this.#known.get(r);
    if (known !== undefined) {
      const isSame = this.#packets.get(p) === r && known.point === toHex(point);
      return isSame && !known.isAnswered ? "again" : "report";
    }
    if (this.#packets.has(p)) return "packet";
    this.#known.set(r, { point: toHex(point), isAnswered: false });
    this.#packets.set(p, r);
    this.#ids.set(`r${this.#ids.size}`, r);
    return "new";
  }

  /** Records that verify2 left for the report of this id; here the ids count the reports. */
  answer(id: string): void {
    const known = this.#known.get(this.#ids.get(id) as string);
    if (known !== undefined) known.isAnswered = true;
  }
}

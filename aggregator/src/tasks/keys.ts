// The HPKE keys that clients seal input shares to (DAP-18, section 4.4.1), from pending over active to expired. A key
// is known to all processes before a client may learn of it. It opens reports until long after clients were told
// another.

import { type HpkeConfig, HpkeKeyPair } from "prio/dap";
import type { HpkeKeyRow, Store, Transaction } from "../store/store.js";
import { OperatorError } from "./operator-error.js";
import type { Secrets } from "./secrets.js";

/** When keys change their state, in seconds. */
export interface KeyPolicy {
  /** A pending key becomes active after this, when all processes have read it. */
  readonly activateAfter: number;
  /** A new key is made when the active one is this old; null: only by the command. */
  readonly rotateEvery: number | null;
  /** An expired key is removed after this. Reports that were sealed to it and still wait are lost then. */
  readonly keepExpired: number;
}

const DAY = 86_400;

export const DEFAULT_KEY_POLICY: KeyPolicy = { activateAfter: 300, rotateEvery: 90 * DAY, keepExpired: 90 * DAY };

/** The ids that an HPKE configuration can have. */
const IDS = 256;

/** What {@link advanceHpkeKeys} did to a key. */
export interface KeyChange {
  readonly id: number;
  readonly to: HpkeKeyRow["state"] | "removed";
}

/** The keys of a process, read from the store again and again. */
export class HpkeKeys {
  readonly #store: Store;
  readonly #secrets: Secrets;
  #rows: ReadonlyMap<number, { readonly row: HpkeKeyRow; readonly pair: HpkeKeyPair }> = new Map();
  #announced: readonly HpkeConfig[] = [];
  #last: { readonly time: number; readonly reading: Promise<void> } | null = null;
  /** How many readings began, and the one whose keys are there. */
  #begun = 0;
  #read = 0;

  private constructor(store: Store, secrets: Secrets) {
    this.#store = store;
    this.#secrets = secrets;
  }

  /** Throws an OperatorError if the keys are sealed under another key. */
  static async load(store: Store, secrets: Secrets): Promise<HpkeKeys> {
    const keys = new HpkeKeys(store, secrets);
    await keys.refresh();
    return keys;
  }

  /** The active keys' configurations, the newest first. */
  announced(): readonly HpkeConfig[] {
    return this.#announced;
  }

  /** The key pair of an id, of whatever state: another process may have announced it a moment before this one. */
  pair(id: number): HpkeKeyPair | undefined {
    return this.#rows.get(id)?.pair;
  }

  refreshOnceAt(time: number): Promise<void> {
    if (this.#last?.time !== time) this.#last = { time, reading: this.refresh() };
    return this.#last.reading;
  }

  /** When it is done, all keys are known that there were when it was called. */
  async refresh(): Promise<void> {
    const reading = ++this.#begun;
    const rows = await this.#store.run("read HPKE keys", (tx) => tx.hpkeKeys());
    // One that began later has ended first, and what this one has read may lack a key.
    if (reading < this.#read) return;
    const next = new Map<number, { row: HpkeKeyRow; pair: HpkeKeyPair }>();
    for (const row of rows) {
      const known = this.#rows.get(row.id);
      const isSame = known !== undefined && Buffer.compare(known.row.sealed, row.sealed) === 0;
      const pair = isSame ? known.pair : HpkeKeyPair.fromBytes(row.id, this.#secrets.open(rowName(row), row.sealed));
      next.set(row.id, { row, pair });
    }
    this.#read = reading;
    this.#rows = next;
    this.#announced = Array.from(next.values())
      .filter(({ row }) => row.state === "active")
      .sort((a, b) => b.row.changedAt - a.row.changedAt)
      .map(({ pair }) => pair.config);
  }
}

/** Makes a pending key, unless there is one, and returns its id. */
export async function addPendingKey(tx: Transaction, secrets: Secrets, at: number): Promise<number> {
  const rows = await tx.hpkeKeys();
  const pending = rows.find(({ state }) => state === "pending");
  return pending === undefined ? await insertKey(tx, secrets, rows, "pending", at) : pending.id;
}

/**
 * Does what time asks for: makes the first key, makes a successor when the active key has become old, activates what
 * was pending long enough, and removes what expired long ago. Any process may call it at any time.
 */
export async function advanceHpkeKeys(
  tx: Transaction,
  secrets: Secrets,
  policy: KeyPolicy,
  at: number,
): Promise<KeyChange[]> {
  const rows = await tx.hpkeKeys();
  const changes: KeyChange[] = [];
  const active = rows.filter(({ state }) => state === "active");
  const pending = rows.filter(({ state }) => state === "pending");
  if (active.length === 0 && pending.length === 0) {
    return [{ id: await insertKey(tx, secrets, rows, "active", at), to: "active" }];
  }
  const ready = pending.filter(({ changedAt }) => active.length === 0 || changedAt + policy.activateAfter <= at);
  for (const { id } of ready) {
    await tx.updateHpkeKey(id, "active", at);
    changes.push({ id, to: "active" });
  }
  if (ready.length > 0) {
    for (const { id } of active) {
      await tx.updateHpkeKey(id, "expired", at);
      changes.push({ id, to: "expired" });
    }
  } else if (pending.length === 0 && policy.rotateEvery !== null) {
    const { rotateEvery } = policy;
    if (active.every(({ changedAt }) => changedAt + rotateEvery <= at)) {
      changes.push({ id: await insertKey(tx, secrets, rows, "pending", at), to: "pending" });
    }
  }
  for (const { id, state, changedAt } of rows) {
    if (state !== "expired" || changedAt + policy.keepExpired > at) continue;
    await tx.removeHpkeKey(id);
    changes.push({ id, to: "removed" });
  }
  return changes;
}

/** Seals under the current key what is sealed under the old one, and returns how many keys that were. */
export async function resealHpkeKeys(tx: Transaction, secrets: Secrets): Promise<number> {
  const rows = (await tx.hpkeKeys()).filter(({ sealed }) => secrets.isOld(sealed));
  for (const row of rows) {
    const sealed = secrets.seal(rowName(row), secrets.open(rowName(row), row.sealed));
    await tx.removeHpkeKey(row.id);
    await tx.insertHpkeKey({ ...row, sealed });
  }
  return rows.length;
}

/** A new key under the id after the newest one's, so that an id comes again as late as possible. */
async function insertKey(
  tx: Transaction,
  secrets: Secrets,
  rows: readonly HpkeKeyRow[],
  state: HpkeKeyRow["state"],
  at: number,
): Promise<number> {
  const taken = new Set(rows.map(({ id }) => id));
  if (taken.size === IDS) throw new OperatorError("no id is free for another HPKE key: all 256 are in use");
  const newest = rows.reduce<HpkeKeyRow | null>((a, b) => (a === null || b.createdAt >= a.createdAt ? b : a), null);
  let id = newest === null ? 1 : (newest.id + 1) % IDS;
  while (taken.has(id)) id = (id + 1) % IDS;
  const sealed = secrets.seal(rowName({ id, createdAt: at }), HpkeKeyPair.generate(id).toBytes());
  // If another process has made the key at the same moment, that one is as good.
  await tx.insertHpkeKey({ id, state, sealed, createdAt: at, changedAt: at });
  return id;
}

const rowName = ({ id, createdAt }: Pick<HpkeKeyRow, "id" | "createdAt">): string => `HPKE key ${id} of ${createdAt}`;

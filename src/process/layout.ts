// Where everything is in the stores: the folders of prio-processor, and beside them what only this command knows, under
// names that Spark and prio-processor pass over. OWN stands for {prefix}/{the other server's public key}/{app}/{date},
// and PEER for the same with this server's key:
//
//   ingest   OWN/raw/shares/{batch}/…                       this server's shares
//   private  OWN/intermediate/internal/{stage}/{batch}/…    its own messages
//   private  OWN/processed/publish/{batch}/…                the totals
//   shared   OWN/intermediate/external/{stage}/{batch}/…    the other server's messages
//   peer     PEER/intermediate/external/{stage}/{batch}/…   this server's messages for the other

import type { ServerStage } from "../batch/batch.js";

/** What the servers tell each other of a batch, in this order: the batch itself, and then the result of each stage. */
export const EXCHANGES = ["manifest", "verify1", "verify2", "aggregate"] as const;

export type Exchange = (typeof EXCHANGES)[number];

/** Says that a folder is complete. */
export const SUCCESS = "_SUCCESS";
/** Describes a folder and its parts (manifest.ts). */
export const MANIFEST = "_manifest.json";
/** Says that a server has given a batch up, and why. */
export const GIVEN_UP = "_given_up.json";

/** The parts of keys that both servers set. */
export interface LayoutSettings {
  readonly prefix: string;
  readonly app: string;
  readonly publicKeyInternal: string;
  readonly publicKeyExternal: string;
}

/** What is not of a day. */
export class AppLayout {
  readonly #app: string;
  readonly #settings: LayoutSettings;

  constructor(settings: LayoutSettings) {
    this.#settings = settings;
    this.#app = `${settings.prefix}/${settings.publicKeyExternal}/${settings.app}`;
  }

  /** In the private store: the locks of runs. */
  get locks(): string {
    return `${this.#app}/_locks/`;
  }

  /** In the private store: says that a replay record of a batch has begun. */
  replayMark(batchFolder: string): string {
    return `${this.#app}/_replays/${batchFolder}.json`;
  }

  day(date: string): DayLayout {
    return new DayLayout(this.#settings, date);
  }
}

/** The folders of a day. None of them ends with a slash. */
export class DayLayout {
  readonly #own: string;
  readonly #peer: string;

  constructor({ prefix, app, publicKeyInternal, publicKeyExternal }: LayoutSettings, date: string) {
    this.#own = `${prefix}/${publicKeyExternal}/${app}/${date}`;
    this.#peer = `${prefix}/${publicKeyInternal}/${app}/${date}`;
  }

  /** In the ingest store. */
  get raw(): string {
    return `${this.#own}/raw/shares`;
  }

  /** In the private store: what this server made. */
  internal(exchange: Exchange): string {
    return `${this.#own}/intermediate/internal/${exchange}`;
  }

  /** In the shared store: what the other server wrote for this one. */
  incoming(exchange: Exchange): string {
    return `${this.#own}/intermediate/external/${exchange}`;
  }

  /** In the peer's store: what this server writes for the other. */
  outgoing(exchange: Exchange): string {
    return `${this.#peer}/intermediate/external/${exchange}`;
  }

  /** In the private store. */
  get published(): string {
    return `${this.#own}/processed/publish`;
  }

  /** In the private store: where the last run stood, for people. */
  get status(): string {
    return `${this.#own}/_status.json`;
  }
}

/** The exchange before one, or undefined for the first. */
export function exchangeBefore(stage: ServerStage): Exchange {
  return EXCHANGES[EXCHANGES.indexOf(stage) - 1] as Exchange;
}

// The HPKE configurations of aggregators (DAP-18, section 4.4.1): asked for, chosen from, and kept as long as the
// answer says.

import type { AggregatorRole } from "./codes.js";
import { DapError } from "./dap-error.js";
import { freshness } from "./header-fields.js";
import { isHpkeConfigSupported } from "./hpke-keys.js";
import { MEDIA_TYPES } from "./media-types.js";
import type { Signal } from "./platform.js";
import type { DapAnswer, Transport } from "./transport.js";
import { decodeHpkeConfigList, type HpkeConfig } from "./upload-messages.js";

/** The most bytes of an HpkeConfigList. */
const LONGEST = 2 + 0xffff;

/** A configuration that was chosen, and how long it is good for. */
interface Kept {
  readonly config: HpkeConfig;
  /** In milliseconds since 1970, as the two below. */
  readonly since: number;
  readonly freshUntil: number;
  /** Until then it is used if the aggregator cannot be asked. */
  readonly usableUntil: number;
}

/** Whose configuration is wanted, and how it is asked for. */
export interface Wanted {
  readonly transport: Transport;
  readonly server: AggregatorRole;
  /** The address of the configurations. */
  readonly url: string;
  readonly signal?: Signal | undefined;
}

/**
 * Keeps the HPKE configurations of aggregators in memory. Each client has its own unless it is given one that several
 * clients share.
 */
export class HpkeConfigCache {
  readonly #kept = new Map<string, Kept>();
  readonly #asked = new Map<string, Promise<HpkeConfig>>();
  /** Addresses whose answers the platform's own cache may still have, though they are outdated. */
  readonly #outdated = new Set<string>();

  /**
   * The configuration to encrypt to: the first of the aggregator's that this library has the algorithms for. One that
   * has become stale is used when the aggregator cannot be reached: it must accept those for twice as long as it lets
   * them be kept. Throws a {@link DapError}, and the signal's reason.
   *
   * @internal
   */
  async get(wanted: Wanted): Promise<HpkeConfig> {
    const { transport, url, signal } = wanted;
    const kept = this.#kept.get(url);
    const now = transport.clock();
    const isSince = (until: number): boolean => kept !== undefined && now >= kept.since && now < until;
    if (kept !== undefined && isSince(kept.freshUntil)) return kept.config;
    // Who asks at the same time shares the answer, and nobody's signal ends it for the others.
    const asked = this.#asked.get(url) ?? this.#ask(wanted);
    this.#asked.set(url, asked);
    try {
      return await unlessAborted(asked, signal);
    } catch (error) {
      const isAway = error instanceof DapError && error.code === "unavailable";
      if (isAway && kept !== undefined && isSince(kept.usableUntil)) return kept.config;
      throw error;
    }
  }

  /**
   * Forgets a configuration that the leader calls outdated, unless another one was fetched since.
   *
   * @internal
   */
  forget(url: string, config: HpkeConfig): void {
    if (this.#kept.get(url)?.config === config) this.#kept.delete(url);
    if (!this.#kept.has(url)) this.#outdated.add(url);
  }

  async #ask({ transport, server, url }: Wanted): Promise<HpkeConfig> {
    try {
      const request = {
        server,
        method: "GET",
        url,
        what: "HPKE configuration",
        headers: { accept: MEDIA_TYPES.HpkeConfigList },
        longest: LONGEST,
        isPublic: true,
        isReloaded: this.#outdated.has(url),
      } as const;
      const { config, header } = await transport.send(request, (answer) => choose(server, answer));
      this.#outdated.delete(url);
      const lifetime = 1000 * freshness(header);
      const since = transport.clock();
      if (lifetime > 0) {
        this.#kept.set(url, { config, since, freshUntil: since + lifetime, usableUntil: since + 2 * lifetime });
      } else this.#kept.delete(url);
      return config;
    } finally {
      this.#asked.delete(url);
    }
  }
}

/** The first configuration that this library has the algorithms for. */
function choose(server: AggregatorRole, answer: DapAnswer): { config: HpkeConfig } & DapAnswer {
  const configs = decodeHpkeConfigList(answer.body);
  const config = configs.find(isUsable);
  if (config !== undefined) return { ...answer, config };
  const suites = configs.map(({ kemId, kdfId, aeadId }) => [kemId, kdfId, aeadId].map(hex).join("/")).join(", ");
  const message = `${server}: HPKE configuration: expected one with algorithms that this library has, got ${suites}`;
  throw new DapError("refused", message, { server, status: answer.status });
}

const KEY_BYTES = 32;
const isUsable = (config: HpkeConfig): boolean =>
  isHpkeConfigSupported(config) && config.publicKey.length === KEY_BYTES;

const hex = (x: number): string => `0x${x.toString(16).padStart(4, "0")}`;

/** Waits for a promise, but not longer than the signal lets it. */
function unlessAborted<T>(promise: Promise<T>, signal: Signal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop);
    const end = (): void => signal.removeEventListener("abort", stop);
    promise.then(resolve, reject).then(end, end);
  });
}

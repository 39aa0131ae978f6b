// A process of an aggregator: the store, the tasks and keys that it reads again and again, the roles that it has, and
// the order in which all of that begins and ends.

import { randomBytes } from "node:crypto";
import { measuredStore } from "../admin/measured-store.js";
import { PromMetrics } from "../admin/metrics.js";
import { openAdmin } from "../admin/server.js";
import { type Config, isLoopback } from "../config.js";
import type { Context } from "../context.js";
import type { Logger } from "../log.js";
import { openOperatorsStore } from "../operators-store.js";
import { HpkeKeys } from "../tasks/keys.js";
import { TaskRegistry } from "../tasks/registry.js";
import type { Secrets } from "../tasks/secrets.js";
import { atAddress } from "./address.js";
import { type Api, startApi } from "./api.js";
import { advanceKeys, keyPolicy, startCleaner } from "./cleaner.js";
import { startDriverRole } from "./driver.js";
import { every } from "./repetition.js";

export interface RunningProcess {
  readonly ctx: Context;
  /** Where requests come in; null without the role. */
  readonly port: number | null;
  /** The admin port's address. */
  readonly adminUrl: string;
  /** Reads certificates, tasks and keys again. */
  reload(): Promise<void>;
  /** Stops accepting, ends what runs, gives leases back, and closes the store. */
  stop(): Promise<void>;
}

/** Of the time that a process has to end, what requests may take. */
const PART_OF_REQUESTS = 0.6;

/** Throws an OperatorError for what an operator can put right. */
export async function startProcess(config: Config, secrets: Secrets, log: Logger): Promise<RunningProcess> {
  const metrics = new PromMetrics();
  const store = measuredStore(await openOperatorsStore(config.database, true), metrics);
  const ends: (() => Promise<unknown>)[] = [() => store.close()];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) {
      try {
        await end();
      } catch (err) {
        log.error({ err }, "a part did not end well");
      }
    }
  };
  try {
    const tasks = await TaskRegistry.load(store, secrets);
    const keys = await HpkeKeys.load(store, secrets);
    const clock = (): number => Math.floor(Date.now() / 1000);
    const ctx: Context = { store, tasks, keys, clock, random: (bytes) => randomBytes(bytes), log, metrics };
    if (config.roles.includes("api")) await advanceKeys(ctx, secrets, keyPolicy(config));

    let isStopping = false;
    const admin = await atAddress("adminListen", config.adminListen, () =>
      openAdmin(ctx, metrics, {
        ...config.adminListen,
        names: config.adminNames,
        notReady: () => (isStopping ? "the process is stopping" : null),
      }),
    );
    ends.push(() => admin.close());
    if (!isLoopback(config.adminListen.host)) {
      log.warn({ port: config.adminListen.port }, "the admin port has no password, and others can reach it");
    }
    const refresh = (): Promise<unknown> => Promise.all([tasks.refresh(), keys.refresh()]);
    const refreshing = every(ctx, "refresh", config.refreshSeconds, refresh);
    ends.push(() => refreshing.stop());

    const api = config.roles.includes("api") ? await startApi(ctx, config) : null;
    const working = [
      ...(config.roles.includes("driver") ? [startDriverRole(ctx, config)] : []),
      ...(config.roles.includes("cleaner") ? [startCleaner(ctx, config, secrets)] : []),
    ];
    // What the roles still do they do at the same time.
    ends.push(() =>
      Promise.all([api?.stop(config.shutdownSeconds * PART_OF_REQUESTS), ...working.map((role) => role.stop())]),
    );
    announce(ctx, config, api, admin.url);
    return {
      ctx,
      port: api?.port ?? null,
      adminUrl: admin.url,
      async reload() {
        api?.reload();
        await refresh();
      },
      stop() {
        isStopping = true;
        return stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function announce({ log, tasks }: Context, config: Config, api: Api | null, adminUrl: string): void {
  const { roles, tlsCert, behindProxy } = config;
  if (api !== null && tlsCert === null && !behindProxy) {
    log.warn({ port: api.port }, "there is no certificate: only this machine can reach the server");
  }
  log.info({ name: "admin", port: Number(new URL(adminUrl).port) }, "admin port opened");
  const port = api === null ? {} : { port: api.port, tls: tlsCert !== null };
  log.info({ roles, ...port, count: tasks.all().length, store: config.database.split(":", 1)[0] }, "started");
}

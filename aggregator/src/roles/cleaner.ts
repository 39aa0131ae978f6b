// The role that keeps house: HPKE keys come and go with their time, what is no longer needed is removed, and space is
// given back. Any number of processes may do it.

import type { Config } from "../config.js";
import type { Context } from "../context.js";
import { expire } from "../jobs/expire.js";
import { advanceHpkeKeys, DEFAULT_KEY_POLICY, type KeyPolicy } from "../tasks/keys.js";
import type { Secrets } from "../tasks/secrets.js";
import { every, type Repetition } from "./repetition.js";

const DAY = 86_400;

export function keyPolicy({ hpkeRotateDays, hpkeKeepDays, hpkeConfigMaxAge }: Config): KeyPolicy {
  return {
    ...DEFAULT_KEY_POLICY,
    rotateEvery: hpkeRotateDays === 0 ? null : hpkeRotateDays * DAY,
    // Clients use a key that they were told of for as long as they may keep it (DAP-18, section 4.4.1: twice as long).
    keepExpired: Math.max(hpkeKeepDays * DAY, 2 * hpkeConfigMaxAge),
  };
}

/** Makes the first key where there is none, activates, replaces and removes keys. */
export async function advanceKeys(ctx: Context, secrets: Secrets, policy: KeyPolicy): Promise<void> {
  const changes = await ctx.store.run("advance HPKE keys", (tx) => advanceHpkeKeys(tx, secrets, policy, ctx.clock()));
  for (const { id, to } of changes) ctx.log.info({ key: id, state: to }, "HPKE key changed");
  if (changes.length > 0) await ctx.keys.refresh();
}

/** Seconds by which the clock may differ from the time that has passed. */
const JUMP = 3600;

/**
 * Says whether the clock went on as time did since this was made. What is removed by a clock that is ahead, be it for a
 * minute, is lost: reports and keys, and for a task without an end everything until the clock's time has come. Where it
 * stays so for a day, the jump was right, such as that of a machine that slept. Another one within a day of it begins
 * no new wait, or a machine that sleeps each night would remove nothing.
 */
export function steadiness({ clock }: Pick<Context, "clock">, passed = () => performance.now() / 1000): () => boolean {
  const difference = (): number => clock() - passed();
  let right = difference();
  let jump: { readonly to: number; readonly at: number } | null = null;
  return () => {
    const now = difference();
    if (Math.abs(now - right) < JUMP) {
      jump = null;
      return true;
    }
    if (jump === null || Math.abs(now - jump.to) >= DAY) jump = { to: now, at: passed() };
    if (passed() - jump.at < DAY) return false;
    right = now;
    jump = null;
    return true;
  };
}

export function startCleaner(ctx: Context, config: Config, secrets: Secrets): Repetition {
  const policy = keyPolicy(config);
  const isSteady = steadiness(ctx);
  return every(ctx, "clean", config.cleanSeconds, async (signal) => {
    if (!isSteady()) {
      ctx.log.error(
        {},
        "the clock has jumped: for a day nothing is removed, unless it becomes right or this process starts again",
      );
      return;
    }
    await advanceKeys(ctx, secrets, policy);
    let isMore = true;
    while (isMore && !signal.aborted && isSteady()) isMore = await expire(ctx);
  });
}

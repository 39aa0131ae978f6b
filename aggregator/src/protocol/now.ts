// The time, as it is stored: whole seconds since 1970.

import type { Context } from "../context.js";

export function nowOf(ctx: Pick<Context, "clock">): number {
  return Math.floor(ctx.clock());
}

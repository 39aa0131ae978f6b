// GET {aggregator}/hpke_config: the keys that clients seal input shares to (DAP-18, section 4.4.1).

import type { FastifyInstance } from "fastify";
import { encodeHpkeConfigList, type HpkeConfig, MEDIA_TYPES } from "prio/dap";
import type { Context } from "../context.js";
import { Problem } from "../problem.js";
import { PATHS } from "./resources.js";

export function hpkeConfigResource(app: FastifyInstance, ctx: Context, maxAge: number): void {
  let known: readonly HpkeConfig[] = [];
  let encoded = Buffer.alloc(0);
  app.get(PATHS.hpkeConfig, { exposeHeadRoute: true }, (_request, reply) => {
    const configs = ctx.keys.announced();
    if (configs.length === 0)
      throw new Problem("unavailable", "this server has no active HPKE key", { retryAfter: 60 });
    if (configs !== known) {
      encoded = Buffer.from(encodeHpkeConfigList(configs));
      known = configs;
    }
    return reply
      .header("cache-control", `public, max-age=${maxAge}`)
      .header("content-type", MEDIA_TYPES.HpkeConfigList)
      .send(encoded);
  });
}

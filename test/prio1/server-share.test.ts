// A server's share during its check: B's, grown from a seed in pieces, is the share that the whole seed gives.

import { describe, expect, it } from "vitest";
import { systemRandom } from "../../src/core/random.js";
import { PIECE } from "../../src/prio1/data-share.js";
import { expandSeed } from "../../src/prio1/packet.js";
import { snipOf } from "../../src/prio1/parameters.js";
import { ServerShare } from "../../src/prio1/server-share.js";
import { QueryPoint } from "../../src/prio1/snip.js";
import { configFor } from "../support/deployment.js";

describe.each([1, 2, 1000, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 5])("with %i fields", (fields) => {
  const config = configFor({ fields });
  const snip = snipOf(config);
  const seeded = { a: 1n, b: 2n, c: 3n, f0: 4n, g0: 5n, h0: 6n, seed: systemRandom(16) };
  const whole = expandSeed(config, seeded);
  const point = new QueryPoint(snip, 123456789n);
  const totalOf = (share: ServerShare) => {
    const total = snip.space.fromIntegers(new Uint8Array(fields).fill(7));
    share.data.addTo(total);
    return total.toBigInts();
  };
  const expected = totalOf(new ServerShare(config, whole));

  it("B's share gives what the expanded one gives, checked first or only counted, again and again", () => {
    const [share, counted] = [new ServerShare(config, seeded), new ServerShare(config, seeded)];
    for (let i = 0; i < 2; i++) {
      expect(share.evaluate(point, false)).toEqual(point.evaluate(whole, false));
      expect(totalOf(share)).toEqual(expected);
      expect(totalOf(counted)).toEqual(expected);
    }
    expect(share.proof).toMatchObject({ a: 1n, b: 2n, c: 3n, f0: 4n, g0: 5n, h0: 6n });
  });
});

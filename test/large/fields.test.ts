// The largest report that the format has: too slow for every run.

import { expect, it } from "vitest";
import { Client, Config, publish } from "../../src/index.js";
import { configFor, exchange, integerConfigFor, process, serverA, serverB } from "../support/deployment.js";

it("262,143 fields are encoded, checked, added up and published, and with a changed message refused", () => {
  const config = configFor({ fields: Config.maxFields });
  const values = Uint8Array.from({ length: config.fields }, (_, i) => Number(i % 7 < 3));
  const packets = new Client(config).encode(values);
  const [a, b] = [serverA(config), serverB(config)];
  expect(process(a, b, packets)).toBe(true);
  expect(publish(config, a.totalShare(), b.totalShare())).toEqual(Array.from(values, BigInt));

  // The same packets at another pair of sessions, with a changed verify message.
  const verifiers = [serverA(config).open(packets.a), serverB(config).open(packets.b)] as const;
  const swap = ({ verify1A }: { verify1A: Uint8Array }) => ({ verify1A, verify1B: verify1A });
  expect(exchange(...verifiers, swap)).toEqual({ a: null, b: null });
});

it("6,241 integers of 42 bits", () => {
  const config = integerConfigFor({ count: 6241, precision: 42 });
  const values = Array.from({ length: 6241 }, (_, i) => 2n ** 42n - 1n - BigInt(i));
  const [a, b] = [serverA(config), serverB(config)];
  expect(process(a, b, new Client(config).encodeIntegers(values))).toBe(true);
  expect(publish(config, a.totalShare(), b.totalShare())).toEqual(values);
});

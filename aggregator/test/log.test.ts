// The log drops by construction what must not stand in it.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLogger, scrub } from "../src/log.js";

function capture(): { lines: () => Record<string, unknown>[]; log: ReturnType<typeof createLogger> } {
  const written: string[] = [];
  const log = createLogger("debug", { write: (line: string) => void written.push(line) });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe("log", () => {
  test("writes one line an event with the fields that are known", () => {
    const { log, lines } = capture();
    log.info({ task: "abc", status: 200, roles: ["api"] }, "uploaded");
    expect(lines()).toEqual([
      { level: "info", time: expect.any(String), task: "abc", status: 200, roles: ["api"], msg: "uploaded" },
    ]);
  });

  test("drops fields that are not, whole requests among them", () => {
    const { log, lines } = capture();
    const secret = { ip: "192.0.2.7", headers: { authorization: "Bearer marker" } };
    log.warn({ req: secret, res: secret, reportId: "marker", share: new Uint8Array(3), task: { secret } }, "refused");
    expect(JSON.stringify(lines())).not.toMatch(/marker|192\.0\.2|secret/);
    expect(Object.keys(lines()[0] ?? {})).toEqual(["level", "time", "msg"]);
  });

  test("takes addresses out of messages of errors", () => {
    const { log, lines } = capture();
    log.error({ err: new Error("connect ECONNREFUSED 192.0.2.7:8080, then [2001:db8::7]:443 and ::1") }, "failed");
    log.error(new Error("from 192.0.2.9") as never);
    log.info("plain 192.0.2.10");
    const text = JSON.stringify(lines());
    expect(text).not.toMatch(/192\.0\.2|2001|::1/);
    expect(lines()[0]?.["err"]).toMatchObject({
      name: "Error",
      message: "connect ECONNREFUSED [address], then [[address]]:443 and [address]",
    });
    expect(text).not.toContain(process.cwd());
  });

  test("keeps times and ordinary words", () => {
    expect(scrub("waiting for the helper: 403, since 12:30:05")).toBe("waiting for the helper: 403, since 12:30:05");
  });

  test("scrubs every address", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.constantFrom("", " "), (address, gap) => {
        expect(scrub(`from ${address}${gap}`)).not.toContain(` ${address}`);
      }),
      { numRuns: 500 },
    );
  });
});

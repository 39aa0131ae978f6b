// The warning of the hole in libprio's proof: when, to whom, and how often.

import { afterEach, describe, expect, it, vi } from "vitest";
import type { WarningHook } from "../../src/index.js";
import { codeOf, configFor, integerConfigFor, serverA, serverB } from "../support/deployment.js";

const hook = () => vi.fn<WarningHook>();

describe("a session warns", () => {
  it("of 2^k − 1 fields with libprio's points, and of nothing else", () => {
    for (const queryPoints of ["stream", "first", "report", "batch"] as const) {
      for (const [fields, hasHole] of [
        [1, true],
        [2, false],
        [3, true],
        [7, true],
        [8, false],
        [262143, true],
      ] as const) {
        const onWarning = hook();
        serverA(configFor({ fields }), { queryPoints, onWarning });
        const isDue = hasHole && (queryPoints === "stream" || queryPoints === "first");
        expect(onWarning).toHaveBeenCalledTimes(isDue ? 1 : 0);
        if (!isDue) continue;
        const [[{ code, message }]] = onWarning.mock.calls as [Parameters<WarningHook>];
        expect(code).toBe("proof-hole");
        // The danger and the remedies.
        for (const word of [`${fields} fields`, queryPoints, "hole", "Add a field", "count", '"report"']) {
          expect(message).toContain(word);
        }
      }
    }
    const onWarning = hook();
    serverA(integerConfigFor({ count: 3, precision: 5 }), { onWarning });
    expect(onWarning).toHaveBeenCalledOnce();
  });

  it("each hook once", () => {
    const [one, other] = [hook(), hook()];
    for (let i = 0; i < 3; i++) {
      serverA(configFor({ fields: 3 }), { onWarning: one });
      serverB(configFor({ fields: 7 }), { onWarning: i === 0 ? one : other });
    }
    expect([one.mock.calls.length, other.mock.calls.length]).toEqual([1, 1]);
  });

  it("no hook that is no function", () => {
    for (const onWarning of [null, 1, "console", {}]) {
      expect(codeOf(() => serverA(configFor({ fields: 4 }), { onWarning: onWarning as never }))).toBe(
        "invalid-argument",
      );
    }
  });
});

describe("without a hook", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("the platform's own is told once, and a console never", async () => {
    const written = (["log", "warn", "error", "info", "debug"] as const).map((name) => vi.spyOn(console, name));
    const emitted = vi.fn();
    vi.resetModules();
    vi.stubGlobal("process", { emitWarning: emitted });
    const { Config, generateKeyPair, Server, ServerSecret } = await import("../../src/index.js");
    const [{ publicKey: serverA, privateKey }, { publicKey: serverB }] = [generateKeyPair(), generateKeyPair()];
    const config = new Config({ fields: 3, batchId: "b", serverA, serverB });
    const make = () => new Server(config, { id: "A", privateKey, secret: ServerSecret.generate() });
    // A browser has no process, and a platform may have one that cannot do this.
    for (const process of [undefined, {}]) {
      vi.stubGlobal("process", process);
      make();
    }
    expect(emitted).not.toHaveBeenCalled();
    vi.resetModules();
    vi.stubGlobal("process", { emitWarning: emitted });
    const again = await import("../../src/index.js");
    const keys = [again.generateKeyPair(), again.generateKeyPair()] as const;
    const same = new again.Config({
      fields: 3,
      batchId: "b",
      serverA: keys[0].publicKey,
      serverB: keys[1].publicKey,
    });
    for (let i = 0; i < 3; i++) {
      new again.Server(same, { id: "A", privateKey: keys[0].privateKey, secret: again.ServerSecret.generate() });
    }
    expect(emitted.mock.calls).toEqual([
      [expect.stringContaining("3 fields"), { type: "PrioWarning", code: "proof-hole" }],
    ]);
    for (const spy of written) expect(spy).not.toHaveBeenCalled();
  });
});

// A deployment of the built command for tests: fresh keys in files, values of clients, and both servers' stages in a
// folder.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";
import { type Ended, prio } from "./command.js";

export type Id = "A" | "B";

export class Deployment {
  readonly path: (...names: string[]) => string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly keys: Record<Id, { private_key: string; public_key: string }>;
  readonly secret: string;

  private constructor(path: Deployment["path"], settings: Readonly<Record<string, string>>, made: readonly Ended[]) {
    const [a, b, secret] = made.map(({ stdout }) => JSON.parse(stdout.toString())) as [
      { private_key: string; public_key: string },
      { private_key: string; public_key: string },
      { shared_seed: string },
    ];
    this.path = path;
    this.#settings = settings;
    this.keys = { A: a, B: b };
    this.secret = secret.shared_seed;
    for (const [name, value] of Object.entries({ "a.json": a, "b.json": b, "s.json": secret })) {
      writeFileSync(path(name), JSON.stringify(value), { mode: 0o600 });
    }
  }

  static async in(path: Deployment["path"], settings: Readonly<Record<string, string>>): Promise<Deployment> {
    return new Deployment(
      path,
      settings,
      await Promise.all([["keygen"], ["keygen"], ["shared-seed"]].map((x) => prio(x))),
    );
  }

  /** All that is secret, to look for in what was said and written. */
  get secrets(): string[] {
    return [this.keys.A.private_key, this.keys.B.private_key, this.secret];
  }

  env(id: Id): Record<string, string> {
    const [own, other] = id === "A" ? (["A", "B"] as const) : (["B", "A"] as const);
    return {
      ...this.#settings,
      SERVER_ID: id,
      PRIVATE_KEY_FILE: this.path(`${id.toLowerCase()}.json`),
      SHARED_SECRET_FILE: this.path("s.json"),
      PUBLIC_KEY_HEX_INTERNAL: this.keys[own].public_key,
      PUBLIC_KEY_HEX_EXTERNAL: this.keys[other].public_key,
    };
  }

  write(name: string, text: string): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  read(...names: string[]): string {
    return readFileSync(this.path(...names), "utf8");
  }

  encode(input: string, argv: readonly string[] = []): Promise<Ended> {
    const outputs = ["--output-A", this.path("raw/A"), "--output-B", this.path("raw/B")];
    return prio(["encode-shares", "--input", input, ...outputs, ...argv], { env: this.env("A") });
  }

  /** A server's stage over raw/ID/file, from and to folders stage/ID. */
  stage(
    stage: "verify1" | "verify2" | "aggregate",
    id: Id,
    file: string,
    argv: readonly string[] = [],
  ): Promise<Ended> {
    const before = { verify1: undefined, verify2: "verify1", aggregate: "verify2" }[stage];
    const other = id === "A" ? "B" : "A";
    const exchanged =
      before === undefined
        ? []
        : ["--input-internal", this.path(before, id, file), "--input-external", this.path(before, other, file)];
    const output = argv.includes("--output") ? [] : ["--output", this.path(stage, id)];
    return prio([stage, "--input", this.path("raw", id, file), ...exchanged, ...output, ...argv], {
      env: this.env(id),
    });
  }

  publish(id: Id, file: string, argv: readonly string[] = []): Promise<Ended> {
    const other = id === "A" ? "B" : "A";
    const inputs = [
      "--input-internal",
      this.path("aggregate", id, file),
      "--input-external",
      this.path("aggregate", other, file),
    ];
    return prio(["publish", ...inputs, ...argv], { env: this.env(id) });
  }

  /** All stages of both servers, which must end well; returns the published totals. */
  async collect(file: string, argv: readonly string[] = []): Promise<number[]> {
    for (const stage of ["verify1", "verify2", "aggregate"] as const) {
      for (const id of ["A", "B"] as const) {
        const { code, stderr } = await this.stage(stage, id, file, argv);
        expect([code, stderr.split("\n").filter((line) => line.startsWith("prio: error"))]).toEqual([0, []]);
      }
    }
    const { code, stdout, stderr } = await this.publish("A", file, ["--output", "-", "--min-reports", "1"]);
    expect([code, stderr]).toEqual([0, ""]);
    return (JSON.parse(stdout.toString()) as { payload: number[] }).payload;
  }
}

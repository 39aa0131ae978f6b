// Every command in process: a whole exchange with bad rows in each mode, what is refused and how it is told, and that
// nothing secret is ever printed.

import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "./command-names.js";
import { type CommandResult, prio, recordedBatch, scratch, secretsOf } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());

const recorded = recordedBatch("cli-clean");
const read = (path: string) => readFileSync(path, "utf8");

interface Keys {
  private_key: string;
  public_key: string;
}

/** Fresh keys and a secret, from the commands that make them; the environment of either server. */
async function deployment(settings: Record<string, string>) {
  const keys = { A: await made<Keys>("keygen"), B: await made<Keys>("keygen") };
  const secret = (await made<{ shared_seed: string }>("shared-seed")).shared_seed;
  const env = (id: "A" | "B") => ({
    ...settings,
    SERVER_ID: id,
    PUBLIC_KEY_HEX_INTERNAL: keys[id].public_key,
    PUBLIC_KEY_HEX_EXTERNAL: keys[id === "A" ? "B" : "A"].public_key,
    PRIVATE_KEY_HEX: keys[id].private_key,
    SHARED_SECRET: secret,
  });
  return { env, secrets: [keys.A.private_key, keys.B.private_key, secret] };
}

async function made<T>(command: string): Promise<T> {
  const result = await prio([command]);
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout) as T;
}

const lines = (path: string) => read(path).trimEnd().split("\n");

describe.each(["stream", "first", "report", "batch"])("a batch with bad rows, query points %s", (queryPoints) => {
  const at = (...names: string[]) => folder.path(queryPoints, ...names);
  const values = Array.from({ length: 60 }, (_, i) => [i % 2, Number(i % 3 === 0), 1, Number(i < 7)]);
  let env: Awaited<ReturnType<typeof deployment>>["env"];
  let secrets: string[];
  const printed: string[] = [];
  const run = async (argv: string[], id: "A" | "B"): Promise<CommandResult> => {
    const result = await prio([...argv, "--jobs", "1"], { env: { ...env(id), QUERY_POINTS: queryPoints } });
    printed.push(result.stdout, result.stderr);
    return result;
  };

  beforeAll(async () => {
    ({ env, secrets } = await deployment({ BATCH_ID: "in process", N_DATA: "4" }));
    writeFileSync(
      folder.path(`${queryPoints}.ndjson`),
      [
        ...values.map((payload) => JSON.stringify({ payload })),
        ...['{"payload": [2, 0, 0, 0]}', '{"payload": [1]}', "not json", '{"payload": "AAAA"}', "[1]", "\xff"],
      ].join("\n"),
      "latin1",
    );
    const result = await run(
      [
        ...["encode-shares", "--input", folder.path(`${queryPoints}.ndjson`), "--output-A", at("A", "raw")],
        ...["--output-B", at("B", "raw"), "--errors", at("encode.errors")],
      ],
      "A",
    );
    expect(result.code).toBe(0);
    expect(result.stdout + result.stderr).toMatch(/6 errors out of 66 total/);
    expect(lines(at("encode.errors")).map((line) => JSON.parse(line) as unknown)).toEqual([
      { line: 61, id: null, reason: "out-of-range" },
      { line: 62, id: null, reason: "wrong-length" },
      { line: 63, id: null, reason: "malformed-json" },
      { line: 64, id: null, reason: "missing-field" },
      { line: 65, id: null, reason: "malformed-json" },
      { line: 66, id: null, reason: "malformed-json" },
    ]);
  });

  it("leaves the bad rows out at every stage, counts them, and publishes the sums of the good ones", async () => {
    const name = `${queryPoints}.ndjson`;
    // Both servers lose row 5 to a malformed row and get row 3 twice; the packets of rows 10 and 11 are exchanged at B.
    for (const id of ["A", "B"] as const) {
      const rows = lines(at(id, "raw", name));
      if (id === "B") {
        const [x, y] = [10, 11].map((i) => JSON.parse(rows[i] as string) as { id: string; payload: string }) as [
          { id: string; payload: string },
          { id: string; payload: string },
        ];
        rows[10] = JSON.stringify({ ...x, payload: y.payload });
        rows[11] = JSON.stringify({ ...y, payload: x.payload });
      }
      const { id: fifth } = JSON.parse(rows[5] as string) as { id: string };
      rows[5] = JSON.stringify({ id: fifth, payload: "AAAA!" });
      rows.push(rows[3] as string, '{"id": "no payload"}', JSON.stringify({ id: "short", payload: "AAAA" }));
      writeFileSync(at(id, "raw", name), `${rows.join("\n")}\n`);
    }
    const stage = (id: "A" | "B", command: string, before?: string) => {
      const other = id === "A" ? "B" : "A";
      const inputs =
        before === undefined
          ? []
          : ["--input-internal", at(id, before, name), "--input-external", at(other, before, name)];
      return run(
        [
          command,
          "--input",
          at(id, "raw", name),
          "--output",
          at(id, command),
          "--errors",
          at(id, `${command}.errors`),
          ...inputs,
        ],
        id,
      );
    };
    for (const id of ["A", "B"] as const) {
      const result = await stage(id, "verify1");
      expect(result.code).toBe(0);
      expect(result.stdout + result.stderr).toMatch(/4 errors out of 63 total/);
      const reasons = lines(at(id, "verify1.errors")).map((line) => (JSON.parse(line) as { reason: string }).reason);
      expect(reasons).toEqual(["malformed-base64", "duplicate-id", "missing-field", "cannot-open"]);
      expect(lines(at(id, "verify1", name))).toHaveLength(59);
    }
    for (const id of ["A", "B"] as const) expect((await stage(id, "verify2", "verify1")).code).toBe(0);
    for (const id of ["A", "B"] as const) {
      const result = await stage(id, "aggregate", "verify2");
      expect(result.code).toBe(0);
      expect(result.stdout + result.stderr).toMatch(/6 errors out of 63 total/);
      expect(read(at(id, "aggregate.errors")).match(/proof-failed/g)).toHaveLength(2);
    }
    writeFileSync(at("labels"), "odd\nthird\nall\nfirst seven\n");
    const good = values.filter((_, i) => ![5, 10, 11].includes(i));
    const sums = [0, 1, 2, 3].map((k) => good.reduce((sum, row) => sum + (row[k] as number), 0));
    for (const id of ["A", "B"] as const) {
      const other = id === "A" ? "B" : "A";
      const inputs = ["--input-internal", at(id, "aggregate", name), "--input-external", at(other, "aggregate", name)];
      const result = await prio(
        [
          "publish",
          ...inputs,
          "--output",
          at(id, "processed"),
          "--pretty",
          "--labels",
          at("labels"),
          "--min-reports",
          "57",
        ],
        { env: env(id), columns: 60 },
      );
      expect([result.code, result.stderr]).toEqual([0, ""]);
      expect((JSON.parse(read(at(id, "processed", name))) as { payload: number[] }).payload).toEqual(sums);
      expect(result.stdout).toMatch(/57 reports/);
      expect(result.stdout).toMatch(/first seven.* 6 .*10\.5 %/);
      const few = await prio(["publish", ...inputs, "--output", at(id, "few"), "--min-reports", "58"], {
        env: env(id),
      });
      expect([few.code, existsSync(at(id, "few", name))]).toEqual([1, false]);
      expect(few.stderr).toMatch(/prio: error: 57 reports are fewer than --min-reports 58/);
    }
    // Rows were refused: with --strict that is an exit code of its own.
    const strict = await run(
      ["verify1", "--strict", "--input", at("A", "raw", name), "--output", at("A", "strict")],
      "A",
    );
    expect(strict.code).toBe(3);
    expect(read(at("A", "strict", name))).toBe(read(at("A", "verify1", name)));
  });

  it("never says a secret", () => {
    expect(printed.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(printed.join().toLowerCase()).not.toContain(secret.toLowerCase());
  });
});

it("integers: encoded, checked, added up and shown with their means", async () => {
  const { env } = await deployment({ BATCH_ID: "integers", N_DATA: "2", PRECISION: "10" });
  const at = (...names: string[]) => folder.path("integers", ...names);
  writeFileSync(
    folder.path("integers.ndjson"),
    '{"payload": [1023, 7]}\n{"payload": [1, 0]}\n{"payload": [1024, 0]}\n',
  );
  const spawn = (argv: string[], id: "A" | "B" = "A") => prio([...argv, "--jobs", "1"], { env: env(id) });
  const encoded = await spawn([
    "encode-shares",
    "--input",
    folder.path("integers.ndjson"),
    "--output-A",
    at("A"),
    "--output-B",
    at("B"),
  ]);
  expect([encoded.code, encoded.stdout + encoded.stderr]).toEqual([
    0,
    expect.stringMatching(/1 errors out of 3 total/),
  ]);
  const name = "integers.ndjson";
  for (const [command, before] of [["verify1"], ["verify2", "verify1"], ["aggregate", "verify2"]] as const) {
    for (const id of ["A", "B"] as const) {
      const other = id === "A" ? "B" : "A";
      const inputs = before
        ? ["--input-internal", at(id, before, name), "--input-external", at(other, before, name)]
        : [];
      expect((await spawn([command, "--input", at(id, name), "--output", at(id, command), ...inputs], id)).code).toBe(
        0,
      );
    }
  }
  const inputs = ["--input-internal", at("A", "aggregate", name), "--input-external", at("B", "aggregate", name)];
  const result = await prio(["publish", ...inputs, "--pretty"], { env: env("A") });
  expect(result.stdout).toMatch(/^2 reports\n0 +1,024 +mean 512\.00 .*\n1 +7 +mean 3\.50/);
  const filter = await prio(["publish", ...inputs, "--output", "-"], { env: env("A") });
  expect((JSON.parse(filter.stdout) as { payload: number[] }).payload).toEqual([1024, 7]);
});

describe("publish refuses", () => {
  const env = recorded.env("a");
  const file = (side: string) => recorded.path(`server_a/intermediate/${side}/aggregate/data.ndjson`);
  const publish = (internal: string, external: string, more: Record<string, string> = {}) =>
    prio(["publish", "--input-internal", internal, "--input-external", external, "--output", folder.path("refused")], {
      env: { ...env, ...more },
    });

  it("aggregates of different counts, in the wrong order, of another shape, and what is none", async () => {
    const aggregate = JSON.parse(read(file("external"))) as { payload: string; error: number; total: number };
    const other = folder.path("other-aggregate");
    writeFileSync(other, JSON.stringify({ ...aggregate, error: aggregate.error + 1 }));
    const junk = folder.path("junk");
    writeFileSync(junk, '{"payload": "AAAA"}');
    const cases: [Promise<CommandResult>, RegExp][] = [
      [publish(file("internal"), other), /counted different reports: internal 25, external 24/],
      [publish(file("external"), file("internal")), /expected server id 0, got 1/],
      [publish(file("internal"), file("internal")), /expected server id 1, got 0/],
      [publish(file("internal"), junk), /expected an aggregate/],
      [publish(file("internal"), recorded.path("server_a/raw/data.ndjson")), /expected an aggregate/],
      [publish(file("internal"), file("external"), { N_DATA: "13" }), /expected 13 elements in the totals, got 12/],
    ];
    for (const [result, sentence] of cases) {
      const { code, stderr, stdout } = await result;
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^prio: error: /);
      expect(stderr).toMatch(sentence);
    }
    expect(existsSync(folder.path("refused"))).toBe(false);
  });

  it("labels that do not fit", async () => {
    const labels = folder.path("labels");
    for (const [text, sentence] of [
      ["a\nb", /expected 12 labels, got 2/],
      ['["a", 1]', /expected a JSON array of strings/],
    ] as const) {
      writeFileSync(labels, text);
      const result = await prio(
        [
          "publish",
          "--input-internal",
          file("internal"),
          "--input-external",
          file("external"),
          "--pretty",
          "--labels",
          labels,
        ],
        { env },
      );
      expect(result.code).toBe(2);
      expect(result.stderr).toMatch(sentence);
    }
  });
});

describe("usage", () => {
  const raw = recorded.path("server_a/raw/data.ndjson");
  const env = recorded.env("a");
  const verify1 = (more: string[], variables: Record<string, string> = {}) =>
    prio(["verify1", "--input", raw, "--output", folder.path("usage"), "--jobs", "1", ...more], {
      env: { ...env, ...variables },
    });

  it("errors exit with 2 in one voice, and suggest what was meant", async () => {
    const cases: [Promise<CommandResult>, RegExp][] = [
      [prio(["verfy1"]), /unknown command.*\n.*did you mean verify1/s],
      [prio(["verfy1", "--help"]), /unknown command.*\n.*did you mean verify1/s],
      [prio(["--help", "verfy1"]), /unknown command.*\n.*did you mean verify1/s],
      [prio(["help", "verfy1"]), /unknown command.*\n.*did you mean verify1/s],
      // All that is missing, in one run.
      [
        prio(["publish"]),
        new RegExp(
          "missing options --batch-id, --n-data, --public-key-hex-internal, --public-key-hex-external, " +
            "--server-id, --input-internal, --input-external, --output\n",
        ),
      ],
      [
        prio(["verify2"]),
        new RegExp(
          "missing options --batch-id, --n-data, --public-key-hex-internal, --public-key-hex-external, --server-id, " +
            "--private-key-file, --shared-secret-file, --input, --input-internal, --input-external, --output\n",
        ),
      ],
      [prio(["verify1", "--inptu", "x"]), /unknown option.*\n.*did you mean --input/s],
      [prio(["verify1"]), /missing options --batch-id, --n-data.*\n.*BATCH_ID/s],
      [verify1([], { N_DATA: "many" }), /--n-data: expected an integer of at least 1, got "many"/],
      [verify1([], { N_DATA: "300000" }), /--n-data: expected an integer from 1 to 262143, got 300000/],
      [verify1([], { PRECISION: "43" }), /--precision: expected an integer from 1 to 42, got 43/],
      [verify1([], { SERVER_ID: "C" }), /--server-id: expected A or B, got "C"/],
      [verify1(["--query-points", "other"]), /--query-points/],
      [
        verify1([], { PUBLIC_KEY_HEX_INTERNAL: "12" }),
        /--public-key-hex-internal: public key: expected 64 hex digits, got 2/,
      ],
      [
        verify1([], { PRIVATE_KEY_HEX: recorded.keys.b.private_key }),
        /the private key does not belong to --public-key-hex-internal/,
      ],
      [verify1([], { SHARED_SECRET: "AAAA" }), /--shared-secret: server secret: expected 24 base64 characters, got 4/],
      [verify1(["--jobs", "0"]), /--jobs: expected an integer of at least 1, got "0"/],
    ];
    for (const [result, sentence] of cases) {
      const { code, stderr, stdout } = await result;
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^prio: error: /);
      expect(stderr).toMatch(sentence);
      for (const secret of secretsOf(recorded)) expect(stderr).not.toContain(secret);
    }
    expect(existsSync(folder.path("usage"))).toBe(false);
  });

  it("a missing file, a folder of folders, exit with 1 and name the file", async () => {
    for (const [input, sentence] of [
      [folder.path("nowhere"), /cannot read .*nowhere/],
      [folder.path(), /cannot read .*: it holds a directory, batch\n/],
    ] as const) {
      const result = await prio(["verify1", "--input", input, "--output", folder.path("usage")], { env });
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(sentence);
    }
  });

  it("a secret on the command line draws a warning; one in a file does not, unless others can read it", async () => {
    const warned = await verify1(["--private-key-hex", recorded.keys.a.private_key]);
    expect(warned.code).toBe(0);
    expect(warned.stderr.match(/prio: warning: --private-key-hex shows the private key/g)).toHaveLength(1);
    const key = folder.path("key.json");
    writeFileSync(key, JSON.stringify(recorded.keys.a), { mode: 0o600 });
    const secret = folder.path("secret");
    writeFileSync(secret, `${recorded.secret}\n`, { mode: 0o600 });
    const files = ["--private-key-file", key, "--shared-secret-file", secret];
    const bare = { PRIVATE_KEY_HEX: "", SHARED_SECRET: "" };
    const quiet = await verify1(files, bare);
    expect([quiet.code, quiet.stderr.includes("warning: --")]).toEqual([0, false]);
    expect(read(folder.path("usage", "data.ndjson"))).toBe(
      recorded.text("server_a/intermediate/internal/verify1/data.ndjson"),
    );
    chmodSync(key, 0o644);
    const open = await verify1(files, bare);
    expect(open.code).toBe(1);
    expect(open.stderr).toMatch(/is open to others \(mode 0644\)/);
    chmodSync(key, 0o600);
    writeFileSync(key, "{}");
    expect((await verify1(files, bare)).stderr).toMatch(/expected "private_key" in the JSON object, found none/);
  });

  it("files without end are read no further than they can be, and named", async () => {
    const endless = "/dev/zero";
    const bare = { PRIVATE_KEY_HEX: "" };
    const side = (name: string) => recorded.path(`server_a/intermediate/${name}/aggregate/data.ndjson`);
    const publish = ["publish", "--pretty", "--input-external", side("external")];
    const cases: [Promise<CommandResult>, number, RegExp][] = [
      [
        verify1(["--private-key-file", endless], bare),
        2,
        /\/dev\/zero: expected a private key, got more than 65536 bytes/,
      ],
      [
        prio([...publish, "--input-internal", side("internal"), "--labels", endless], { env }),
        2,
        /\/dev\/zero: expected 12/,
      ],
      [prio([...publish, "--input-internal", endless], { env }), 1, /\/dev\/zero: expected an aggregate/],
      [
        prio(
          [
            ...["verify2", "--input", raw, "--output", folder.path("endless"), "--jobs", "1"],
            ...["--input-internal", recorded.path("server_a/intermediate/internal/verify1/data.ndjson")],
            ...["--input-external", endless],
          ],
          { env },
        ),
        1,
        /\/dev\/zero: has more than \d+ bytes: not a file of this batch/,
      ],
    ];
    for (const [result, exitCode, sentence] of cases) {
      const { code, stderr } = await result;
      expect([code, stderr]).toEqual([exitCode, expect.stringMatching(sentence)]);
    }
    expect(readdirSync(folder.path("endless"))).toEqual([]);
  });

  it("when nearly everything fails, a hint says what that usually means", async () => {
    const cannotOpen = await prio(
      ["verify1", "--input", recorded.path("server_b/raw/data.ndjson"), "--output", folder.path("hint"), "--jobs", "1"],
      { env },
    );
    expect(cannotOpen.stderr).toMatch(/prio: hint: usually the private key is not the one/);
    const rows = (side: string) => recorded.path(`server_a/intermediate/${side}/verify2/data.ndjson`);
    const mixed = await prio(
      [
        ...["aggregate", "--input", raw, "--output", folder.path("hint"), "--jobs", "1"],
        ...[
          "--input-internal",
          rows("internal"),
          "--input-external",
          recorded.path("server_a/intermediate/external/verify2/data.ndjson"),
        ],
      ],
      { env },
    );
    expect(mixed.code).toBe(0);
    // Each row has the message of the row before: ids fit, proofs do not.
    const payloads = lines(rows("external")).map((line) => (JSON.parse(line) as { payload: string }).payload);
    const shifted = lines(rows("external")).map((line, i) =>
      JSON.stringify({ ...(JSON.parse(line) as object), payload: payloads.at(i - 1) }),
    );
    writeFileSync(folder.path("shifted"), shifted.join("\n"));
    const files = ["--input-internal", rows("internal"), "--input-external", folder.path("shifted")];
    const failing = await prio(
      ["aggregate", "--input", raw, "--output", folder.path("hint"), "--jobs", "1", ...files],
      { env },
    );
    expect(failing.code).toBe(4);
    expect(failing.stderr).toMatch(/prio: hint: when nearly every proof fails/);
  });
});

describe("help", () => {
  it("of every command fits one screen, 80 columns by 60 lines, and has an example", async () => {
    for (const command of COMMANDS) {
      for (const argv of [
        ["help", command],
        [command, "--help"],
      ]) {
        const { code, stdout } = await prio(argv);
        expect([command, code]).toEqual([command, 0]);
        expect(stdout).toContain(`prio ${command}`);
        expect(stdout).toContain("Example:");
        expect(stdout).toMatch(/\n`prio help cli` prints the manual\.\n$/);
        expect(stdout.split("\n").length).toBeLessThanOrEqual(60);
        for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      }
    }
    const all = await prio(["--help"]);
    for (const command of COMMANDS) expect(all.stdout).toMatch(new RegExp(`^ +${command}\\b`, "m"));
    expect((await prio(["--version"])).code).toBe(0);
    expect((await prio([])).code).toBe(2);
  });

  it("completion names every command and option in each shell", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout } = await prio(["completion", shell]);
      expect(code).toBe(0);
      for (const word of [...COMMANDS, "query-points", "input-external"]) expect(stdout).toContain(word);
    }
    expect((await prio(["completion", "csh"])).code).toBe(2);
  });
});

describe("inspect", () => {
  const inspect = async (path: string, stdin: string | Uint8Array = "") => {
    const { code, stdout } = await prio(["inspect", path], { stdin });
    expect(code).toBe(0);
    for (const secret of secretsOf(recorded)) expect(stdout).not.toContain(secret);
    return stdout;
  };

  it("says what each file of a batch is, without its secrets", async () => {
    expect(await inspect(recorded.path("server_a_keys.json"))).toMatch(/key pair.*private key +there, not shown/s);
    expect(await inspect(recorded.path("shared_seed.json"))).toMatch(/shared secret.*there, not shown/s);
    expect(await inspect(recorded.path("client/data.ndjson"))).toMatch(/clients' values.*rows +25.*values a row +12/s);
    expect(await inspect(recorded.path("server_a/raw/data.ndjson"))).toMatch(/rows +25/);
    expect(await inspect(recorded.path("server_a/intermediate/internal/verify1/data.ndjson"))).toMatch(/rows +25/);
    expect(await inspect(recorded.path("server_a/intermediate/internal/aggregate/data.ndjson"))).toMatch(
      /aggregate.*25 counted, 0 left out/s,
    );
    expect(await inspect(recorded.path("server_a/processed/data.ndjson"))).toMatch(/published totals.*totals +12/s);
    expect(await inspect("-", "")).toMatch(/empty/);
    expect(await inspect("-", Uint8Array.of(1, 2, 3, 0xff))).toMatch(/bytes/);
    expect(await inspect("-", '{"x": 1}\nnot json\n')).toMatch(/rows +2/);
  });

  it("of nothing there exits with 1", async () => {
    expect((await prio(["inspect", folder.path("nowhere")])).code).toBe(1);
    expect((await prio(["inspect"])).code).toBe(2);
  });
});

it("the demonstration runs and ends well", async () => {
  const { code, stdout } = await prio(["demo"], { columns: 100 });
  expect(code).toBe(0);
  expect(stdout).toContain("no cheat got through");
}, 60_000);

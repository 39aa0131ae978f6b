// The settings: where they come from, and what is said of those that are wrong.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  databaseOf,
  environmentName,
  flagName,
  readConfig,
  SETTING_NAMES,
  SETTINGS,
  strangeVariables,
} from "../src/config.js";

const folder = mkdtempSync(join(tmpdir(), "prio-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: unknown): string {
  const path = join(folder, "settings.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("settings", () => {
  test("have defaults that they themselves can read", () => {
    for (const name of SETTING_NAMES) {
      const { defaultText, read } = SETTINGS[name];
      if (defaultText !== null) expect([name, read(defaultText)]).not.toEqual([name, undefined]);
    }
    const config = readConfig({});
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(config.roles).toEqual(["api", "driver", "cleaner"]);
    expect(config.tlsCert).toBeNull();
    expect(config.behindProxy).toBe(false);
    expect(config.adminNames).toEqual([]);
  });

  test("come from the file, the environment and the command line, the later over the earlier", () => {
    const path = file({
      listen: "127.0.0.1:1",
      logLevel: "warn",
      roles: ["api", "driver"],
      behindProxy: true,
      driverJobs: 4,
    });
    const env = { PRIO_AGGREGATOR_LISTEN: "[::]:2", PRIO_AGGREGATOR_LOG_LEVEL: "", PRIO_AGGREGATOR_DRIVER_JOBS: "5" };
    const config = readConfig(env, { driverJobs: "6" }, path);
    expect(config.listen).toEqual({ host: "::", port: 2 });
    expect([config.logLevel, config.driverJobs, config.roles]).toEqual(["warn", 6, ["api", "driver"]]);
    expect(readConfig({ PRIO_AGGREGATOR_CONFIG: path }).driverJobs).toBe(4);
  });

  test("have one name in each place", () => {
    expect(environmentName("uploadGroupDelay")).toBe("PRIO_AGGREGATOR_UPLOAD_GROUP_DELAY");
    expect(flagName("uploadGroupDelay")).toBe("--upload-group-delay");
  });

  test.each<[string, Record<string, string>, unknown, RegExp]>([
    [
      "a number that is none",
      { PRIO_AGGREGATOR_DRIVER_JOBS: "many" },
      {},
      /^PRIO_AGGREGATOR_DRIVER_JOBS: expected 1 to 256, got "many"$/,
    ],
    ["a number out of range", {}, { driverJobs: 0 }, /settings.json: driverJobs: expected 1 to 256, got "0"$/],
    [
      "an address without a port",
      { PRIO_AGGREGATOR_LISTEN: "localhost" },
      {},
      /^PRIO_AGGREGATOR_LISTEN: expected HOST:PORT/,
    ],
    ["an address with too large a port", { PRIO_AGGREGATOR_LISTEN: "localhost:70000" }, {}, /HOST:PORT/],
    ["a role that is none", {}, { roles: ["api", "cook"] }, /some of api,driver,cleaner, got "api,cook"$/],
    ["no truth", {}, { behindProxy: "yes" }, /true or false, got "yes"$/],
    ["an unknown setting", {}, { log_level: "info" }, /log_level: there is no such setting; is it logLevel\?$/],
    ["an unknown setting that is like none", {}, { port: 1 }, /port: there is no such setting$/],
    ["an object", {}, { listen: { port: 1 } }, /expected a text, a number/],
    ["no JSON", {}, "{", /expected a JSON object of settings, got no JSON$/],
    ["a list", {}, [], /expected a JSON object of settings$/],
    ["a key without a certificate", {}, { tlsKey: "x" }, /both of tlsCert and tlsKey/],
    ["others' reach without TLS", {}, { listen: "0.0.0.0:80" }, /expected a loopback address, such as 127.0.0.1:80/],
  ])("refuse %s", (_name, env, content, message) => {
    expect(() => readConfig(env, {}, file(content))).toThrow(message);
  });

  test("name the variables that look like settings and are none, but for those of Kubernetes", () => {
    const env = {
      ...Object.fromEntries(SETTING_NAMES.map((name) => [environmentName(name), ""])),
      ...{ PRIO_AGGREGATOR_CONFIG: "", PRIO_AGGREGATOR_KEY_FILE: "", PRIO_AGGREGATOR_OLD_KEY: "", PATH: "" },
      ...{ PRIO_AGGREGATOR_PORT: "tcp://10.0.0.1:8080", PRIO_AGGREGATOR_PORT_8080_TCP_ADDR: "10.0.0.1" },
      ...{ PRIO_AGGREGATOR_API_SERVICE_HOST: "10.0.0.1", PRIO_AGGREGATOR_SERVICE_PORT_HTTP: "8080" },
    };
    expect(strangeVariables(env)).toEqual([]);
    expect(strangeVariables({ ...env, PRIO_AGGREGATOR_LOGLEVEL: "x", PRIO_AGGREGATOR_COLOUR: "x" })).toEqual([
      "PRIO_AGGREGATOR_LOGLEVEL is no setting; is it PRIO_AGGREGATOR_LOG_LEVEL?",
      "PRIO_AGGREGATOR_COLOUR is no setting",
    ]);
  });

  test("let others in with TLS, behind a proxy, or where nothing is served", () => {
    expect(readConfig({}, { listen: "0.0.0.0:80", behindProxy: "true" }).listen.host).toBe("0.0.0.0");
    expect(readConfig({}, { listen: "0.0.0.0:80", tlsCert: "a", tlsKey: "b" }).tlsCert).toBe("a");
    expect(readConfig({}, { listen: "0.0.0.0:80", roles: "driver" }).roles).toEqual(["driver"]);
  });

  test("name the database for every command, and never repeat its password", () => {
    expect(databaseOf({})).toBe("sqlite:prio-aggregator.sqlite");
    expect(databaseOf({ PRIO_AGGREGATOR_DATABASE: "sqlite:a" }, "postgres://u:p@h/d")).toBe("postgres://u:p@h/d");
    expect(() => databaseOf({}, "mysql://u:secret@h/d")).toThrow(
      /^--database: expected sqlite:FILE or postgres:.*, got something else$/,
    );
    expect(() => readConfig({}, {}, join(folder, "missing.json"))).toThrow(
      /cannot read the settings in .*no such file/,
    );
  });
});

// Every setting of a process, in one table: its name, what it may be, what it is by default, and what it is for. Help
// texts and the document are made of it. A setting comes from the command line, from the environment or from one JSON
// file, in this order. Keys and tokens are no settings: no file of settings has a secret in it.

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { LEVELS, type Level } from "./log.js";
import { OperatorError, systemReason } from "./tasks/operator-error.js";
import { KEY_VARIABLES } from "./tasks/secrets.js";

const ENVIRONMENT_PREFIX = "PRIO_AGGREGATOR_";

/** What the processes of an aggregator do. */
export const ROLES = ["api", "driver", "cleaner"] as const;

export interface Address {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface Setting<T> {
  /** What a value looks like, for help. */
  readonly value: string;
  /** The default as it would be written; null where there is none. */
  readonly defaultText: string | null;
  readonly help: string;
  /** Reads a text; returns undefined for what is none. */
  readonly read: (text: string) => T | undefined;
}

type Value<S> = S extends Setting<infer T> ? T : never;

function whole(byDefault: number, min: number, max: number, help: string): Setting<number> {
  return {
    value: `${min} to ${max}`,
    defaultText: String(byDefault),
    help,
    read: (given) =>
      /^\d{1,15}$/.test(given) && Number(given) >= min && Number(given) <= max ? Number(given) : undefined,
  };
}

function path(help: string): Setting<string | null> {
  return { value: "a file", defaultText: null, help, read: (given) => given };
}

function boolean(help: string): Setting<boolean> {
  return {
    value: "true or false",
    defaultText: "false",
    help,
    read: (given) => (given === "true" ? true : given === "false" ? false : undefined),
  };
}

function oneOf<const T extends string>(byDefault: T, values: readonly T[], help: string): Setting<T> {
  return {
    value: values.join(", "),
    defaultText: byDefault,
    help,
    read: (given) => values.find((one) => one === given),
  };
}

function someOf<const T extends string>(
  byDefault: readonly T[],
  values: readonly T[],
  help: string,
): Setting<readonly T[]> {
  return {
    value: `some of ${values.join(",")}`,
    defaultText: byDefault.join(","),
    help,
    read(given) {
      const names = given.split(",").map((one) => one.trim());
      return names.every((name) => values.some((one) => one === name))
        ? values.filter((one) => names.includes(one))
        : undefined;
    },
  };
}

function address(defaultText: string, help: string): Setting<Address> {
  return { value: "HOST:PORT", defaultText, help, read: readAddress };
}

function readAddress(given: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(given) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(digits) > 65_535) return undefined;
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined;
  return { host, port: Number(digits) };
}

const DATABASE: Setting<string> = {
  value: "sqlite:FILE or postgres://…",
  defaultText: "sqlite:prio-aggregator.sqlite",
  help: "where everything is kept",
  read: (given) => (/^(sqlite:.|postgres(ql)?:\/\/.)/.test(given) ? given : undefined),
};

const NAMES: Setting<readonly string[]> = {
  value: "names with commas",
  defaultText: "",
  help: "host names under which browsers may open the operators' page, besides localhost and IP addresses",
  read: (given) =>
    given
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== ""),
};

const MEBIBYTE = 1 << 20;
const DAY = 86_400;

/** The one table of settings. */
export const SETTINGS = {
  database: DATABASE,
  roles: someOf(ROLES, ROLES, "what this process does; several processes share a PostgreSQL database"),
  listen: address("127.0.0.1:8080", "where clients, the other aggregator and the collector connect"),
  tlsCert: path("the certificate chain of `listen`, PEM; read again on SIGHUP"),
  tlsKey: path("its key, PEM"),
  peerCert: path("a leader with mutual TLS: the certificate that it shows to helpers, PEM"),
  peerKey: path("its key, PEM"),
  peerCa: path("certificate authorities to trust for helpers, PEM, instead of Node's own list"),
  behindProxy: boolean("a proxy ends TLS, so `listen` may be a public address without a certificate"),
  adminListen: address("127.0.0.1:9464", "metrics, health and the operators' page; they have no password"),
  adminNames: NAMES,
  logLevel: oneOf<Level>("info", LEVELS, "the lowest level that is logged"),
  hpkeConfigMaxAge: whole(DAY, 0, 30 * DAY, "seconds for which clients keep the HPKE keys"),
  hpkeRotateDays: whole(90, 0, 3650, "days after which a new HPKE key is made; 0 for never"),
  hpkeKeepDays: whole(90, 1, 3650, "days for which an old HPKE key still opens reports"),
  uploadGroupReports: whole(256, 1, 10_000, "uploaded reports that are written in one transaction"),
  uploadGroupDelay: whole(2, 0, 1000, "milliseconds that an upload waits for others to be written with it"),
  uploadGroups: whole(3, 1, 64, "upload transactions that run at once; SQLite always runs one"),
  maxWaitingUploads: whole(
    20_000,
    1,
    10_000_000,
    "uploaded reports that may wait to be written; clients beyond that are told to come back later",
  ),
  maxWaitingUploadBytes: whole(64 * MEBIBYTE, MEBIBYTE, 2 ** 40, "the same, in bytes"),
  maxReadingBytes: whole(
    256 * MEBIBYTE,
    MEBIBYTE,
    2 ** 40,
    "bytes of arriving uploads, and the same again for other requests until they are handled, of which a task has 3/4",
  ),
  maxJobRequests: whole(
    32,
    1,
    10_000,
    "requests of peers and collectors that are handled at once; one task has three quarters at most",
  ),
  maxConnections: whole(10_000, 1, 1_000_000, "open connections at a time"),
  requestTimeout: whole(60, 1, 3600, "seconds in which a whole request must arrive"),
  headersTimeout: whole(20, 1, 3600, "seconds in which its headers must arrive"),
  keepAliveTimeout: whole(75, 1, 3600, "seconds for which a connection without a request stays open"),
  driverJobs: whole(4, 1, 256, "jobs that a driver works on at once: some wait for the other aggregator"),
  driverLeaseSeconds: whole(
    120,
    3,
    3600,
    "seconds for which a driver holds a job; the jobs of a driver that died wait this long",
  ),
  driverLongestWait: whole(600, 1, DAY, "the longest pause, in seconds, before the other aggregator is tried again"),
  refreshSeconds: whole(5, 1, 3600, "seconds between two looks for new tasks and keys"),
  cleanSeconds: whole(60, 1, DAY, "seconds between two rounds of the cleaner"),
  shutdownSeconds: whole(30, 1, 3600, "seconds that a process gets to finish its work when it is stopped"),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Config = { readonly [K in SettingName]: Value<(typeof SETTINGS)[K]> };

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** `uploadGroupDelay` in the environment: `PRIO_AGGREGATOR_UPLOAD_GROUP_DELAY`. */
export function environmentName(name: SettingName): string {
  return ENVIRONMENT_PREFIX + name.replace(/[A-Z]/g, "_$&").toUpperCase();
}

/** `uploadGroupDelay` on the command line: `--upload-group-delay`. */
export function flagName(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that names the file of settings. */
export const CONFIG_VARIABLE = `${ENVIRONMENT_PREFIX}CONFIG`;

/** What Kubernetes makes of a service whose name begins like ours. */
const OF_A_SERVICE = /_(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT(?:_\d+_.+)?)$/;

/** Variables that look like settings and are none, with a hint where one is near: a default is in force instead. */
export function strangeVariables(env: Environment): string[] {
  const known: readonly string[] = [
    ...SETTING_NAMES.map(environmentName),
    ...Object.values(KEY_VARIABLES),
    CONFIG_VARIABLE,
  ];
  return Object.keys(env)
    .filter((name) => name.startsWith(ENVIRONMENT_PREFIX) && !known.includes(name) && !OF_A_SERVICE.test(name))
    .map((name) => `${name} is no setting${hint(name.slice(ENVIRONMENT_PREFIX.length), environmentName)}`);
}

interface Given {
  readonly text: string;
  /** Where it stands, for errors. */
  readonly from: string;
}

/**
 * Reads the settings. `flags` has what the command line gives, as text; `file` is its `--config`, or else the
 * environment's. Throws an OperatorError that names the setting and where it stands.
 */
export function readConfig(
  env: Environment,
  flags: Readonly<Partial<Record<SettingName, string>>> = {},
  file: string | undefined = env[CONFIG_VARIABLE],
): Config {
  const inFile = file === undefined || file === "" ? {} : readFile(file);
  const config: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const setting: Setting<unknown> = SETTINGS[name];
    const given = givenValue(name, env, flags, inFile);
    config[name] = given === undefined ? defaultOf(setting) : readSetting(setting, given);
  }
  const read = config as unknown as Config;
  check(read);
  return read;
}

/** The database alone, for commands that need no more. */
export function databaseOf(env: Environment, flag?: string): string {
  return readConfig(env, flag === undefined ? {} : { database: flag }).database;
}

function givenValue(
  name: SettingName,
  env: Environment,
  flags: Readonly<Partial<Record<SettingName, string>>>,
  inFile: Readonly<Record<string, Given>>,
): Given | undefined {
  const flag = flags[name];
  if (flag !== undefined) return { text: flag, from: flagName(name) };
  const variable = env[environmentName(name)];
  // An empty variable is how compose files and shells say that there is none.
  if (variable !== undefined && variable !== "") return { text: variable, from: environmentName(name) };
  return inFile[name];
}

const defaultOf = (setting: Setting<unknown>): unknown =>
  setting.defaultText === null ? null : setting.read(setting.defaultText);

function readSetting(setting: Setting<unknown>, { text, from }: Given): unknown {
  const value = setting.read(text);
  // A database's URL may have a password in it.
  const got = setting === DATABASE ? "something else" : `"${text}"`;
  if (value === undefined) throw new OperatorError(`${from}: expected ${setting.value}, got ${got}`);
  return value;
}

function readFile(file: string): Record<string, Given> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new OperatorError(`cannot read the settings in ${file}: ${systemReason(error) ?? "it failed"}`);
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new OperatorError(`${file}: expected a JSON object of settings, got no JSON`);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new OperatorError(`${file}: expected a JSON object of settings`);
  }
  const given: Record<string, Given> = {};
  for (const [name, value] of Object.entries(document)) {
    const from = `${file}: ${name}`;
    if (!SETTING_NAMES.some((one) => one === name))
      throw new OperatorError(`${from}: there is no such setting${hint(name)}`);
    const parts: unknown[] = Array.isArray(value) ? value : [value];
    if (!parts.every((part) => ["string", "number", "boolean"].includes(typeof part))) {
      throw new OperatorError(`${from}: expected a text, a number, true, false or a list of texts`);
    }
    given[name] = { text: parts.join(","), from };
  }
  return given;
}

/** A hint for a name with a typing error. */
function hint(name: string, written: (setting: SettingName) => string = (setting) => setting): string {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, "");
  const found = SETTING_NAMES.find((one) => plain(one) === plain(name) || plain(one).startsWith(plain(name)));
  return found === undefined ? "" : `; is it ${written(found)}?`;
}

/** What does not fit together. */
function check(config: Config): void {
  const { tlsCert, listen, behindProxy, roles } = config;
  for (const [cert, key] of [
    ["tlsCert", "tlsKey"],
    ["peerCert", "peerKey"],
  ] as const) {
    if ((config[cert] === null) !== (config[key] === null)) {
      throw new OperatorError(`expected both of ${cert} and ${key}, or neither, got one of them`);
    }
  }
  if (roles.includes("api") && tlsCert === null && !behindProxy && !isLoopback(listen.host)) {
    const expected = `a loopback address, such as 127.0.0.1:${listen.port}, as there is no certificate`;
    throw new OperatorError(
      `listen: expected ${expected}, got ${listen.host}`,
      "give tlsCert and tlsKey, or behindProxy if a proxy on the way ends TLS",
    );
  }
}

/** Whether a host is this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

// Reads the compose files of deploy/ as docker compose does, as far as they go: variables, merge keys, and a service's
// settings. What they do not use is refused, so that no setting goes untried.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";

/**
 * @typedef {object} Mount
 * @property {string} source
 * @property {string} target
 * @property {boolean} readOnly
 */

/**
 * @typedef {object} Service
 * @property {string} image
 * @property {string} target of the Dockerfile; "" for an image of somebody else
 * @property {readonly [uid: number, gid: number]} user
 * @property {boolean} readOnly whether the root file system is
 * @property {boolean} withoutCapabilities
 * @property {boolean} withoutNewPrivileges
 * @property {Record<string, string>} environment
 * @property {string[] | undefined} entrypoint
 * @property {string[] | undefined} command
 * @property {Mount[]} mounts
 * @property {string[] | undefined} healthcheck
 */

const SERVICE_KEYS = [
  ...["image", "build", "command", "entrypoint", "user", "read_only", "cap_drop", "security_opt", "environment"],
  ...[
    "secrets",
    "volumes",
    "healthcheck",
    "restart",
    "stop_grace_period",
    "profiles",
    "depends_on",
    "hostname",
    "ports",
  ],
];

/**
 * The services of a compose file, by their names.
 *
 * @param {string} file
 * @param {Readonly<Record<string, string>>} variables
 * @returns {Record<string, Service>}
 */
export function readCompose(file, variables) {
  const project = interpolated(parse(readFileSync(file, "utf8"), { merge: true }), variables);
  const at = (/** @type {string} */ path) => resolve(dirname(file), path);
  /** @type {[string, any][]} */
  const services = Object.entries(project.services);
  return Object.fromEntries(
    services.map(([name, service]) => {
      requireKnown(service, SERVICE_KEYS, `${file}: ${name}`);
      const secrets = (service.secrets ?? []).map((/** @type {string | { source: string, target: string }} */ use) => {
        const { source, target } = typeof use === "string" ? { source: use, target: use } : use;
        return { source: at(project.secrets[source].file), target: `/run/secrets/${target}`, readOnly: true };
      });
      return [
        name,
        {
          image: service.image,
          target: service.build?.target ?? "",
          user: userOf(service.user ?? "0:0"),
          readOnly: service.read_only ?? false,
          withoutCapabilities: (service.cap_drop ?? []).includes("ALL"),
          withoutNewPrivileges: (service.security_opt ?? []).includes("no-new-privileges:true"),
          environment: service.environment ?? {},
          entrypoint: service.entrypoint,
          command: service.command,
          mounts: [...(service.volumes ?? []).flatMap((/** @type {any} */ volume) => mountOf(volume, at)), ...secrets],
          healthcheck: healthcheckOf(service.healthcheck),
        },
      ];
    }),
  );
}

/**
 * @param {string | { type: string, source: string, target: string, read_only?: boolean }} volume
 * @param {(path: string) => string} at
 * @returns {Mount[]} none for a volume with a name, which services of others have
 */
function mountOf(volume, at) {
  if (typeof volume !== "string") {
    requireKnown(volume, ["type", "source", "target", "read_only", "bind"], volume.target);
    return [{ source: at(volume.source), target: volume.target, readOnly: volume.read_only ?? false }];
  }
  const [source = "", target = "", mode] = volume.split(":");
  return /^[./]/.test(source) ? [{ source: at(source), target, readOnly: mode === "ro" }] : [];
}

/** @param {string} user @returns {[number, number]} */
function userOf(user) {
  const [uid = "", gid = ""] = user.split(":");
  return [Number(uid), Number(gid)];
}

/** @param {{ test: string[] } | undefined} healthcheck */
function healthcheckOf(healthcheck) {
  if (healthcheck === undefined) return;
  const [kind, ...words] = healthcheck.test;
  if (kind !== "CMD") throw new Error(`healthcheck: expected CMD, got ${kind}`);
  return words;
}

/**
 * Puts variables into all texts: `${NAME}`, `${NAME:-default}` and `${NAME:?why it is needed}`.
 *
 * @param {any} value @param {Readonly<Record<string, string>>} variables @returns {any}
 */
function interpolated(value, variables) {
  if (typeof value === "string") {
    return value.replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name, kind, text) => {
      const given = variables[name];
      if (given) return given;
      if (kind === "-") return text;
      throw new Error(`${name} ${kind === "?" ? text : "is not set"}`);
    });
  }
  if (Array.isArray(value)) return value.map((each) => interpolated(each, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, interpolated(each, variables)]));
}

/** @param {object} value @param {readonly string[]} known @param {string} where */
function requireKnown(value, known, where) {
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other !== undefined) throw new Error(`${where}: ${other} is a setting that the test cannot try`);
}

// Runs the two commands as an operator or a collector does, each in a process of its own.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// With both packages installed, these are `npx prio-aggregator` and `npx prio`.
const AGGREGATOR = fileURLToPath(new URL("../../aggregator/dist/main.js", import.meta.url));
const PRIO = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
for (const program of [AGGREGATOR, PRIO]) {
  if (!existsSync(program)) throw new Error(`${program} is missing: build it first, as README.md says`);
}

/**
 * Runs a command to its end, and returns what it writes to standard output. Its errors show as they are.
 *
 * @param {string} program @param {readonly string[]} args @param {NodeJS.ProcessEnv} env @param {AbortSignal} [signal]
 * @returns {Promise<string>}
 */
function run(program, args, env, signal) {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, ...(signal === undefined ? {} : { signal }) };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(stderr.trim() || error.message, { cause: error }));
    });
  });
}

/** @param {readonly string[]} args @param {NodeJS.ProcessEnv} env */
export const aggregator = (args, env) => run(AGGREGATOR, args, env);

/** @param {readonly string[]} args @param {AbortSignal} [signal] */
export const prio = (args, signal) => run(PRIO, args, {}, signal);

/** What stops the aggregators that were started. @type {(() => Promise<void>)[]} */
const stops = [];

/** Stops all aggregators, also after a failure in the middle. */
export async function stopServers() {
  await Promise.all(stops.splice(0).map((stop) => stop()));
}

/**
 * Starts an aggregator on ports of the system's choice. Fulfilled when it answers, with its port and that of its page.
 *
 * @param {NodeJS.ProcessEnv} env @param {string} listen
 */
export async function serve(env, listen) {
  const args = ["serve", "--listen", listen, "--admin-listen", "127.0.0.1:0", "--refresh-seconds", "1"];
  const child = spawn(process.execPath, [AGGREGATOR, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  stops.push(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  /** @type {{ api?: number, admin?: number }} */
  const ports = {};
  await new Promise((resolve, reject) => {
    void ended.then((code) => reject(new Error(`an aggregator ended with exit code ${code}`)));
    // One JSON object a line.
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { name, port, msg } = JSON.parse(line);
      if (name === "admin" && typeof port === "number") ports.admin = port;
      else if (msg === "started" && typeof port === "number") ports.api = port;
      if (ports.api !== undefined && ports.admin !== undefined) resolve(undefined);
    });
  });
  return {
    url: `http://127.0.0.1:${ports.api}/`,
    page: `http://127.0.0.1:${ports.admin}/`,
  };
}

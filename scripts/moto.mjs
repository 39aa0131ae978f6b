// moto, a server that stands in for S3 in tests: installed from PyPI below node_modules/.cache, and started on a free
// port of this machine.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"];
/** A server that says nothing for so long, in milliseconds, will not. */
const START = 60_000;

const folder = fileURLToPath(new URL("../node_modules/.cache/s3/moto", import.meta.url));
/** Its Python, which has Amazon's client boto3, too. */
export const python = join(folder, "bin/python");

/** Whether a command ran well. @param {string} command @param {...string} args */
function runs(command, ...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, args, { env, stdio: "ignore" }).status === 0;
}

/** Installs moto where it is missing. Returns false where it cannot be had. */
export function installMoto() {
  if (existsSync(join(folder, "installed"))) return true;
  if (!runs("python3", "--version")) return false;
  console.log("installing moto");
  // Debian has Python without its virtual environments.
  if (!runs("python3", "-m", "venv", "--clear", folder)) {
    runs("apt-get", "-qq", "update");
    runs("apt-get", "-qq", "install", "--yes", "--no-install-recommends", "python3-venv");
    if (!runs("python3", "-m", "venv", "--clear", folder)) return false;
  }
  if (!runs(python, "-m", "pip", "install", "--quiet", ...PACKAGES)) return false;
  mkdirSync(join(folder, "installed"));
  return true;
}

/** Starts moto, and waits until it answers. */
export async function startMoto() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, "close");
  const child = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", `${port}`], { stdio: "ignore" });
  const endpoint = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const answers = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answers) return { endpoint, stop: () => child.kill("SIGKILL") };
    if (child.exitCode !== null || Date.now() > end) throw new Error("moto did not start");
  }
}

// A PostgreSQL for tests: a cluster of its own in a temporary folder, on a port that the system chooses, run by a user
// without privileges. The programs are those of the machine, or of Debian's package, which is installed where it is
// missing and can be.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The oldest that the aggregator takes. */
const OLDEST = 15;
/** Where Debian has the programs, by version. */
const DEBIAN = "/usr/lib/postgresql";
/** A user that every Debian has, for who is root: PostgreSQL does not run as root. */
const NOBODY = "nobody";

/** The folder of the newest programs that are new enough; null if there are none. */
function findPrograms() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  for (const version of versions.filter((v) => v >= OLDEST).sort((a, b) => b - a)) {
    if (existsSync(`${DEBIAN}/${version}/bin/initdb`)) return `${DEBIAN}/${version}/bin`;
  }
  const { status, stdout } = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" });
  return status === 0 && existsSync(`${stdout.trim()}/initdb`) ? stdout.trim() : null;
}

/** Installs Debian's package, without its cluster that would start with the machine. */
function install() {
  if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) return;
  console.log("installing PostgreSQL");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("apt-get", ["-qq", "update"], { env });
  spawnSync("apt-get", ["-qq", "install", "--yes", "--no-install-recommends", "postgresql-common"], { env });
  spawnSync("sed", [
    "-i",
    "s/^#\\?create_main_cluster.*/create_main_cluster = false/",
    "/etc/postgresql-common/createcluster.conf",
  ]);
  spawnSync("apt-get", ["-qq", "install", "--yes", "--no-install-recommends", "postgresql"], { env });
}

/** Ports that were given away: who has one may not have opened it yet. */
const given = new Set();

/** A port that was free a moment ago, another one each time. */
export async function freePort() {
  for (;;) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    server.close();
    await once(server, "close");
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

/**
 * Starts a cluster with an empty database, which only this machine reaches. Null if there is no PostgreSQL of version
 * 15 or later, and none can be installed.
 *
 * @param {{ isDurable?: boolean, settings?: Record<string, string | number> }} [options] not durable: a crash of the
 * machine, not of a process, may lose what was committed
 * @returns {Promise<{ url: string, version: string, pid: number, stop(): Promise<void> } | null>}
 */
export async function startPostgres({ isDurable = false, settings = {} } = {}) {
  if (findPrograms() === null) install();
  const bin = findPrograms();
  if (bin === null) return null;

  const folder = mkdtempSync(join(tmpdir(), "prio-postgres-"));
  const data = join(folder, "data");
  /** @type {{ uid?: number, gid?: number }} */
  const user = {};
  if (process.getuid?.() === 0) {
    const idOf = (/** @type {string} */ flag) => Number(spawnSync("id", [flag, NOBODY], { encoding: "utf8" }).stdout);
    user.uid = idOf("-u");
    user.gid = idOf("-g");
    chownSync(folder, user.uid, user.gid);
  }
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const made = spawnSync(
    `${bin}/initdb`,
    ["-D", data, "-U", "prio", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
    { ...user, cwd: folder, encoding: "utf8" },
  );
  if (made.status !== 0) {
    remove();
    throw new Error(`initdb failed: ${made.stderr}`);
  }

  const port = await freePort();
  const all = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    fsync: isDurable ? "on" : "off",
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = spawn(`${bin}/postgres`, ["-D", data, ...args], {
    ...user,
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let log = "";
  await new Promise((resolve, reject) => {
    server.stderr.setEncoding("utf8").on("data", (text) => {
      log = (log + text).slice(-10_000);
      if (log.includes("ready to accept connections")) resolve(undefined);
    });
    ended.then(() => {
      remove();
      reject(new Error(`PostgreSQL ended: ${log}`));
    });
  });
  const { stdout } = spawnSync(`${bin}/postgres`, ["--version"], { encoding: "utf8" });
  return {
    url: `postgres://prio@127.0.0.1:${port}/postgres`,
    version: stdout.trim().replace(/^postgres \(PostgreSQL\) /, ""),
    pid: /** @type {number} */ (server.pid),
    async stop() {
      // "Fast shutdown": connections are cut.
      server.kill("SIGINT");
      await ended;
      remove();
    },
  };
}

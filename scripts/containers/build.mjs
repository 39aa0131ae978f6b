// Builds the images of deploy/Dockerfile without a daemon: with Debian's buildah, over a base that is made of Debian
// (debootstrap) and of Node from npm, in place of the official image. Everything is in one folder.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";

const NODE = "24.21.0";
const DEBIAN = "bookworm";

/**
 * Runs a program and returns what it prints. What it says beside that is only shown when it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 */
function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args[0]} ended with ${status}: ${error?.message ?? ""}\n${stdout}\n${stderr}`);
}

/** What is needed of Debian, if it is not there; returns what cannot be had. */
export function installTools() {
  const tools = ["buildah", "debootstrap", "runc"];
  const missing = () => tools.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  if (missing().length > 0) {
    console.log(`installing ${missing().join(", ")}`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (/** @type {string[]} */ ...args) => spawnSync("apt-get", ["-qq", ...args], { env, stdio: "ignore" });
    apt("update");
    apt("install", "--yes", "--no-install-recommends", ...missing());
  }
  return missing();
}

/** The machine's own mirror of Debian, if it says which. */
function mirror() {
  const files = ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"].filter((path) => existsSync(path));
  const text = files.map((path) => readFileSync(path, "utf8")).join("\n");
  const [, found] = /^(?:deb(?: \[[^\]]*\])? |URIs: *)(https?:\/\/\S+)/m.exec(text) ?? [];
  return found ?? "http://deb.debian.org/debian";
}

export class Builder {
  /** Everything of it. */
  folder;
  /** How files of images are stored. */
  driver = "overlay";

  /** @param {string} folder an empty one */
  constructor(folder) {
    this.folder = folder;
    try {
      this.#buildah("mount", this.#buildah("from", "scratch").trim());
      this.end();
    } catch {
      // vfs copies all files again and again, but works inside of most sandboxes, as the isolation chroot does.
      this.driver = "vfs";
    }
  }

  /** @param {string[]} args */
  #buildah(...args) {
    const folders = ["--root", join(this.folder, `storage-${this.driver}`), "--runroot", join(this.folder, "run")];
    return run("buildah", [...folders, "--storage-driver", this.driver, ...args]);
  }

  /** Lets go of all folders, so that they can be removed. */
  end() {
    this.#buildah("rm", "--all");
  }

  /** A Debian with Node and npm, as the official images are. Returns its folder. */
  makeBase() {
    const root = join(this.folder, "base");
    run("debootstrap", ["--variant=minbase", "--include=ca-certificates", DEBIAN, root, mirror()]);
    rmSync(join(root, "var/cache/apt/archives"), { recursive: true });
    rmSync(join(root, "var/lib/apt/lists"), { recursive: true });
    const node = `node-linux-${arch()}`;
    const archive = run("npm", ["pack", "--silent", `${node}@${NODE}`], { cwd: this.folder }).trim();
    mkdirSync(join(this.folder, "node"));
    run("tar", ["-xzf", archive, "-C", "node", "--strip-components=1"], { cwd: this.folder });
    cpSync(join(this.folder, "node/bin/node"), join(root, "usr/local/bin/node"));
    const npm = ["install", "--silent", "--global", "--no-audit", "--prefix", join(root, "usr/local"), "npm@11"];
    run("npm", npm, { cwd: this.folder });
    copyNpmSettings(root);
    writeFileSync(join(this.folder, "Containerfile"), "FROM scratch\nADD base.tar /\n");
    run("tar", ["-C", root, "-cf", join(this.folder, "base.tar"), "."]);
    this.#buildah("bud", "--isolation", "chroot", "--tag", "base", "--quiet", this.folder);
    return root;
  }

  /** Builds a target of deploy/Dockerfile over that base. @param {string} target @param {string} context a checkout */
  build(target, context) {
    this.#buildah(
      ...["bud", "--isolation", "chroot", "--quiet", "--layers", "--build-arg", "BASE=localhost/base"],
      ...["--file", join(context, "deploy/Dockerfile"), "--target", target, "--tag", target, context],
    );
  }

  /**
   * A folder with the files of an image, and its settings.
   *
   * @param {string} image
   * @returns {{ root: string, config: ImageConfig }}
   */
  unpack(image) {
    const container = this.#buildah("from", `localhost/${image}`).trim();
    const { OCIv1, Docker } = JSON.parse(this.#buildah("inspect", "--type", "image", `localhost/${image}`));
    return {
      root: this.#buildah("mount", container).trim(),
      config: { ...OCIv1.config, history: JSON.stringify([OCIv1.history, Docker?.history]) },
    };
  }

  /** Bytes of the image's layers, uncompressed. @param {string} image */
  sizeOf(image) {
    const [{ size }] = JSON.parse(this.#buildah("images", "--json", `localhost/${image}`));
    return /** @type {string} */ (size);
  }
}

/** This machine's registry and certificates, which `npm ci` needs in the image too. @param {string} root */
function copyNpmSettings(root) {
  const get = (/** @type {string} */ name) => run("npm", ["config", "get", name]).trim();
  const certificates = [get("cafile"), process.env["NODE_EXTRA_CA_CERTS"]].find((path) => path && path !== "null");
  const settings = [`registry=${get("registry")}`, "audit=false", "fund=false", "update-notifier=false"];
  if (certificates !== undefined) {
    cpSync(certificates, join(root, "etc/npm-certificates"));
    settings.push("cafile=/etc/npm-certificates");
  }
  mkdirSync(join(root, "usr/local/etc"), { recursive: true });
  writeFileSync(join(root, "usr/local/etc/npmrc"), `${settings.join("\n")}\n`);
}

/**
 * @typedef {object} ImageConfig
 * @property {string} [User]
 * @property {string[]} [Env]
 * @property {string[]} [Entrypoint]
 * @property {string[]} [Cmd]
 * @property {string} [WorkingDir]
 * @property {string} history what was done to make it
 */

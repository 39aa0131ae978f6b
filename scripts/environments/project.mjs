// A temporary project of one kind of environment: the packed package, the consumer compiled, and the packages of the
// environment. Its programs run under one Node from the registry, because some packages need a newer one than CI has.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import esbuild from "esbuild";
import { compile, installFlags, root, writeConsumer } from "../package-under-test.mjs";
import { install, runtimes } from "../runtimes.mjs";
import { packageOf, versions } from "./versions.mjs";

/** @typedef {import("../runtimes.mjs").Runtime} Runtime */

/** The Node that the environments run under. */
export const host = /** @type {Runtime} */ (runtimes.find(({ name }) => name === "Node 24"));

/** Something that this machine or its registry does not have. The environment could not be tried. */
export class Missing extends Error {}

/** Installs that Node, and returns its binary's path. @param {string} folder */
export function installHost(folder) {
  try {
    return install(host, folder);
  } catch (error) {
    throw new Missing(`npm has no ${host.specifier}`, { cause: error });
  }
}

/** A package as npm takes it, under a name of the table of versions. @param {string} name */
const pinned = (name) => `${name}@npm:${packageOf(name)}@${versions[name]}`;

export class Project {
  #node;
  #tarball;

  /**
   * @param {string} folder
   * @param {string} node the host's binary
   * @param {string} tarball of the package
   */
  constructor(folder, node, tarball) {
    this.folder = folder;
    this.#node = node;
    this.#tarball = tarball;
  }

  /**
   * Installs the package and those of `names`, and copies the consumer and `scripts/consumer/<kind>/`.
   *
   * @param {string} kind
   * @param {readonly string[]} names
   */
  prepare(kind, names) {
    writeConsumer(this.folder);
    this.write("package.json", '{ "name": "consumer", "private": true }\n');
    for (const entry of ["program.mjs", "index.html", "vm.mjs"]) cpSync(this.#source(entry), join(this.folder, entry));
    if (existsSync(this.#source(kind))) cpSync(this.#source(kind), this.folder, { recursive: true });
    try {
      this.#execute("npm", ["install", ...installFlags, "--no-package-lock", this.#tarball, ...names.map(pinned)]);
    } catch (error) {
      throw new Missing("npm has not all packages", { cause: error });
    }
    compile([join(this.folder, "collect.mts")]);
    compile([join(this.folder, "collect.cts")]);
  }

  /** @param {string} path */
  #source(path) {
    return join(root, "scripts/consumer", path);
  }

  /** @param {string} path @param {string} text */
  write(path, text) {
    writeFileSync(join(this.folder, path), text);
  }

  /** What a program prints, run by the host Node in this folder. @param {string[]} args */
  node(...args) {
    return this.#execute(this.#node, args);
  }

  /** The command of a program that keeps running, and its surroundings. @param {string[]} args */
  background(...args) {
    return { command: this.#node, args, cwd: this.folder, env: this.#surroundings() };
  }

  /** What a binary in a package prints. @param {string} path below node_modules @param {string[]} args */
  binary(path, ...args) {
    return this.#execute(this.find(path), args);
  }

  /** The path of a package's file for this platform. @param {string} path below node_modules */
  find(path) {
    const found = join(this.folder, "node_modules", path);
    if (!existsSync(found)) throw new Missing(`no ${path} for this platform`);
    return found;
  }

  /**
   * Bundles a program of the project with esbuild.
   *
   * @param {string} entry
   * @param {string} outfile
   * @param {esbuild.BuildOptions} [options]
   */
  bundle(entry, outfile, options) {
    esbuild.buildSync({
      absWorkingDir: this.folder,
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "iife",
      logLevel: "silent",
      ...options,
    });
  }

  /** Copies the page to where a bundler wrote `program.mjs`. @param {string} folder */
  copyPage(folder) {
    cpSync(this.#source("index.html"), join(this.folder, folder, "index.html"));
  }

  #surroundings() {
    const path = `${dirname(this.#node)}${delimiter}${process.env["PATH"] ?? ""}`;
    return { ...process.env, PATH: path, NO_COLOR: "1", NEXT_TELEMETRY_DISABLED: "1" };
  }

  /** @param {string} command @param {string[]} args */
  #execute(command, args) {
    return execFileSync(command, args, {
      cwd: this.folder,
      env: this.#surroundings(),
      encoding: "utf8",
      stdio: "pipe",
      timeout: 180_000,
    }).trim();
  }
}

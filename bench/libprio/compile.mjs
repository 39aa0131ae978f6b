// Compiles driver.c against a libprio that the user has built in its own way (`scons`): headers in PATH/include,
// archives in PATH/build/prio and PATH/build/mpi. CC, CFLAGS and LDFLAGS are taken from the environment, for NSS and
// msgpack-c in other places than the compiler's own.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const words = (/** @type {string | undefined} */ text) => (text ?? "").split(/\s+/).filter((word) => word !== "");

/** What a program prints; nothing where there is no such program. @param {string} program @param {string[]} args */
const outputOf = (program, args) => spawnSync(program, args, { encoding: "utf8" }).stdout?.trim() ?? "";

/**
 * Compiles the driver to `outfile`, and returns which libprio it is: its commit, and the compiler that the archive
 * names.
 *
 * @param {string} libprio
 * @param {string} outfile
 */
export function compileDriver(libprio, outfile) {
  execFileSync(
    process.env["CC"] ?? "cc",
    [
      ...["-O3", "-std=c99", "-Wall", "-Wextra", `-I${libprio}/include`],
      ...words(outputOf("pkg-config", ["--cflags", "nss"])),
      ...words(process.env["CFLAGS"]),
      ...[fileURLToPath(new URL("driver.c", import.meta.url)), "-o", outfile],
      ...[`-L${libprio}/build/prio`, `-L${libprio}/build/mpi`, ...words(process.env["LDFLAGS"])],
      ...["-lmprio", "-lmpi", "-lmsgpackc", "-lnss3", "-lnspr4"],
    ],
    { stdio: "inherit" },
  );
  const archive = readFileSync(`${libprio}/build/prio/libmprio.a`, "latin1");
  const compiler = /clang version [\d.]+|GCC: \([^)]*\) [\d.]+/.exec(archive)?.[0].replace(" version", "");
  const commit = outputOf("git", ["-C", libprio, "rev-parse", "--short", "HEAD"]);
  return ["libprio", commit, compiler && `(${compiler})`].filter(Boolean).join(" ");
}

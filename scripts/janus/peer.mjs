// The small programs of test/janus, on the crates of a checkout of Janus. Cargo builds them below node_modules/.cache,
// or in CARGO_TARGET_DIR. Their Cargo.toml is made of a template, with the checkout's path.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../../test/janus", import.meta.url));
const folder = fileURLToPath(new URL("../../node_modules/.cache/janus", import.meta.url));

/** Builds them, and returns the folder where they are. @param {string} checkout */
export function buildPeer(checkout) {
  if (!existsSync(join(checkout, "messages", "Cargo.toml"))) throw new Error(`JANUS=${checkout}: no checkout of Janus`);
  mkdirSync(folder, { recursive: true });
  const manifest = readFileSync(join(sources, "Cargo.toml.in"), "utf8");
  writeFileSync(join(folder, "Cargo.toml"), manifest.replaceAll("@JANUS@", checkout).replaceAll("@PEER@", sources));
  // The same versions of the crates below as Janus itself has.
  copyFileSync(join(checkout, "Cargo.lock"), join(folder, "Cargo.lock"));
  const target = process.env["CARGO_TARGET_DIR"] ?? join(folder, "target");
  const built = spawnSync("cargo", ["build", "--release", "--quiet"], {
    cwd: folder,
    env: { ...process.env, CARGO_TARGET_DIR: target },
    stdio: "inherit",
  });
  if (built.error !== undefined) throw new Error("cargo is needed to build the programs of test/janus");
  if (built.status !== 0) throw new Error("the programs of test/janus could not be built");
  return join(target, "release");
}

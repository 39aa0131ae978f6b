// Which version of the package this is.

import { readFileSync } from "node:fs";

/** The package's version, from the package.json above dist/. */
export function version(): string {
  try {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    return version;
  } catch {
    return "unknown";
  }
}

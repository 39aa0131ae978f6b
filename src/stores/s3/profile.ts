// What the environment and the files of AWS's own programs say about keys, region and endpoint.

import { homedir } from "node:os";
import { join } from "node:path";
import { systemCode } from "../../files/failure.js";
import { readSmallFile } from "../../files/small-file.js";
import type { StoreSettings } from "../settings.js";
import { parseIni } from "./ini.js";

const MAX_FILE = 2 ** 20;

/** What is known of the profile in use. */
export interface Profile {
  readonly name: string;
  /** Values of the credentials file and of the config file, by their names in lower case. */
  readonly values: ReadonlyMap<string, string>;
}

/** Reads the profile anew. Its values are none when the files are not there. Throws the system's error. */
export function readProfile(settings: StoreSettings): Profile {
  const env = settings.env ?? process.env;
  const name = settings.profile ?? env["AWS_PROFILE"] ?? "default";
  const folder = join(env["HOME"] ?? homedir(), ".aws");
  const config = sections(env["AWS_CONFIG_FILE"] ?? join(folder, "config"));
  const credentials = sections(env["AWS_SHARED_CREDENTIALS_FILE"] ?? join(folder, "credentials"));
  return {
    name,
    values: new Map([
      ...(config.get(name === "default" ? name : `profile ${name}`) ?? []),
      ...(credentials.get(name) ?? []),
    ]),
  };
}

function sections(path: string): Map<string, Map<string, string>> {
  try {
    return parseIni(readSmallFile(path, MAX_FILE)?.toString() ?? "");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return new Map();
    throw error;
  }
}

/** The region: what is asked for, then the usual variables, then the profile. */
export function regionOf(settings: StoreSettings, profile: Profile): string {
  const env = settings.env ?? process.env;
  return (
    settings.region || env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || profile.values.get("region") || "us-east-1"
  );
}

/** The server's address in the same way, or undefined for AWS itself. */
export function endpointOf(settings: StoreSettings, profile: Profile): string | undefined {
  const env = settings.env ?? process.env;
  return (
    settings.endpoint ||
    env["AWS_ENDPOINT_URL_S3"] ||
    env["AWS_ENDPOINT_URL"] ||
    profile.values.get("endpoint_url") ||
    undefined
  );
}

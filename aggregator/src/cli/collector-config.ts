// The collector's HPKE configuration: given to an operator, or made here with its private key.

import { randomInt } from "node:crypto";
import { decodeHpkeConfig, encodeHpkeConfig, type HpkeConfig, HpkeKeyPair, isHpkeConfigSupported } from "prio/dap";
import { createSecretFile } from "../operators-files.js";
import { answerTo, type Io, readText, UsageError } from "./io.js";
import { usage } from "./values.js";

/** Of an HPKE configuration. A random one of them, so that an old key is told from a new one. */
const HPKE_IDS = 256;
const QUESTION = "The collector's HPKE configuration (base64url, or a file with it)";

export interface CollectorOptions {
  readonly collectorHpke?: string;
  readonly newCollectorKey?: string;
}

export interface CollectorConfig {
  readonly config: HpkeConfig;
  /** Writes the private key that was made. */
  readonly write?: () => void;
}

/** What two options say, or a person. Throws an OperatorError. */
export async function collectorConfig(io: Io, options: CollectorOptions): Promise<CollectorConfig> {
  const { collectorHpke, newCollectorKey } = options;
  if (collectorHpke !== undefined && newCollectorKey !== undefined) {
    throw new UsageError("expected --collector-hpke or --new-collector-key, got both");
  }
  if (newCollectorKey !== undefined) {
    const pair = HpkeKeyPair.generate(randomInt(HPKE_IDS));
    const text = collectorKeyText(pair);
    return { config: pair.config, write: () => createSecretFile(newCollectorKey, text) };
  }
  const config = await answerTo(io, collectorHpke, "--collector-hpke or --new-collector-key", QUESTION, null, (x) => x);
  return { config: await readHpkeConfig(io, config) };
}

/** The collector's key file. */
function collectorKeyText(pair: HpkeKeyPair): string {
  const config = Buffer.from(encodeHpkeConfig(pair.config)).toString("base64url");
  const privateKey = Buffer.from(pair.toBytes()).toString("base64url");
  return `${JSON.stringify({ hpkeConfig: config, privateKey }, null, 2)}\n`;
}

async function readHpkeConfig(io: Io, given: string): Promise<HpkeConfig> {
  const subject = "--collector-hpke";
  const isText = /^[\w-]{50,}={0,2}$/.test(given);
  const content = isText ? given : (await readText(io, given, "an HPKE configuration")).trim();
  let text = content;
  if (content.startsWith("{")) {
    const found: unknown = (JSON.parse(content) as Record<string, unknown>)["hpkeConfig"];
    text = typeof found === "string" ? found : "";
  }
  const config = usage(subject, () => {
    if (!/^[\w+/-]{50,}={0,2}$/.test(text)) {
      throw new UsageError(`${subject}: expected an HPKE configuration in base64url, or a file with it`);
    }
    return decodeHpkeConfig(Buffer.from(text, "base64"));
  });
  if (!isHpkeConfigSupported(config)) {
    throw new UsageError(`${subject}: expected DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM`);
  }
  return config;
}

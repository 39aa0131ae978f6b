// What the servers' secret proves in manifests: that both have the same one, and that whoever wrote a manifest had it.
// The secret has 128 random bits, so nothing here helps to guess it; and as the context is in each hash, no two batches
// or days can be told to have the same secret.

import { createHmac, timingSafeEqual } from "node:crypto";
import { ServerSecret } from "../index.js";

/** Which batch, on which day: what every manifest is about. */
export interface Context {
  readonly app: string;
  readonly date: string;
  readonly batchId: string;
}

/** Makes and checks what the secret proves. */
export class Sealer {
  readonly #secret: Uint8Array;

  constructor(secret: string) {
    this.#secret = ServerSecret.fromBase64(secret).toBytes();
  }

  /** 8 bytes in hex that are the same at both servers when their secrets are. */
  fingerprint({ app, date, batchId }: Context): string {
    return this.#hmac("prio process: secret", app, date, batchId).subarray(0, 8).toString("hex");
  }

  /** The seal of a line: 32 bytes in hex. */
  seal(line: string): string {
    return this.#hmac("prio process: manifest", line).toString("hex");
  }

  isSealed(line: string, seal: string): boolean {
    const [expected, got] = [Buffer.from(this.seal(line)), Buffer.from(seal)];
    return expected.length === got.length && timingSafeEqual(expected, got);
  }

  /** A key for the digests of reports, which no client can foresee. */
  reportKey(): Uint8Array {
    return this.#hmac("prio process: reports");
  }

  /** Every part with its length before it, so that no two lists of parts are the same bytes. */
  #hmac(...parts: readonly string[]): Buffer {
    const hmac = createHmac("sha256", this.#secret);
    for (const part of parts) {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      hmac.update(length).update(bytes);
    }
    return hmac.digest();
  }
}

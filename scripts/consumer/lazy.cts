// How a CommonJS program loads the package under the rules of Node 16 (`module: node16`), where require() cannot load
// ES modules. TypeScript checks it, scripts/test-runtimes.mjs runs it.

import type { Config, PrioError } from "prio" with { "resolution-mode": "import" };

export async function refuseNoFields(): Promise<Config | PrioError["code"]> {
  const prio = await import("prio");
  try {
    const [serverA, serverB] = [prio.generateKeyPair().publicKey, prio.generateKeyPair().publicKey];
    return new prio.Config({ fields: 0, batchId: "lazy", serverA, serverB });
  } catch (error) {
    if (error instanceof prio.PrioError) return error.code;
    throw error;
  }
}

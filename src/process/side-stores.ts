// The four stores of a side, opened as the configuration says.

import { openStore } from "../stores/open-store.js";
import type { StoreSettings } from "../stores/settings.js";
import type { Store } from "../stores/store.js";
import type { ProcessConfig, ServiceConfig } from "./config.js";

/** The four stores of a side; see layout.ts. */
export interface SideStores {
  readonly ingest: Store;
  readonly private: Store;
  readonly shared: Store;
  readonly peer: Store;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The stores of a side. They do not end with the run's signal: a run still gives its lock back after that. */
export function openStores({ stores }: ProcessConfig, env: Environment, warn: (message: string) => void): SideStores {
  const open = (url: string, side: "INTERNAL" | "EXTERNAL", service: ServiceConfig): Store =>
    openStore(url, { ...settingsOf(side, service, env), warn, env });
  return {
    ingest: open(stores.ingest, "INTERNAL", stores.internal),
    private: open(stores.private, "INTERNAL", stores.internal),
    shared: open(stores.shared, "INTERNAL", stores.internal),
    peer: open(stores.peer, "EXTERNAL", stores.external),
  };
}

/** How a service is reached; its keys are in prio-processor's variables, or where the store looks for them. */
function settingsOf(side: string, service: ServiceConfig, env: Environment): StoreSettings {
  const [accessKeyId, secretAccessKey] = [env[`BUCKET_${side}_ACCESS_KEY`], env[`BUCKET_${side}_SECRET_KEY`]];
  const credentials = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
  return { ...service, credentials };
}

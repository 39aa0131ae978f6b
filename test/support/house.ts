// The rooms of the house and what each may import. This is the one place for the rule: test/house.test.ts checks src/,
// aggregator/src/ and the tables of CONTRIBUTING.md ("The house") against it.

/** What a room may import besides its own files. */
export interface Room {
  /** `room/index` stands for the public names of a room alone. */
  readonly rooms: readonly string[];
  /** Names of packages; `*` at the end stands for anything. */
  readonly packages?: readonly string[];
  /** What a single file of the room may import besides, by its path below src/ without its ending. */
  readonly files?: Readonly<Record<string, readonly string[]>>;
}

/** What each room may import, by their names. */
export type House = Readonly<Record<string, Room>>;

/** A room is a folder of src/, or a file there without its ending. They stand in the order in which data flows up. */
export const house: House = {
  errors: { rooms: [] },
  core: { rooms: ["errors"] },
  codec: { rooms: ["errors", "core"], packages: ["@msgpack/msgpack"] },
  crypto: { rooms: ["errors", "core"], packages: ["@noble/*"] },
  vdaf: { rooms: ["errors", "core", "crypto"] },
  // The two protocols never import each other. What drives both does so through vdaf.
  prio1: { rooms: ["errors", "core", "codec", "crypto", "vdaf"] },
  prio3: { rooms: ["errors", "core", "crypto", "vdaf"] },
  index: { rooms: ["errors", "core", "crypto", "prio1"] },
  dp: { rooms: ["errors", "core"] },
  // It knows VDAFs by their interface. One file makes instances, so that a page gets only those that it makes itself.
  dap: {
    rooms: ["errors", "core", "codec", "crypto", "vdaf"],
    files: { "dap/vdafs": ["prio3/index", "prio1/vdaf/index"] },
  },
  // The record on disk, the engine and the command use the public names of the protocol, as any other program would.
  files: { rooms: ["errors"], packages: ["node:*"] },
  replays: { rooms: ["errors", "core", "index", "files"], packages: ["node:*"] },
  // Packets for tests and demonstrations, good and bad, which are made with the protocol's inner functions: these take
  // their randomness as an argument. Nothing of the library imports them.
  samples: { rooms: ["errors", "core", "crypto", "prio1"] },
  batch: { rooms: ["errors", "core", "index", "dp", "samples", "files", "replays"], packages: ["node:*"] },
  // Stores know objects and bytes, and nothing of what is in them.
  stores: { rooms: ["errors", "files"], packages: ["node:*", "aws4fetch"] },
  process: { rooms: ["errors", "core", "index", "files", "replays", "batch", "stores"], packages: ["node:*"] },
  cli: {
    rooms: [
      "errors",
      "core",
      "prio3/index",
      "index",
      "dap/index",
      "samples",
      "files",
      "replays",
      "batch",
      "stores",
      "process",
    ],
    packages: ["node:*", "commander", "get-east-asian-width"],
  },
};

/** The rooms of aggregator/src/. Of the library they use the public names alone. */
export const aggregatorHouse: House = {
  log: { rooms: [], packages: ["node:*", "pino"] },
  problem: { rooms: [] },
  metrics: { rooms: [] },
  pieces: { rooms: [] },
  // Translations between messages as bytes: they know nothing of an aggregator.
  dialects: { rooms: [], packages: ["node:*", "prio/dap"] },
  // The store knows rows and bytes, and nothing of what is in them.
  store: { rooms: [], packages: ["node:*", "pg", "@photostructure/sqlite"] },
  tasks: { rooms: ["dialects", "store"], packages: ["node:*", "prio/*"] },
  "operators-files": { rooms: ["tasks"], packages: ["node:*"] },
  "operators-store": { rooms: ["store", "tasks"], packages: ["node:*"] },
  config: { rooms: ["log", "tasks"], packages: ["node:*"] },
  context: { rooms: ["log", "metrics", "store", "tasks"], packages: ["prio/dap"] },
  protocol: { rooms: ["problem", "store", "tasks", "context"], packages: ["node:*", "prio/*"] },
  jobs: { rooms: ["problem", "pieces", "store", "tasks", "context", "protocol"], packages: ["node:*", "prio/dap"] },
  http: {
    rooms: ["problem", "pieces", "dialects", "store", "tasks", "context", "protocol"],
    packages: ["node:*", "prio/dap", "fastify", "@fastify/cors"],
  },
  admin: {
    rooms: ["metrics", "store", "tasks", "context", "protocol"],
    packages: ["node:*", "prio/*", "fastify", "prom-client"],
  },
  // A role puts the others together: it reads the settings, and starts what they ask for.
  roles: {
    rooms: [
      ...["log", "dialects", "store", "tasks", "operators-files", "operators-store", "config", "context", "protocol"],
      ...["jobs", "http", "admin"],
    ],
    packages: ["node:*", "prio/*", "fastify"],
  },
  cli: {
    rooms: ["log", "store", "tasks", "operators-files", "operators-store", "config", "admin", "roles"],
    packages: ["node:*", "prio/dap", "commander"],
  },
  main: { rooms: ["cli"] },
};

/**
 * Imports that break the rules above and are still there: the importing file, and the imported one. The list may only
 * get shorter: the test fails when an exception is no longer needed.
 */
export const exceptions: readonly string[] = [];

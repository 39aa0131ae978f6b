// The rooms of the house and what each may import. This is the one place for the rule: test/house.test.ts checks src/
// and the table of CONTRIBUTING.md ("The house") against it.

/** What a room may import besides its own files. */
export interface Room {
  /** `room/index` stands for the public names of a room alone. */
  readonly rooms: readonly string[];
  /** Names of packages; `*` at the end stands for anything. */
  readonly packages?: readonly string[];
  /** What a single file of the room may import besides, by its path below src/ without its ending. */
  readonly files?: Readonly<Record<string, readonly string[]>>;
}

/** A room is a folder of src/, or a file there without its ending. They stand in the order in which data flows up. */
export const house: Readonly<Record<string, Room>> = {
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

/**
 * Imports that break the rule above and are still there: the importing file, and the imported one. The list may only
 * get shorter: the test fails when an exception is no longer needed.
 */
export const exceptions: readonly string[] = [];

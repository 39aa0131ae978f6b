// The command's commands, in the order of its help, in which each has what the ones before it wrote.

export const COMMANDS = [
  "keygen",
  "shared-seed",
  "encode-shares",
  "staging",
  "partition",
  "verify1",
  "verify2",
  "aggregate",
  "join",
  "merge",
  "publish",
  "process",
  "status",
  "collect",
  "generate",
  "index",
  "inspect",
  "demo",
  "completion",
] as const;

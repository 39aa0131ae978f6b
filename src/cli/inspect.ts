// `prio inspect`: what a file or a packet is.

import type { Run } from "./stage.js";

export function inspect({ around }: Run, path: string): number {
  around.stdout.write(`${path}\n`);
  return 0;
}

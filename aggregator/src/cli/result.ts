// `prio-aggregator result put`: gives the operators' page a result that a collector got. Only the collector has it, so
// that whoever wants it on the page must put it there.

import type { Command } from "commander";
import { putResult, readResult } from "../admin/results.js";
import { parseObject } from "../tasks/exchange.js";
import { OperatorError } from "../tasks/operator-error.js";
import { type Io, note, readText } from "./io.js";
import { type StoreOptions, useStore, withDatabase } from "./store-access.js";

export function addResult(program: Command, io: Io): void {
  const result = program.command("result").description("results for the operators' page");
  const put = result
    .command("put")
    .argument("<task>", "its id, or the first characters of it")
    .argument("<file>", "what `prio collect --format json` wrote; `-` is standard input")
    .description("show a collector's result on the operators' page");
  withDatabase(put).action(async (name: string, path: string, options: StoreOptions) => {
    const subject = path === "-" ? "standard input" : path;
    const text = await readText(io, path, "a result");
    const read = readResult(text, subject);
    const { task: named = null } = parseObject(text, subject);
    const check = (idText: string): void => {
      if (named === null || named === idText) return;
      throw new OperatorError(`${subject}: its result is another task's: nothing was put`);
    };
    await useStore(io, options, (store) => putResult(store, name, read, io.clock(), check));
    note(io, `The operators' page shows the result of ${read.name}.`);
  });
}

// The list of the parts that a stage has read, in the private store: whoever wrote them cannot give others the second
// time, even when the copies here are lost.

import { Failure } from "../files/failure.js";
import type { Store } from "../stores/store.js";
import { MAX_MANIFEST, type Part } from "./manifest.js";
import { putSmall, readSmall } from "./small-object.js";

/** Other parts than before: what was made of the first must not be made of the second. */
export class OtherParts extends Failure {}

/**
 * Writes down which parts were read, or throws an OtherParts when it was written down that they were others. `what`
 * names them in messages.
 */
export async function requirePinned(store: Store, key: string, parts: readonly Part[], what: string): Promise<void> {
  const sorted = [...parts].sort((a, b) => (a.name < b.name ? -1 : 1));
  const text = `${JSON.stringify(sorted.map(({ name, size, sha256 }) => ({ name, size, sha256 })))}\n`;
  const before = await readSmall(store, key, MAX_MANIFEST);
  if (before === undefined) return putSmall(store, key, text);
  if (before.equals(Buffer.from(text))) return;
  const known = new Map((JSON.parse(before.toString("utf8")) as Part[]).map((part) => [part.name, part.sha256]));
  const now = new Map(parts.map((part) => [part.name, part.sha256]));
  const other = [...now.keys(), ...known.keys()].find((name) => now.get(name) !== known.get(name)) ?? "a part";
  const how = known.has(other) ? (now.has(other) ? "is another one" : "has gone") : "has come";
  throw new OtherParts(
    `${what} are not those that this batch began with: ${other} ${how}`,
    `put back what was there, or give the batch up; ${store.name}/${key} lists the parts`,
  );
}

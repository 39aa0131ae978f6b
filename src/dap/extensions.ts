// Rules for extensions (DAP-18, sections 4.2.2, 4.4.3, 4.5.1 and 4.6.2): a party supports all that a message has, and
// they stand in strictly increasing order of their types.

import type { TlsCodec } from "../codec/tls.js";
import { PrioError } from "../errors.js";
import { type Extension, extensions } from "./basic-messages.js";

/** Whether each extension has a greater type than the one before it, so that no type comes twice. */
export function areIncreasing(list: readonly Extension[]): boolean {
  return list.every(({ extensionType }, i) => i === 0 || extensionType > (list[i - 1] as Extension).extensionType);
}

/** The types that are not among `supported`, each once, in increasing order. */
export function unsupportedExtensions(list: readonly Extension[], supported: readonly number[] = []): number[] {
  const types = list.map(({ extensionType }) => extensionType).filter((type) => !supported.includes(type));
  return [...new Set(types)].sort((a, b) => a - b);
}

/**
 * Whether an aggregator may count a report with these extensions (DAP-18, section 4.5.3.4): each list is increasing, no
 * type is in both, and all types are among `supported`. Otherwise the report's error is `invalidMessage`.
 */
export function areReportExtensionsValid(
  publicExtensions: readonly Extension[],
  privateExtensions: readonly Extension[],
  supported: readonly number[] = [],
): boolean {
  const types = [...publicExtensions, ...privateExtensions].map(({ extensionType }) => extensionType);
  return (
    areIncreasing(publicExtensions) &&
    areIncreasing(privateExtensions) &&
    new Set(types).size === types.length &&
    types.every((type) => supported.includes(type))
  );
}

/** Extensions of which a wrong order spoils the whole message. */
export const increasingExtensions: TlsCodec<Extension[]> = {
  read(reader) {
    const list = extensions.read(reader);
    if (!areIncreasing(list)) throw reader.error("expected extensions in strictly increasing order of their types");
    return list;
  },
  write(writer, list, name) {
    extensions.write(writer, list, name);
    if (!areIncreasing(list)) {
      throw new PrioError("invalid-argument", `${name}: expected them in strictly increasing order of their types`);
    }
  },
};

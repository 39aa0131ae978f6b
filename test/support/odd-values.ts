// Values that are none of what a function expects, and bytes that lie about themselves, for tests of every public
// function.

import { PrioError } from "../../src/errors.js";

declare const structuredClone: (x: unknown, options: { transfer: unknown[] }) => unknown;

export const define = <T extends object>(x: T, name: PropertyKey, value: unknown): T =>
  Object.defineProperty(x, name, { value, configurable: true });
export const throws = () => {
  throw new RangeError("from a getter");
};

/** Bytes that are no longer there. */
export function detached(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Buffers that can be resized, where the platform has them. */
type Resizable = new (length: number, options: { maxByteLength: number }) => ArrayBuffer & { resize(n: number): void };
function resized(length: number, to: number, fixed: boolean): Uint8Array {
  const buffer = new (ArrayBuffer as unknown as Resizable)(2 * length, { maxByteLength: 2 * length + 1 });
  if (typeof buffer.resize !== "function") return detached(length);
  const bytes = fixed ? new Uint8Array(buffer, length, length) : new Uint8Array(buffer, length);
  buffer.resize(to);
  return bytes;
}

class Overriding extends Uint8Array {
  override get length(): never {
    return throws();
  }
  override slice(): never {
    return throws();
  }
  override subarray(): never {
    return throws();
  }
  override set(): never {
    return throws();
  }
  override [Symbol.iterator](): never {
    return throws();
  }
  static get [Symbol.species](): never {
    return throws();
  }
}

export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Odd bytes: `there` of them, whatever they say. */
export function oddBytes(length: number): Uint8Array[] {
  return [
    detached(length),
    resized(length, length, true),
    resized(length, length + 1, true),
    resized(length, length + 1, false),
    define(new Uint8Array(0), "length", length),
    define(new Uint8Array(5), "length", length),
    define(new Uint8Array(length), "length", 0),
    define(new Uint8Array(length), "byteLength", 5),
    define(new Uint8Array(length), Symbol.iterator, function* () {
      yield* [0, 0];
    }),
    define(new Uint8Array(length), Symbol.iterator, throws),
    define(new Uint8Array(length), "slice", throws),
    define(new Uint8Array(length), "constructor", { [Symbol.species]: throws }),
    new Overriding(length),
    ...(typeof SharedArrayBuffer === "undefined" ? [] : [new Uint8Array(new SharedArrayBuffer(length))]),
    Object.create(new Uint8Array(length)),
    new Proxy(new Uint8Array(length), {}),
  ];
}

/**
 * Odd values of every kind: among them prototypes of these classes, odd bytes of these lengths, and an object whose
 * properties of these names throw.
 */
export function oddValues(
  classes: readonly { readonly prototype: object }[],
  lengths: readonly number[],
  properties: readonly string[],
): unknown[] {
  const getters = (names: readonly string[]) =>
    Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, { get: throws, enumerable: true }])));
  return [
    undefined,
    null,
    true,
    0,
    -1,
    Number.NaN,
    2 ** 40,
    7n,
    "",
    "x",
    "\ud800",
    Symbol("x"),
    throws,
    {},
    [],
    [undefined, Symbol("x")],
    Object.create(null),
    revoked(),
    [revoked()],
    new Proxy({}, { get: throws, has: throws, getPrototypeOf: throws, ownKeys: throws }),
    new Proxy([], { get: throws }),
    getters(["length", "0", ...properties]),
    { length: 3 },
    { length: Symbol("x") },
    ...classes.map((one) => Object.create(one.prototype)),
    ...lengths.flatMap(oddBytes),
    new Uint16Array(16),
    new DataView(new ArrayBuffer(16)),
    new ArrayBuffer(16),
  ];
}

/** How many of the values make `call` throw a PrioError. Throws any other error. */
export function refusals(call: (x: never) => unknown, values: readonly unknown[]): number {
  let refused = 0;
  for (const x of values) {
    try {
      call(x as never);
    } catch (error) {
      if (!(error instanceof PrioError)) throw error;
      refused++;
    }
  }
  return refused;
}

// What keeps the insides of public classes out of reach at run time, for code that has the classes alone: no entry of
// the package exports anything of this file. (A private field would do for a class's own methods. But other files need
// the insides too, and a static method that hands them out would be there for everybody.)

import { PrioError } from "../errors.js";

/** What the constructors of classes ask for whose objects this library alone makes. */
export const MAKER: unique symbol = Symbol("maker");

/** For a constructor. Throws `invalid-argument` unless `x` is MAKER. */
export function requireMaker(x: unknown, name: string): void {
  if (x !== MAKER) throw new PrioError("invalid-argument", `${name}: not to be made with its constructor`);
}

/** What each object of one class holds. */
export class Hidden<T> {
  readonly #values = new WeakMap<object, T>();
  readonly #name: string;

  /** `name` is that of the class. */
  constructor(name: string) {
    this.#name = name;
  }

  /** For a constructor: keeps what the new object holds. Throws `invalid-argument` unless `maker` is MAKER. */
  make(object: object, value: T, maker: unknown): void {
    requireMaker(maker, this.#name);
    this.set(object, value);
  }

  set(object: object, value: T): void {
    this.#values.set(object, value);
  }

  /** Whether `x` is an object of the class. Unlike with `instanceof`, a prototype cannot forge this. */
  has(x: unknown): boolean {
    return this.#values.has(x as object);
  }

  /** What an object holds. Throws `invalid-argument` for what is no object of the class. */
  of(x: object): T {
    const value = this.#values.get(x);
    if (value === undefined) throw new PrioError("invalid-argument", `expected a ${this.#name}, got something else`);
    return value;
  }
}

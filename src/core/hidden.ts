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

/** Makes the object that it is given, so that a class derived from it adds its private field to that object. */
class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is what it is for.
    return object;
  }
}

/** A private field that no other class can reach, for objects of any class. */
function fieldOf<T>() {
  return class Field extends Given {
    #held: T;

    constructor(object: object, held: T) {
      super(object);
      this.#held = held;
    }

    static get(x: object): T | undefined {
      return #held in x ? x.#held : undefined;
    }

    static set(x: object, held: T): void {
      if (#held in x) x.#held = held;
      else new Field(x, held);
    }
  };
}

/** What each object of one class holds. (With a WeakMap, it and the garbage collector would take longer.) */
export class Hidden<T> {
  readonly #field = fieldOf<T>();
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
    this.#field.set(object, value);
  }

  /** Whether `x` is an object of the class. Unlike with `instanceof`, a prototype cannot forge this. */
  has(x: unknown): boolean {
    return typeof x === "object" && x !== null && this.#field.get(x) !== undefined;
  }

  /** What an object holds. Throws `invalid-argument` for what is no object of the class. */
  of(x: object): T {
    const value = this.has(x) ? this.#field.get(x) : undefined;
    if (value === undefined) throw new PrioError("invalid-argument", `expected a ${this.#name}, got something else`);
    return value;
  }
}

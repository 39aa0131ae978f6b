// Elements, in a line each.

type Attributes = Readonly<Record<string, string>>;

/** A new element with attributes and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The one element that a selector finds; the page's own markup has it. */
export function find<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const element = within.querySelector<E>(selector);
  if (element === null) throw new Error(`the page has no ${selector}`);
  return element;
}

/** A field element as all of its 22 hexadecimal digits. */
export function hex(x: bigint): string {
  return x.toString(16).padStart(22, "0");
}

/** A field element as digits, with a strip of its 11 bytes to see at a glance that it is noise, or not. */
export function elementView(x: bigint, tint: "a" | "b" | "sum"): HTMLElement {
  const digits = hex(x);
  const strip = make("span", { class: "strip", "aria-hidden": "true" });
  for (let i = 0; i < digits.length; i += 2) {
    const cell = make("i");
    cell.style.opacity = String(0.08 + (0.92 * Number.parseInt(digits.slice(i, i + 2), 16)) / 255);
    strip.append(cell);
  }
  // Where there is little room, the digits stand in two lines of eleven.
  const code = make("code", {}, digits.slice(0, 11), make("wbr"), digits.slice(11));
  return make("span", { class: `element ${tint}` }, strip, code);
}

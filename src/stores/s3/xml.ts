// Reads the XML of S3: elements, and text in the innermost ones. The answer of a server is not trusted: its size and
// depth are bounded, and there are no entities but those of the language, so nothing can be expanded or fetched.

/** An element. Its attributes are left out: those of S3 name the XML namespace. */
export interface Element {
  /** Without the prefix of a namespace. */
  readonly name: string;
  /** Of its own, without that of the elements in it. */
  readonly text: string;
  readonly children: readonly Element[];
}

const MAX_DEPTH = 8;
const ATTRIBUTES = /(?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*/.source;
/** An instruction, a comment, a tag, or text. */
const TOKEN = new RegExp(
  String.raw`<\?[^?]*\?>|<!--[^]*?-->|<(/?)(?:[\w.-]+:)?([\w.-]+)${ATTRIBUTES}\s*(/?)>|([^<]+)`,
  "y",
);
const REFERENCE = /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));|&/g;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The outermost element, or null when the text is anything but XML of that kind. */
export function parseXml(text: string): Element | null {
  const document = { name: "", text: "", children: [] as Element[] };
  const open = [document];
  TOKEN.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
  while (TOKEN.lastIndex < text.length) {
    const [match, closes, name, isEmpty, characters] = TOKEN.exec(text) ?? [];
    const top = open.at(-1);
    if (match === undefined || top === undefined) return null;
    if (characters !== undefined) {
      const decoded = decode(characters);
      if (decoded === null || (top === document && decoded.trim() !== "")) return null;
      top.text += decoded;
    } else if (closes === "/") {
      if (top === document || top.name !== name) return null;
      open.pop();
    } else if (name !== undefined) {
      const element = { name, text: "", children: [] };
      top.children.push(element);
      if (isEmpty !== "/" && open.push(element) > MAX_DEPTH) return null;
    }
  }
  const [root, ...others] = document.children;
  return open.length === 1 && root !== undefined && others.length === 0 ? root : null;
}

/** The text of the first child of a name, or undefined. */
export function textIn(element: Element, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

function decode(text: string): string | null {
  let isValid = true;
  const decoded = text.replaceAll(REFERENCE, (_, hex?: string, decimal?: string, name?: string) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const character = name === undefined ? fromCode(code) : Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
    if (character === undefined) isValid = false;
    return character ?? "";
  });
  return isValid ? decoded : null;
}

function fromCode(code: number): string | undefined {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

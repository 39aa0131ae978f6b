// The reader of S3's XML.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Element, parseXml, textIn } from "../../src/stores/s3/xml.js";

const name = fc.stringMatching(/^[A-Za-z_][\w.-]{0,8}$/);
const text = fc.string({ unit: "binary", maxLength: 20 }).filter((x) => !/[\0\ud800-\udfff]/.test(x));
const tree: fc.Arbitrary<Element> = fc.letrec<{ element: Element }>((tie) => ({
  element: fc.record({
    name,
    text,
    children: fc.oneof({ maxDepth: 5 }, fc.constant([]), fc.array(tie("element"), { maxLength: 3 })),
  }),
})).element;

function written({ name, text, children }: Element, tag: string): string {
  const escaped = text.replace(/[&<>\r]/g, (c) => `&#${c.charCodeAt(0)};`);
  const inner = escaped + children.map((child) => written(child, tag)).join("");
  return inner === "" ? `<${name}${tag}/>` : `<${name}${tag}>${inner}</${name} >`;
}

describe("reads", () => {
  it("any tree, with attributes and comments", () => {
    fc.assert(
      fc.property(tree, fc.constantFrom("", ' a="1"', " xmlns:x = 'http://x/' "), (element, tag) => {
        const xml = `\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<!-- <x> -->${written(element, tag)}\n`;
        expect(parseXml(xml)).toEqual(element);
      }),
    );
  });

  it("references to characters and the five named ones", () => {
    const element = parseXml("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F642;&#x0041;</a>");
    expect(element?.text).toBe("<>&\"'A🙂A");
  });

  it("the text of the first child of a name", () => {
    const element = parseXml("<a><x:b>1</x:b><b>2</b></a>") as Element;
    expect([textIn(element, "b"), textIn(element, "c")]).toEqual(["1", undefined]);
  });
});

describe("refuses", () => {
  it.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "</a>",
    "<a/><b/>",
    "<a/>text",
    "<a",
    "<a b>",
    "<a b=c/>",
    "<a b='<'/>",
    "<a>&</a>",
    "<a>&b;</a>",
    "<a>&constructor;</a>",
    "<a>&#0;</a>",
    "<a>&#x110000;</a>",
    "<a>&#9999999;</a>",
    "<a><![CDATA[x]]></a>",
    "<!DOCTYPE a><a/>",
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "<a><!-- </a>",
    "<?xml <a/>",
    "<a>".repeat(9) + "</a>".repeat(9),
  ])("%j", (xml) => {
    expect(parseXml(xml)).toBeNull();
  });

  it("or reads any text, and never throws", () => {
    const pieces = fc.constantFrom("<", ">", "/", "a", "&", ";", "#", "x", '"', "=", " ", "!--", "-->", "?", "\ud800");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(pieces).map((x) => x.join("")),
        ),
        (xml) => {
          parseXml(xml);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("megabytes of anything in time that grows with them", () => {
    for (const piece of ["<a ", "<a b='c' ", "<!--", "&", "&#x41;", "<a/>", "<a><b/></a>", "<?x", " ", "<x:"]) {
      for (const xml of [piece.repeat(200_000), `<a>${piece.repeat(200_000)}`]) parseXml(xml);
    }
  });
});

// The plots of the documents, and the module that draws them (scripts/line-plot.mjs): no background, colours for light
// and dark, a name at the end of each line, thousands separators, and no line hidden under another.

import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Axis, linePlot, plotFile, spread, style, type Tree } from "../../scripts/line-plot.mjs";
import { read, root } from "../package/built.js";

const files = readdirSync(`${root}/docs`)
  .filter((name) => name.endsWith(".svg"))
  .map((name) => `docs/${name}`);

test("there are plots", () => {
  expect(files).toContain("docs/encoding-time.svg");
  expect(files).toContain("docs/bytes.svg");
});

describe.each(files)("%s", (path) => {
  const svg = read(path);
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? "");
  const groups = [...svg.matchAll(/<g class="line-\d">.*?<\/g>/gs)].map(([group]) => group);

  test("has no background and the one style, with colours for dark", () => {
    expect(svg).not.toMatch(/<rect|background|fill="(?!none)/);
    expect(svg).toContain(`<style>${style}</style>`);
    expect(style).toContain("@media (prefers-color-scheme: dark)");
  });

  test("names and explains each line at its end, and each in another colour", () => {
    expect(groups.length).toBeGreaterThanOrEqual(2);
    for (const group of groups) {
      expect(group).toMatch(/<text class="name"[^>]*>[^<]+<\/text>\n<text class="ink"[^>]*>[^<]+<\/text>/);
      const end = Number(/class="line" d="[^"]*L([\d.]+) [\d.]+"/.exec(group)?.[1]);
      expect(Number(/class="name" x="([\d.]+)"/.exec(group)?.[1])).toBeGreaterThan(end);
    }
    expect(new Set(groups.map((group) => group.slice(0, 20))).size).toBe(groups.length);
  });

  test("writes thousands with separators", () => {
    expect(texts).toContain("10,000");
    for (const text of texts) expect(text).not.toMatch(/(?<!\.\d*)\d{4}/);
  });

  test("says in words what it shows", () => {
    expect(svg).toMatch(/<svg [^>]*role="img" aria-labelledby="title description"/);
    expect(svg).toMatch(
      /<title id="title">[^<]+<\/title>\n<desc id="description">[^<]+ At 100,000 (fields|reports): [^<]+ \d/,
    );
  });
});

/** All of an element's descendants, itself first. */
const all = (tree: Tree): Tree[] => [
  tree,
  ...tree.children.flatMap((child) => (typeof child === "string" ? [] : all(child))),
];
const axis: Axis = { label: "x", scale: "linear", domain: [0, 100] };
const draw = (...lines: [x: number, y: number][][]) =>
  all(
    linePlot({
      width: 500,
      height: 300,
      x: { ...axis, domain: [0, 1000] },
      y: { ...axis, domain: [0, 100] },
      lines: lines.map((points, i) => ({ name: `line ${i}`, points })),
    }),
  );
const dashed = (trees: Tree[]) =>
  trees
    .filter(({ attributes }) => attributes["class"] === "line")
    .map(({ attributes }) => "stroke-dasharray" in attributes);

test("of two lines that end together the upper one has gaps, and of others none", () => {
  const rising: [number, number][] = [
    [0, 0],
    [1000, 50],
  ];
  expect(
    dashed(
      draw(rising, [
        [0, 0],
        [1000, 50.1],
      ]),
    ),
  ).toEqual([false, true]);
  expect(
    dashed(
      draw(rising, [
        [0, 0],
        [1000, 60],
      ]),
    ),
  ).toEqual([false, false]);
  expect(
    dashed(
      draw(rising, [
        [0, 50],
        [1000, 0],
      ]),
    ),
  ).toEqual([false, false]);
});

test("a line of one point is a dot with a name", () => {
  const trees = draw([[1000, 30]]);
  expect(trees.filter(({ tag }) => tag === "circle")).toHaveLength(1);
  expect(trees.filter(({ attributes }) => attributes["class"] === "name").map(({ children }) => children)).toEqual([
    ["line 0"],
  ]);
});

test("names that would cover each other move apart, in the order of their lines and within the plot", () => {
  expect(spread([10, 50, 90], [20, 20, 20], [0, 100])).toEqual([10, 50, 90]);
  expect(spread([52, 50], [20, 20], [0, 100])).toEqual([70, 50]);
  expect(spread([99, 100, 0], [20, 20, 20], [0, 100])).toEqual([70, 90, 10]);
});

test("a text with marks of XML is still a text", () => {
  const lines = [{ name: 'a < b & "c"', points: [[0, 0] as const, [1, 1] as const] }];
  const svg = plotFile({ title: "t", description: "d", plot: { width: 300, height: 200, x: axis, y: axis, lines } });
  expect(svg).toContain(">a &lt; b &amp; &quot;c&quot;</text>");
});

/** WCAG's contrast of two colours. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

test("each colour is readable on its own ground and can be made out on the other", () => {
  const colours = (css = "") => [...css.matchAll(/color: (#[0-9a-f]{6});/g)].map(([, colour]) => colour as string);
  const [light, dark] = style.split("@media").map(colours) as [string[], string[]];
  expect(light).toHaveLength(5);
  expect(dark).toHaveLength(5);
  const grounds = { light: "#ffffff", dark: "#0d1117" };
  for (const colour of light) expect(contrast(colour, grounds.light)).toBeGreaterThanOrEqual(4.5);
  for (const colour of light) expect(contrast(colour, grounds.dark)).toBeGreaterThanOrEqual(3);
  for (const colour of dark) expect(contrast(colour, grounds.dark)).toBeGreaterThanOrEqual(4.5);
  for (const colour of dark) expect(contrast(colour, grounds.light)).toBeGreaterThanOrEqual(3);
});

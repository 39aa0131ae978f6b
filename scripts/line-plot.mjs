// Every line plot of the project: those of the documents, which bench/report.mjs draws, and the one of the example's
// page. A plot has no background and no legend: each line has its name at its end, and the colours suit light and dark.

/**
 * @typedef {{ label: string, scale: "linear" | "log", domain: [min: number, max: number], ticks?: readonly number[],
 *   format?: (tick: number) => string }} Axis `ticks` of a logarithmic axis are the powers of ten unless given.
 * @typedef {{ name: string, note?: string, points: readonly (readonly [x: number, y: number])[] }} Line `points` from
 *   left to right, at least one; `note` stands below the name and explains the line.
 * @typedef {{ width: number, height: number, x: Axis, y: Axis, lines: readonly Line[] }} Plot In pixels.
 * @typedef {{ tag: string, attributes: Record<string, string>, children: (Tree | string)[] }} Tree An element of SVG.
 */

/**
 * What makes a plot readable, by class; the lines' colours are `line-1` to `line-4`. Each colour has a contrast of at
 * least 4.5 on its own ground and 3 on the other one: a viewer that shows a picture on a dark page need not say so to
 * the picture.
 */
export const style = `
  .plot text { fill: currentcolor; font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
  .plot .title { font-size: 16px; font-weight: 600; }
  .plot .name { font-weight: 600; }
  .plot path { fill: none; stroke: currentcolor; stroke-width: 1; stroke-linecap: round; stroke-linejoin: round; }
  .plot .line { stroke-width: 2.5; }
  .plot .grid { opacity: 0.3; }
  .plot circle { fill: currentcolor; }
  .ink { color: #636b76; }
  .line-1 { color: #0f767f; }
  .line-2 { color: #c42383; }
  .line-3 { color: #7d4dd6; }
  .line-4 { color: #7d6909; }
  @media (prefers-color-scheme: dark) {
    .ink { color: #858e99; }
    .line-1 { color: #129ba8; }
    .line-2 { color: #ed50a7; }
    .line-3 { color: #9e72fe; }
    .line-4 { color: #a68b09; }
  }
`;

/** Pixels around the axes: for the unit above, and for ticks and label below. */
const ABOVE = 30;
const BELOW = 46;
/** A character's width in the widest of the fonts, plain and bold: how wide a text is, only a browser knows. */
const PLAIN = 8;
const BOLD = 8.5;
/** Between the baselines of two rows of text. */
const ROW = 16;
/** From the end of a line to its name. */
const TO_NAME = 18;
/** More points than these are a line without dots. */
const MAX_DOTS = 12;

/** @param {number} x */
const thousands = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 10 });

/**
 * A plot: the drawing alone, an `svg` of the class `plot`. It looks right with `style` only.
 *
 * @param {Plot} plot
 * @returns {Tree}
 */
export function linePlot({ width, height, x, y, lines }) {
  const yTicks = ticksOf(y, height / 50);
  const start = 10 + PLAIN * Math.max(...yTicks.map((tick) => formatOf(y)(tick).length));
  const room = Math.max(...lines.map(({ name, note = "" }) => Math.max(BOLD * name.length, PLAIN * note.length)));
  const [bottom, end] = [height - BELOW, width - TO_NAME - room];
  const xAt = scaleOf(x, start, end);
  const yAt = scaleOf(y, bottom, ABOVE);
  const placed = lines.map(({ points }) => points.map(([a, b]) => /** @type {const} */ ([xAt(a), yAt(b)])));
  const rows = lines.map(({ note }) => (note === undefined ? 1 : 2));
  const ends = placed.map((points) => points.at(-1) ?? [start, bottom]);
  const names = spread(
    ends.map(([, top]) => top),
    rows.map((count) => count * ROW + 4),
    [ABOVE - ROW / 2, bottom + ROW / 2],
  );
  return element("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, width, height }, [
    text(y.label, { class: "ink", x: 2, y: ABOVE - 16 }),
    text(x.label, { class: "ink", x: (start + end) / 2, y: height - 6, "text-anchor": "middle" }),
    ...yTicks.flatMap((tick) => [
      element("path", { class: "ink grid", d: `M${round(start)} ${round(yAt(tick))}H${round(end)}` }),
      text(formatOf(y)(tick), { class: "ink", x: start - 8, y: yAt(tick) + 4.5, "text-anchor": "end" }),
    ]),
    ...ticksOf(x, (end - start) / 45).map((tick) =>
      text(formatOf(x)(tick), { class: "ink", x: xAt(tick), y: bottom + 20, "text-anchor": "middle" }),
    ),
    ...lines.map(({ name, note }, i) => {
      const points = placed[i] ?? [];
      const [[endX, endY], top] = [ends[i] ?? [0, 0], names[i] ?? 0];
      const nameX = round(end + TO_NAME);
      // Beside the middle of its rows, a little above the baseline of the first.
      const baseline = top + 4.5 - ((rows[i] ?? 1) - 1) * (ROW / 2);
      const dots = points.length > MAX_DOTS ? points.slice(-1) : points;
      return element("g", { class: `line-${i + 1}` }, [
        element("path", {
          class: "line",
          d: points.map(([a, b], k) => `${k === 0 ? "M" : "L"}${round(a)} ${round(b)}`).join(""),
          // One line over another hides it, so of two that run together the upper one has gaps.
          ...(placed.slice(0, i).some((lower) => runTogether(lower, points)) ? { "stroke-dasharray": "7 9" } : {}),
        }),
        ...dots.map(([cx, cy]) => element("circle", { cx: round(cx), cy: round(cy), r: 3.5 })),
        element("path", { class: "leader", d: `M${round(endX + 6)} ${round(endY)}L${nameX - 4} ${round(top)}` }),
        text(name, { class: "name", x: nameX, y: baseline }),
        ...(note === undefined ? [] : [text(note, { class: "ink", x: nameX, y: baseline + ROW })]),
      ]);
    }),
  ]);
}

/**
 * A plot as a file of its own, with its style. The description tells in words what the plot shows.
 *
 * @param {{ title: string, description: string, plot: Plot }} content
 */
export function plotFile({ title, description, plot }) {
  const { attributes, children } = linePlot(plot);
  const head = 30;
  return `${serialise(
    element(
      "svg",
      {
        ...attributes,
        xmlns: "http://www.w3.org/2000/svg",
        viewBox: `0 0 ${plot.width} ${plot.height + head}`,
        height: plot.height + head,
        role: "img",
        "aria-labelledby": "title description",
      },
      [
        element("title", { id: "title" }, [title]),
        element("desc", { id: "description" }, [description]),
        element("style", {}, [style]),
        text(title, { class: "ink title", x: 2, y: 20 }),
        element("g", { transform: `translate(0 ${head})` }, children),
      ],
    ),
  )}\n`;
}

/**
 * Moves the middles of labels apart so that none covers another, and keeps them in their order, within bounds and as
 * near as that allows.
 *
 * @param {readonly number[]} middles
 * @param {readonly number[]} heights
 * @param {readonly [min: number, max: number]} bounds
 */
export function spread(middles, heights, [min, max]) {
  const placed = [...middles];
  const order = [...middles.keys()].sort((a, b) => (middles[a] ?? 0) - (middles[b] ?? 0));
  const half = (/** @type {number} */ i) => (heights[i] ?? 0) / 2;
  // Down from the top, then up from the bottom what has gone too far.
  let edge = min;
  for (const i of order) {
    placed[i] = Math.max(placed[i] ?? 0, edge + half(i));
    edge = placed[i] + half(i);
  }
  edge = max;
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i] ?? 0, edge - half(i));
    edge = placed[i] - half(i);
  }
  return placed;
}

/** @param {readonly (readonly [number, number])[]} lower @param {readonly (readonly [number, number])[]} upper */
function runTogether(lower, upper) {
  const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 2;
  return upper.slice(-2).every(([a, b]) => lower.some(([c, d]) => near(a, c) && near(b, d)));
}

/** @param {Axis} axis @param {number} from @param {number} to */
function scaleOf({ scale, domain: [min, max] }, from, to) {
  const of = (/** @type {number} */ value) => (scale === "log" ? Math.log10(value) : value);
  return (/** @type {number} */ value) => from + ((to - from) * (of(value) - of(min))) / (of(max) - of(min));
}

/** @param {Axis} axis @param {number} count Steps that there is room for; powers of ten are few. */
function ticksOf({ scale, domain: [min, max], ticks }, count) {
  if (ticks !== undefined) return ticks;
  return scale === "log" ? powersOfTen(min, max) : steps(min, max, count);
}

/** The powers of ten from `min` to `max`. @param {number} min @param {number} max */
function powersOfTen(min, max) {
  const first = Math.ceil(Math.log10(min));
  const count = Math.floor(Math.log10(max)) - first + 1;
  return Array.from({ length: count }, (_, k) => Number(`1e${first + k}`));
}

/**
 * Round numbers from `min` to `max`, at most `count` steps.
 *
 * @param {number} min
 * @param {number} max
 * @param {number} count
 */
function steps(min, max, count) {
  const least = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5].find((factor) => power * factor >= least) ?? 10);
  const first = Math.ceil(min / step);
  return Array.from({ length: Math.floor(max / step) - first + 1 }, (_, k) => (first + k) * step);
}

/** The powers of ten that enclose values, as the domain of an axis. @param {readonly number[]} values */
export function enclosingPowers(values) {
  const power = (/** @type {number} */ exponent) => Number(`1e${exponent}`);
  return /** @type {[number, number]} */ ([
    power(Math.floor(Math.log10(Math.min(...values)))),
    power(Math.ceil(Math.log10(Math.max(...values)))),
  ]);
}

/** @param {Axis} axis */
const formatOf = ({ format }) => format ?? thousands;

/** Tenths of a pixel are enough. @param {number} x */
const round = (x) => Number(x.toFixed(1));

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {(Tree | string)[]} [children]
 * @returns {Tree}
 */
function element(tag, attributes, children = []) {
  const entries = Object.entries(attributes).map(([name, value]) => [
    name,
    typeof value === "number" ? String(round(value)) : value,
  ]);
  return { tag, attributes: Object.fromEntries(entries), children };
}

/** @param {string} content @param {Record<string, string | number>} attributes */
const text = (content, attributes) => element("text", attributes, [content]);

/** @param {Tree | string} node @returns {string} */
function serialise(node) {
  const escaped = (/** @type {string} */ raw) =>
    raw.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  if (typeof node === "string") return escaped(node);
  const attributes = Object.entries(node.attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  const children = node.tag === "style" ? node.children.join("") : node.children.map(serialise).join("\n");
  return `<${node.tag}${attributes.join("")}>${children}</${node.tag}>`;
}

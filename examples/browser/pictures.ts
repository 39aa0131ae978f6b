// The picture at the top: each pixel is split into two shares modulo 256, as Prio splits a value modulo its prime. Two
// canvases show the shares, and the last one shows their sum.

import { find } from "./dom.js";

const HEART = [
  "................",
  "................",
  "...###....###...",
  "..#####..#####..",
  ".#######.######.",
  ".##############.",
  ".##############.",
  ".##############.",
  "..############..",
  "...##########...",
  "....########....",
  ".....######.....",
  "......####......",
  ".......##.......",
  "................",
  "................",
].join("");

/** Draws fresh shares. */
export function drawPictures(): void {
  const values = Uint8Array.from(HEART, (pixel) => (pixel === "#" ? 255 : 24));
  const shareA = crypto.getRandomValues(new Uint8Array(values.length));
  const shareB = values.map((value, i) => value - (shareA[i] as number));
  const style = getComputedStyle(document.documentElement);
  for (const [name, pixels] of Object.entries({ a: shareA, b: shareB, sum: values })) {
    const context = find<HTMLCanvasElement>(`#picture-${name}`).getContext("2d");
    if (context === null) return;
    context.clearRect(0, 0, 16, 16);
    context.fillStyle = style.getPropertyValue(`--${name}`);
    for (const [i, pixel] of pixels.entries()) {
      context.globalAlpha = pixel / 255;
      context.fillRect(i % 16, Math.floor(i / 16), 1, 1);
    }
  }
}

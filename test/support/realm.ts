// Values from another JavaScript realm, whose intrinsics are not the test's own: from an iframe in a browser, from a
// context in Node.

/** The little of a browser's document that is used here; tests compile without the DOM's types. */
interface Page {
  createElement(name: "iframe"): { contentWindow: { eval(code: string): unknown } | null; remove(): void };
  body: { append(element: unknown): void };
}

/** One zero byte in a Uint8Array that `instanceof Uint8Array` does not know. */
export async function bytesOfAnotherRealm(): Promise<unknown> {
  const code = "new Uint8Array(1)";
  const { document } = globalThis as { document?: Page };
  if (document === undefined) return (await import("node:vm")).runInNewContext(code);
  const frame = document.createElement("iframe");
  document.body.append(frame);
  return frame.contentWindow?.eval(code);
}

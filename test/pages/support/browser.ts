// A headless Chromium for tests of pages.

import { type Browser, chromium } from "playwright";
import { findChromium, launchOptions } from "../../../scripts/chromium.mjs";

export function openBrowser(): Promise<Browser> {
  const path = findChromium();
  if (path === null) throw new Error("expected a Chromium to test in, found none");
  return chromium.launch(launchOptions(path));
}

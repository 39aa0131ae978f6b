// What the example page shows, read as a visitor reads it: field elements in tables, counts, and totals.

import type { Page } from "playwright";
import { expect } from "vitest";

/** Field elements in a column of a table's body, with so many hexadecimal digits each. */
export async function column(page: Page, table: string, number: number, digits: 22 | 32): Promise<bigint[]> {
  const texts = await page.locator(`${table} tbody tr > :nth-child(${number}) code`).allTextContents();
  return texts.map((text) => {
    expect(text).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`));
    return BigInt(`0x${text}`);
  });
}

/** Both servers' running totals, field by field. */
export const totals = async (page: Page, digits: 22 | 32) => ({
  a: await column(page, ".server.a .fields", 3, digits),
  b: await column(page, ".server.b .fields", 3, digits),
});

/** The values that shares stand for. */
export const added = (a: bigint[], b: bigint[], p: bigint): number[] =>
  a.map((x, i) => Number((x + (b[i] as bigint)) % p));

/** What the page says that each server counted and refused. */
export const countsOf = async (page: Page): Promise<[counted: number, refused: number][]> =>
  (await page.locator(".counts").allTextContents()).map((text) => {
    const [, counted, refused] = /^([\d,]+) counted, (\d+) refused$/.exec(text) ?? [];
    return [Number(counted?.replace(",", "")), Number(refused)];
  });

/** The published totals, and the truth beside them. */
export async function publishedTotals(page: Page) {
  const numbers = async (nth: number) =>
    (await page.locator(`.totals tbody td:nth-of-type(${nth})`).allTextContents()).map((text) =>
      Number(text.replace(/[,✓✗ ]/g, "")),
    );
  const caption = (await page.locator(".totals caption").textContent()) ?? "";
  const reports = Number(/of ([\d,]+) reports/.exec(caption)?.[1]?.replace(",", "") ?? 0);
  return { reports, published: await numbers(2), truth: await numbers(4) };
}

/** Bits of four as a number. */
export const numberOf = (bits: number[]): number => bits.reduce((sum, bit) => 2 * sum + bit, 0);

// docs/privacy.md against the package: its table and its plot are of this build, what is drawn is as wide as they say,
// and the numbers in its text are right.

import { expect, test } from "vitest";
import { PureBudget, ZeroConcentratedBudget } from "../../dist/dp/index.js";
import { deviationOf, documentWithCosts, plotOfCosts } from "../../scripts/privacy-costs.mjs";
import { read } from "../package/built.js";

const page = read("docs/privacy.md");

test("the table and the plot of what noise costs are up to date", async () => {
  expect(await documentWithCosts(page), "run `node scripts/privacy-costs.mjs`").toBe(page);
  expect(await plotOfCosts()).toBe(read("docs/privacy-costs.svg"));
  expect([...page.matchAll(/^\| [^|]+ \| (Laplace|Gaussian), /gm)].length).toBeGreaterThan(7);
});

test.each([
  ["Laplace noise, narrow", new PureBudget(2).noiseFor({ l1: 1n, l2Squared: 1n })],
  ["Laplace noise", new PureBudget(1).noiseFor({ l1: 100n, l2Squared: 100n })],
  ["Gaussian noise, narrow", new ZeroConcentratedBudget(1).noiseFor({ l1: 1n, l2Squared: 1n })],
  ["Gaussian noise", new ZeroConcentratedBudget("1/85").noiseFor({ l1: 100n, l2Squared: 100n })],
])("%s is as wide as the figures say", (_name, noise) => {
  const COUNT = 5000;
  let squares = 0;
  for (let i = 0; i < COUNT; i++) squares += Number(noise.sample()) ** 2;
  // Ten times the standard deviation of this estimate.
  expect(Math.sqrt(squares / COUNT) / deviationOf(noise)).toBeGreaterThan(0.83);
  expect(Math.sqrt(squares / COUNT) / deviationOf(noise)).toBeLessThan(1.17);
});

test("the text has the ε of each ρ, with δ = 10^−9", () => {
  const epsilonOf = (rho: number) => rho + 2 * Math.sqrt(rho * Math.log(1e9));
  expect(page).toContain("ρ = 1/85 gives ε = 1 with δ = 10^−9, ρ = 1/20 gives 2.1, and ρ = 1/2 gives 6.9.");
  expect([1 / 85, 1 / 20, 1 / 2].map((rho) => Number(epsilonOf(rho).toPrecision(2)))).toEqual([1, 2.1, 6.9]);
  expect(page).toContain("| zero-concentrated | ρ = 1/85 | ρ = 4.3, ε = 23 with δ = 10^−9 |");
  expect([365 / 85, epsilonOf(365 / 85)].map((x) => Number(x.toPrecision(2)))).toEqual([4.3, 23]);
});

import { expect, test } from "vitest";
import { findChromium } from "./chromium.ts";

test("a path that is given is used as it is", async () => {
  expect(await findChromium(process.execPath)).toBe(process.execPath);
});

test("a path that cannot be run is named", async () => {
  await expect(findChromium("/no/such/chromium")).rejects.toThrow("CHROMIUM_PATH names /no/such/chromium");
});

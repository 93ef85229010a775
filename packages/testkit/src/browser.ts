/** A real browser for a test file. */

import { type Browser, chromium } from "playwright-core";
import { inject } from "vitest";
import type {} from "./browser-setup.ts";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const QUIET_FLAGS = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** The Chromium that the run found or installed; it asks nobody outside for anything. The caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: inject("chromiumPath"), args: [...FLAGS, ...QUIET_FLAGS] });
}

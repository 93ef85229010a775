/** A real browser for a test file. */

import { type Browser, chromium } from "playwright-core";
import { inject } from "vitest";
import type {} from "./browser-setup.ts";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const QUIET_FLAGS = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
// The address bar, which nobody sees, is a page of its own in a process of its own for every tab, and costs more than ours.
const ADDRESS_BAR = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup"];
// Playwright's own, named again because of several such lists the browser takes the last.
const PLAYWRIGHTS = [
  ...["AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable"],
  ...["LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect"],
  ...["OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"],
];
const ARGS = [...FLAGS, ...QUIET_FLAGS, `--disable-features=${[...ADDRESS_BAR, ...PLAYWRIGHTS].join(",")}`];

/** The Chromium that the run found or installed; it asks nobody outside for anything. The caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: inject("chromiumPath"), args: ARGS });
}

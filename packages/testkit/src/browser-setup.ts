/** Once a run, for the browser project: finds a Chromium, and installs one where that is possible and none is there. */
import { findChromium } from "@drawchat/local/chromium";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** For playwright's `executablePath`. */
    chromiumPath: string;
  }
}

export async function setup(project: TestProject): Promise<void> {
  project.provide("chromiumPath", await findChromium(process.env.CHROMIUM_PATH));
}

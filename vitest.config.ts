/**
 * The suffix of a test file decides its project: `*.redis|pg|cluster.test.ts` need servers, `*.browser.test.ts` need
 * Chromium too, the rest nothing. `layout` is also part of `npm run check`.
 */
import { defineConfig } from "vitest/config";

const LAYOUT = "packages/testkit/src/layout.test.ts";
const INTEGRATION = "{packages,services,loadtest}/**/*.{redis,pg,cluster}.test.ts";
const BROWSER = "{packages,services,loadtest}/**/*.browser.test.ts";
const globalSetup = "packages/testkit/src/global-setup.ts";
const browserSetup = "packages/testkit/src/browser-setup.ts";
// No module of ours keeps anything from one file to the next but the ports it gave out: a worker loads each of them once.
const shared = { setupFiles: "packages/testkit/src/port-lane.ts", isolate: false };
const sequence = { groupOrder: 1 };

export default defineConfig({
  test: {
    maxWorkers: 4, // on two cores: files wait more than they compute, for processes that start and for times to pass
    projects: [
      { test: { name: "layout", include: [LAYOUT] } },
      {
        test: {
          ...shared,
          name: "unit",
          include: ["{packages,services,loadtest}/**/*.test.ts", "{packages,services,loadtest}/**/*.test.tsx"],
          exclude: ["**/node_modules/**", LAYOUT, INTEGRATION, BROWSER],
          testTimeout: 20_000, // some start a process, and a busy machine takes its time over that
        },
      },
      {
        test: { ...shared, name: "integration", include: [INTEGRATION], globalSetup, testTimeout: 30_000, hookTimeout: 60_000, sequence },
      },
      {
        test: {
          ...shared,
          name: "browser",
          include: [BROWSER],
          globalSetup: [globalSetup, browserSetup],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence,
        },
      },
    ],
  },
});

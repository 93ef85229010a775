/** Where pictures of docs/ go, and how they are taken. */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const DOCS = fileURLToPath(new URL("../../../docs", import.meta.url));
export const PHONE = { viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
export const PLACE = { locale: "en-GB", timezoneId: "Europe/Berlin" };

export async function picture(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${DOCS}/${name}.png`, animations: "disabled" });
}

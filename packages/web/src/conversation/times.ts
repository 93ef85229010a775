/** Days and sizes in words. */
import type { ConversationTexts } from "./texts.ts";

const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const yearFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const sizeFormat = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** `Today`, `Yesterday`, `Friday 5 June`, from another year `5 June 2024`. */
export function formatDay(unixMs: number, texts: ConversationTexts, now = Date.now()): string {
  const day = new Date(unixMs);
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (day.toDateString() === new Date(now).toDateString()) return texts.today;
  if (day.toDateString() === yesterday.toDateString()) return texts.yesterday;
  return (day.getFullYear() === new Date(now).getFullYear() ? dayFormat : yearFormat).format(day);
}

/** `824 B`, `12.5 KB`, `3.1 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${sizeFormat.format(bytes / 1_000)} KB` : `${sizeFormat.format(bytes / 1_000_000)} MB`;
}

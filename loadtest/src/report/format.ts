/** Values as a person reads them. */
const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB"];

/** `12,345`, `0.42`, `7.1`: at most three digits that say something, more where the number is whole. */
export function number(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-GB");
  return value.toLocaleString("en-GB", { maximumSignificantDigits: 3 });
}

export function bytes(value: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, Math.abs(value))) / 3)));
  return `${number(value / 1_000 ** power)} ${BYTE_UNITS[power] ?? ""}`;
}

export function seconds(value: number): string {
  if (value < 120) return `${number(value)} s`;
  const minutes = Math.floor(value / 60);
  const rest = Math.round(value % 60);
  return minutes < 120 ? `${minutes} min${rest > 0 ? ` ${rest} s` : ""}` : `${number(value / 3_600)} h`;
}

/** With its unit, bytes and rates of bytes in their own. */
export function quantity(value: number, unit: string): string {
  if (unit === "bytes") return bytes(value);
  if (unit === "bytes/s") return `${bytes(value)}/s`;
  return unit === "" ? number(value) : `${number(value)} ${unit}`;
}

export function percent(share: number): string {
  return `${number(Math.round(share * 1_000) / 10)} %`;
}

/** `peakConnections` → `peak connections`, `likes.ofMessages` → `likes of messages`. */
export function words(name: string): string {
  const apart = name.replace(/([a-z0-9])([A-Z])/g, (_, before: string, upper: string) => `${before} ${upper.toLowerCase()}`);
  return apart.replace(/([a-z])\.([a-z])/g, "$1 $2");
}

/** `2026-05-01 20:00 UTC`. */
export function moment(rfc3339: string): string {
  return `${rfc3339.slice(0, 16).replace("T", " ")} UTC`;
}

/** `1 room`, `2 rooms`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${number(amount)} ${amount === 1 ? one : many}`;
}

/** Of the middle two the mean; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

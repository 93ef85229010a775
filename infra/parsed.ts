/** Reading what was parsed from YAML or JSON: nothing is known about it before it is looked at. */

/** The value below these keys; undefined where the way ends. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let here = value;
  for (const key of keys) {
    if (typeof here !== "object" || here === null) return undefined;
    here = new Map(Object.entries(here)).get(String(key));
  }
  return here;
}

/** Its elements; none where it is no list. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Its entries; none where it is no object. */
export function entries(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

export function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

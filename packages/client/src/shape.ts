/**
 * What a parsed JSON value must have to be of use here. Servers validate against their schemas; here only what is leant
 * on is checked, so that a foreign or newer server cannot make the client throw.
 */

/** A type's name, the fields of an object, what each item of an array is, or a test of its own. */
export type Shape =
  | "string"
  | "number"
  | "boolean"
  | readonly [Shape]
  | { readonly [field: string]: Shape }
  | ((value: unknown) => boolean);

export function hasShape(value: unknown, shape: Shape): boolean {
  if (typeof shape === "string") return typeof value === shape;
  if (typeof shape === "function") return shape(value);
  if (isList(shape)) return Array.isArray(value) && value.every((item) => hasShape(item, shape[0]));
  return isRecord(value) && Object.entries(shape).every(([field, inner]) => hasShape(value[field], inner));
}

/** The same, where it may be null. */
export function nullable(shape: Shape): Shape {
  return (value) => value === null || hasShape(value, shape);
}

/** A plain object of a parsed JSON text. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(shape: readonly [Shape] | { readonly [field: string]: Shape }): shape is readonly [Shape] {
  return Array.isArray(shape);
}

/** Figures that the collector took from a process, such as `gateway-1.delivered` or `redis.evalsha.calls`. */
const COUNTED = /^(?:(?:gateway|api|writer|jobs|generator)-\d+|redis|postgres)\./;

export function isCounted({ name }: { readonly name: string }): boolean {
  return COUNTED.test(name);
}

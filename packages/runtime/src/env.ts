/**
 * Typed readers of environment variables. Problems are collected, so that a wrong configuration is told whole,
 * once, by `finish()`. Only entry points hand over `process.env`.
 */

/** Exit status of a process that was configured wrongly (sysexits' EX_CONFIG). */
export const EXIT_CONFIG = 78;

/** Names every bad variable, one a line. The entry point prints it and exits 78. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`bad configuration:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

export type EnvSource = Readonly<Record<string, string | undefined>>;

interface NumberRange {
  min: number;
  max: number;
}

export class Env {
  readonly #source: EnvSource;
  readonly #problems: string[] = [];
  readonly #known = new Set<string>();

  constructor(source: EnvSource) {
    this.#source = source;
  }

  /** The variable's text, or undefined where it is absent or empty. */
  optional(name: string): string | undefined {
    this.#known.add(name);
    const text = this.#source[name]?.trim();
    return text === "" ? undefined : text;
  }

  text(name: string, fallback: string): string {
    return this.optional(name) ?? fallback;
  }

  required(name: string, hint: string): string {
    const text = this.optional(name);
    if (text === undefined) this.problem(`${name} is missing: ${hint}`);
    return text ?? "";
  }

  /** A whole number in decimal; leading zeros are fine. */
  int(name: string, fallback: number, range: NumberRange): number {
    return this.#number(name, fallback, range, /^-?[0-9]{1,15}$/, "a whole number");
  }

  /** A decimal number. */
  number(name: string, fallback: number, range: NumberRange): number {
    return this.#number(name, fallback, range, /^-?[0-9]{1,15}(\.[0-9]{1,6})?$/, "a number");
  }

  /** `true` or `false`, `1` or `0`. */
  bool(name: string, fallback: boolean): boolean {
    const text = this.optional(name)?.toLowerCase();
    if (text === undefined) return fallback;
    if (text === "true" || text === "1") return true;
    if (text === "false" || text === "0") return false;
    this.problem(`${name} must be true or false`);
    return fallback;
  }

  /** One of a fixed set of words. */
  oneOf<T extends string>(name: string, fallback: T, allowed: readonly T[]): T {
    const text = this.optional(name);
    if (text === undefined) return fallback;
    const found = allowed.find((value) => value === text);
    if (found === undefined) this.problem(`${name} must be one of ${allowed.join(", ")}`);
    return found ?? fallback;
  }

  /** A comma-separated list; empty where the variable is absent. */
  list(name: string): string[] {
    return (this.optional(name) ?? "")
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  }

  /** Adds a problem of the caller's own finding (two variables that do not fit, say). */
  problem(sentence: string): void {
    this.#problems.push(sentence);
  }

  /** Every variable with this prefix that nobody asked for is a problem: a misspelt setting must not be silent. */
  refuseUnknown(prefix: string): void {
    for (const name of Object.keys(this.#source)) {
      if (name.startsWith(prefix) && !this.#known.has(name)) this.problem(`${name} is not a setting`);
    }
  }

  /** Throws one ConfigError with every problem found. */
  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  #number(name: string, fallback: number, { min, max }: NumberRange, form: RegExp, what: string): number {
    const text = this.optional(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (form.test(text) && value >= min && value <= max) return value;
    this.problem(`${name} must be ${what} from ${min} to ${max}`);
    return fallback;
  }
}

/** Reads the options of a command line. Problems are collected, so that a wrong one is told whole, once. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** Wrong usage; its message names every wrong option, one a line. */
export class UsageError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "UsageError";
  }
}

/** What is wrong, as the terminal is told; `command` such as `plan` or `load -- storm`. */
export function usageText({ message }: UsageError, command: string): string {
  return `${message}; all options: npm run ${command} --help\n`;
}

/** As parseArgs without positionals, but what is wrong with an option is a UsageError. */
export function parseOptions<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError([message.replaceAll(/\s+/g, " ").replace(/\. To specify a positional .*|\.$/, "")]);
  }
}

export class OptionReader {
  /** What was asked for, defaults included: the report's account of it. */
  readonly resolved: Record<string, string | number | boolean> = {};
  readonly #values: OptionValues;
  readonly #problems: string[] = [];

  constructor(values: OptionValues) {
    this.#values = values;
  }

  number(name: string, fallback: number, { min = 0, max = 1e9 } = {}): number {
    return this.#keep(name, this.#numberOr(name, fallback, { min, max, isWhole: false }));
  }

  int(name: string, fallback: number, { min = 0, max = 1e9 } = {}): number {
    return this.#keep(name, this.#numberOr(name, fallback, { min, max, isWhole: true }));
  }

  /** From 0 to 1; `25%` is 0.25. */
  share(name: string, fallback: number): number {
    const text = this.#given(name);
    const value = text === undefined ? fallback : text.endsWith("%") ? numberIn(text.slice(0, -1)) / 100 : numberIn(text);
    if (value >= 0 && value <= 1) return this.#keep(name, value);
    this.problem(`--${name} is a share such as 0.25 or 25%, not ${told(text)}`);
    return fallback;
  }

  text(name: string, fallback: string): string {
    const text = this.optional(name) ?? fallback;
    this.resolved[camelCase(name)] = text;
    return text;
  }

  /** Named at all, with whatever value. */
  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** Not in `resolved`: for what is a secret or has no default. */
  optional(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  list(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  }

  flag(name: string): boolean {
    const isOn = this.#values[name] === true;
    this.resolved[camelCase(name)] = isOn;
    return isOn;
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  /** Throws a UsageError where anything was wrong. */
  finish(): void {
    if (this.#problems.length > 0) throw new UsageError(this.#problems);
  }

  #numberOr(name: string, fallback: number, { min, max, isWhole }: { min: number; max: number; isWhole: boolean }): number {
    const text = this.#given(name);
    const value = text === undefined ? fallback : numberIn(text);
    if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
    this.problem(`--${name} is a ${isWhole ? "whole " : ""}number from ${min} to ${max}, not ${told(text)}`);
    return fallback;
  }

  /** Empty is given too: a number that a shell variable did not have is no default. */
  #given(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  #keep(name: string, value: number): number {
    this.resolved[camelCase(name)] = value;
    return value;
  }
}

/** NaN where there is none; `Number` takes an empty text for 0. */
function numberIn(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

function told(text: string | undefined): string {
  return text?.trim() === "" ? "empty" : String(text);
}

function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

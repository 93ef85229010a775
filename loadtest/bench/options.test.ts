import { expect, test } from "vitest";
import { UsageError } from "../src/command/option-reader.ts";
import { readOptions } from "./options.ts";

test("who is named must be there: Centrifugo alone needs its program, among others it is left out", () => {
  expect(() => readOptions(["--only", "centrifugo"], false)).toThrow(UsageError);
  expect(readOptions(["--only", "centrifugo,v2"], false).contestants).toEqual(["v2"]);
  expect(readOptions(["--only", "centrifugo"], true).contestants).toEqual(["centrifugo"]);
  expect(() => readOptions(["--only", "v3"], true)).toThrow("v3 is none of v2, floor");
});

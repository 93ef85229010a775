import { expect, test } from "vitest";
import { Lru } from "./lru.ts";

test("never holds more than its bound, and keeps what is used", () => {
  const lru = new Lru<number, string>(10);
  for (let key = 0; key < 1_000; key += 1) {
    lru.set(key, `value ${key}`);
    expect(lru.get(0)).toBe("value 0"); // used all the time
    expect(lru.size).toBeLessThanOrEqual(10);
  }
  expect(lru.get(999)).toBe("value 999");
  expect(lru.get(500)).toBeUndefined();
});

test("the last half as many that were set are there", () => {
  const lru = new Lru<number, number>(10);
  for (let key = 0; key < 100; key += 1) lru.set(key, key);
  expect([95, 96, 97, 98, 99].map((key) => lru.get(key))).toEqual([95, 96, 97, 98, 99]);
});

test("a value set again is the new one, a deleted one is gone, whichever generation held it", () => {
  const lru = new Lru<string, number>(4);
  lru.set("a", 1);
  lru.set("b", 1);
  lru.set("c", 1); // a and b are old now
  lru.set("a", 2);
  expect(lru.get("a")).toBe(2);
  lru.delete("a");
  lru.delete("b");
  expect([lru.get("a"), lru.get("b"), lru.get("c")]).toEqual([undefined, undefined, 1]);
  lru.clear();
  expect(lru.size).toBe(0);
});

import { expect, test } from "vitest";
import { maskUrl } from "./log.ts";

test.each([
  ["/live-chat/ws/1?token=abc", "/live-chat/ws/1?token=***"],
  ["/live-chat/ws/1?a=1&%74oken=abc&b=2", "/live-chat/ws/1?a=1&%74oken=***&b=2"],
  ["/search?q=my+secret&limit=5", "/search?q=***&limit=5"],
  ["/search?limit=5&Q=x", "/search?limit=5&Q=***"],
  ["/conversations?status=open&%=1", "/conversations?status=open&%=1"],
])("%s is logged as %s", (url, logged) => {
  expect(maskUrl(url)).toBe(logged);
});

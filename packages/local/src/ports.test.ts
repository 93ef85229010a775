import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort, freePorts, keepToPortLane, portProblem } from "./ports.ts";

test("ports of different lanes never meet, and none is given twice", async () => {
  keepToPortLane(3);
  const third = await freePorts(200);
  keepToPortLane(4);
  const fourth = await freePorts(200);
  expect(new Set([...third, ...fourth]).size).toBe(400);
  expect(Math.max(...third)).toBeLessThan(Math.min(...fourth));
});

test("a port that somebody listens on is said to be taken", async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  expect(await portProblem("127.0.0.1", port)).toBe("EADDRINUSE");
  await new Promise((resolve) => server.close(resolve));
  expect(await portProblem("127.0.0.1", port)).toBeUndefined();
});

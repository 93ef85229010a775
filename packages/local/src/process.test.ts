import { expect, test } from "vitest";
import { ServiceProcess } from "./process.ts";

const env = { EDGE_API: "http://127.0.0.1:1", EDGE_GATEWAYS: "http://127.0.0.1:1", PORT: "0" };

test("a service is started, is ready on its ports, and stops cleanly", async () => {
  const service = await ServiceProcess.start({ service: "edge", env });
  const health = await fetch(`http://127.0.0.1:${service.ports.private}/healthz`);
  expect(health.status).toBe(200);
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

test("a service that refuses to start tells why", async () => {
  await expect(ServiceProcess.start({ service: "edge", env: {} })).rejects.toThrow("EDGE_API is missing");
});

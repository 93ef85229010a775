/** Once a run, for the projects that need it: a Postgres with a migrated template database, and the services as one file each. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDatabase } from "@drawchat/db/connect";
import { migrateToLatest } from "@drawchat/db/migrate";
import { cacheDir } from "@drawchat/local/cache";
import { freePort } from "@drawchat/local/ports";
import { type LocalPostgres, startPostgres } from "@drawchat/local/postgres";
import { findRedis } from "@drawchat/local/redis-binary";
import type { TestProject } from "vitest/node";
import { bundleServices, type ServiceBundles } from "./service-bundles.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Superuser's URL of the run's Postgres. */
    postgresAdminUrl: string;
    /** The folder of `<service>.mjs`. */
    serviceBundles: string;
    /** HAPROXY_PATH, or "". */
    haproxyPath: string;
    /** TEST_REDIS_NODES: 1 is a server alone, more are a cluster. */
    redisNodes: number;
  }
}

/** Each test file's database is a copy of this one. */
export const TEMPLATE_DATABASE = "drawchat_template";

/** vitest calls it before the first file and calls what it returns after the last; what it started ends here if it fails. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-test-postgres-"));
  let postgres: LocalPostgres | undefined;
  let bundles: ServiceBundles | undefined;
  const tearDown = async () => {
    await bundles?.remove();
    await postgres?.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await findRedis(await cacheDir()); // where it must be fetched, once, before test files ask for it side by side
    await chmod(dir, 0o755); // Postgres may run as another user
    postgres = await startPostgres({ dir, port: await freePort(), durable: false });
    await makeTemplate(postgres);
    bundles = await bundleServices();
    project.provide("serviceBundles", bundles.dir);
    project.provide("postgresAdminUrl", postgres.url());
    project.provide("haproxyPath", process.env.HAPROXY_PATH ?? "");
    project.provide("redisNodes", Number(process.env.TEST_REDIS_NODES ?? "1"));
    return tearDown;
  } catch (error) {
    await tearDown();
    throw error;
  }
}

async function makeTemplate(postgres: LocalPostgres): Promise<void> {
  const connect = (name: string) =>
    connectDatabase({ url: postgres.url(name), maxConnections: 2, applicationName: "testkit", onError: () => undefined });
  const admin = connect("postgres");
  await admin.pool.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await admin.close();
  const template = connect(TEMPLATE_DATABASE);
  await migrateToLatest(template);
  await template.close(); // a database with open connections cannot be copied
}

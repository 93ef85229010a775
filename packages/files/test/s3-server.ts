/// <reference path="./s3rver.d.ts" />
/** A server that speaks S3, with a bucket `uploads`, in this process. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";
import type { S3Settings } from "../src/settings.ts";

export interface S3Server {
  settings: S3Settings;
  stop: () => Promise<void>;
}

export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), "drawchat-test-s3-"));
  const server = new S3rver({ address: "127.0.0.1", port: 0, silent: true, directory, configureBuckets: [{ name: "uploads" }] });
  const { port } = await server.run();
  const settings = {
    bucket: "uploads",
    prefix: "chat",
    region: "eu-central-1",
    endpoint: `http://127.0.0.1:${port}`,
    isPathStyle: true,
    credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
  };
  const stop = async () => {
    await server.close();
    await rm(directory, { recursive: true });
  };
  return { settings, stop };
}

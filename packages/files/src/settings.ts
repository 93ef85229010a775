/** Where files of conversations are kept. Every process that touches them reads the same settings. */
import { join, resolve } from "node:path";
import type { Env } from "@drawchat/runtime/env";

export interface S3Settings {
  readonly bucket: string;
  readonly prefix: string; // of every key; may be empty
  readonly region: string;
  readonly endpoint: string | undefined; // undefined: Amazon's own
  readonly isPathStyle: boolean; // the bucket in the path instead of the host name: most servers but Amazon's
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined; // undefined: as the SDK finds them (roles)
}

export interface UploadSettings {
  /** Holds what is on its way in, and without S3 the files themselves: then all api and jobs processes share it. */
  readonly dir: string;
  readonly s3: S3Settings | undefined;
}

export function readUploadSettings(env: Env): UploadSettings {
  const dir = env.optional("UPLOADS_DIR") ?? join(env.text("DATA_DIR", ".data"), "uploads");
  return { dir: resolve(dir), s3: readS3Settings(env) };
}

function readS3Settings(env: Env): S3Settings | undefined {
  const bucket = env.optional("UPLOADS_S3_BUCKET");
  const accessKeyId = env.optional("UPLOADS_S3_ACCESS_KEY_ID");
  const secretAccessKey = env.optional("UPLOADS_S3_SECRET_ACCESS_KEY");
  const endpoint = env.optional("UPLOADS_S3_ENDPOINT");
  const settings = {
    prefix: env.text("UPLOADS_S3_PREFIX", ""),
    region: env.text("UPLOADS_S3_REGION", "us-east-1"),
    endpoint,
    isPathStyle: env.bool("UPLOADS_S3_PATH_STYLE", endpoint !== undefined),
    credentials: accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
  };
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    env.problem("UPLOADS_S3_ACCESS_KEY_ID and UPLOADS_S3_SECRET_ACCESS_KEY go together");
  }
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) {
    env.problem("UPLOADS_S3_ENDPOINT must be an http(s):// URL");
  }
  if (bucket === undefined && (endpoint !== undefined || accessKeyId !== undefined)) {
    env.problem("UPLOADS_S3_BUCKET is missing: other UPLOADS_S3_ settings are there");
  }
  return bucket === undefined ? undefined : { bucket, ...settings };
}

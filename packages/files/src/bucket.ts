/** A bucket of Amazon's or of a server that speaks as it does. */
import { S3Client } from "@aws-sdk/client-s3";
import { AwsS3StorageAdapter } from "@flystorage/aws-s3";
import type { S3Settings } from "./settings.ts";

/** Opens nothing yet. */
export function bucketAdapter({ bucket, prefix, region, endpoint, isPathStyle, credentials }: S3Settings): AwsS3StorageAdapter {
  const client = new S3Client({
    region,
    forcePathStyle: isPathStyle,
    // Checksums in trailers are Amazon's own; other servers store them as a part of the file, or refuse it.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  return new AwsS3StorageAdapter(client, { bucket, prefix });
}

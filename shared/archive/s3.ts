import type { Archive } from "../domain/archive.ts";

/** Where in S3 an archive is. */
export interface S3Place {
  readonly bucket: string;
  /** What keys begin with, such as `baton/prod/`; default: nothing. */
  readonly prefix?: string;
}

/**
 * An archive of JSON lines in S3: `<prefix><week>/<name>`. It uses the SDK that the runtime on
 * Lambda has, and the rights of the function's role: `s3:PutObject` on the bucket.
 */
export function archiveToS3({ bucket, prefix = "" }: S3Place): Archive {
  return async ({ name, lines, signal }) => {
    const { PutObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
    const client = new S3Client({ followRegionRedirects: true });
    const Body = `${lines.join("\n")}\n`;
    try {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: prefix + name, Body, ContentType: "application/jsonl" }), {
        abortSignal: signal,
      });
    } finally {
      client.destroy();
    }
  };
}

import type { Readable } from "node:stream";
import { NonRetryableError } from "../../shared/index.ts";
import { type Fetched, readAll, refuseTooLarge } from "./fetched.ts";

/** What S3 says for good, by the names of its errors, and what to do about it. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: "There is no such bucket. Look at the URL, which is s3://<bucket>/<key>.",
  NoSuchKey: "There is no such object. Look at the URL, which is s3://<bucket>/<key> with the key percent-encoded.",
  AccessDenied: "The role of the function poll-queue may not read it. Allow it s3:GetObject on the bucket.",
  InvalidObjectState: "The object is archived. Restore it first.",
};

/**
 * Fetches `s3://<bucket>/<key>` with the SDK that the runtime on Lambda has and the rights of the
 * function's role.
 */
export async function readBucket(url: URL, signal: AbortSignal): Promise<Fetched> {
  const { GetObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({ followRegionRedirects: true });
  try {
    const command = new GetObjectCommand({ Bucket: url.hostname, Key: decodeURIComponent(url.pathname.slice(1)) });
    const { Body, ContentLength = 0, ContentType = null } = await client.send(command, { abortSignal: signal });
    refuseTooLarge(ContentLength);
    return { bytes: await readAll(Body as Readable), contentType: ContentType };
  } catch (thrown) {
    const advice = ADVICE[(thrown as Error).name];
    throw advice === undefined ? thrown : new NonRetryableError(`${url.href} cannot be read. ${advice}`, { cause: thrown });
  } finally {
    client.destroy();
  }
}

import { NonRetryableError } from "../../shared/index.ts";

/** A document's file as it was fetched. */
export interface Fetched {
  readonly bytes: Uint8Array;
  /** As the server says it, such as `text/html; charset=utf-8`; null where nobody says it. */
  readonly contentType: string | null;
}

/** Reads the file of a URL of one scheme, or throws a sentence that says why not. */
export type Source = (url: URL, signal: AbortSignal) => Promise<Fetched>;

/** Twenty of the size that a book has; a poller has room for a few of them at once. */
export const maxBytes = 20 * 1024 * 1024;

/**
 * The bytes of a stream. Throws `NonRetryableError` at the first beyond `maxBytes`, whatever length
 * was announced.
 */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    refuseTooLarge(length);
  }
  return Buffer.concat(parts);
}

/** Throws `NonRetryableError` for a length beyond `maxBytes`. */
export function refuseTooLarge(length: number): void {
  if (length <= maxBytes) return;
  throw new NonRetryableError(
    `The document is larger than ${maxBytes / 1024 / 1024} MiB, the most that is fetched. Give its parts one by one.`,
  );
}

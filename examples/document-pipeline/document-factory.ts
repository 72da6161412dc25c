import * as z from "zod";
import { type Chunk, type Document, formats } from "./document.ts";

/** A row of `example.documents` as the repository selects it, with its chunks as JSON. */
const DocumentRow = z.object({
  url: z.string(),
  title: z.string(),
  format: z.enum(formats),
  sha256: z.string(),
  size_bytes: z.string(),
  pages: z.int().nullable(),
  fetched_at: z.iso.datetime(),
  chunks: z.array(z.object({ position: z.int(), page: z.int().nullable(), body: z.string() })),
});

/** A row of `example.find_chunks`. */
const FoundChunkRow = z.object({
  url: z.string(),
  title: z.string(),
  page: z.int().nullable(),
  position: z.int(),
  rank: z.number(),
  snippet: z.string(),
});

/**
 * A chunk that answers a question. Its rank is how many of the question's words it has, and behind
 * the point how close together; the snippet has them between asterisks.
 */
export type FoundChunk = z.output<typeof FoundChunkRow>;

export function documentFromRow(row: unknown): Document {
  const { size_bytes, fetched_at, ...same } = DocumentRow.parse(row);
  return { ...same, sizeBytes: BigInt(size_bytes), fetchedAt: new Date(fetched_at) };
}

/** The columns of a document as parameters, in the order of the repository's insert. */
export function documentToValues(document: Document): readonly (string | number | null)[] {
  const { url, title, format, sha256, sizeBytes, pages, fetchedAt } = document;
  return [url, title, format, sha256, sizeBytes.toString(), pages, fetchedAt.toISOString()];
}

/** All chunks in one parameter, since a statement has room for 65,535. */
export function chunksToJson(chunks: readonly Chunk[]): string {
  return JSON.stringify(chunks);
}

export function foundChunksFromRows(rows: readonly unknown[]): FoundChunk[] {
  return z.array(FoundChunkRow).parse(rows);
}

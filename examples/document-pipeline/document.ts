export const formats = ["pdf", "html", "markdown", "text"] as const;
export type Format = (typeof formats)[number];

/** A part of a document that is found as a whole. */
export interface Chunk {
  /** Its place in the document, from 1. */
  readonly position: number;
  /** The page of a PDF that it stands on. */
  readonly page: number | null;
  readonly body: string;
}

/** A document and its text, the aggregate: stored and loaded as one. There is one for a URL. */
export interface Document {
  readonly url: string;
  readonly title: string;
  readonly format: Format;
  readonly sha256: string;
  readonly sizeBytes: bigint;
  readonly pages: number | null;
  readonly fetchedAt: Date;
  readonly chunks: readonly Chunk[];
}

import { createHash } from "node:crypto";
import * as z from "zod";
import type { Database } from "../shared/db/database.ts";
import { defaultDatabase } from "../shared/db/default-database.ts";
import { defineWorkflow, NonRetryableError } from "../shared/index.ts";
import { cutIntoChunks } from "./document-pipeline/cut.ts";
import { chunksToJson } from "./document-pipeline/document-factory.ts";
import { DocumentRepository } from "./document-pipeline/document-repository.ts";
import type { Document } from "./document-pipeline/document.ts";
import { inTurn } from "./document-pipeline/in-turn.ts";
import { parse } from "./document-pipeline/parse.ts";
import { type Sources, sourcesFrom } from "./document-pipeline/sources.ts";
import { UnitOfWork } from "./unit-of-work.ts";

/** `title` is how finds call the document; by default it is the document's own, or its URL. */
const Request = z.strictObject({
  url: z.url({ protocol: /^(https|s3|file)$/, error: "give a URL that begins with https:, s3: or file:" }).max(2_000),
  title: z.string().trim().min(1).max(300).optional(),
});
type Request = z.output<typeof Request>;

export interface DocumentPipelineCollaborators {
  /** Called by the step that needs the database, never when the workflow is defined. */
  readonly database: () => Database;
  /** Called when a document is fetched. */
  readonly sources: () => Sources;
}

/** As the statement sends it; with its quotes escaped again it stays below the 10 MiB of Neon. */
const maxTextBytes = 4 * 1024 * 1024;

/** The workflow with collaborators of the caller's choice, such as a test's own sources. */
export const documentPipelineWith = ({ database, sources }: DocumentPipelineCollaborators) =>
  defineWorkflow({ name: "document-pipeline", version: 1, input: Request })
    // One node: neither the file nor its chunks fit into a checkpoint.
    .sql("ingest", { timeout: "4 minutes" }, async ({ input }, { signal }) => {
      const document = await ingest(input, sources(), signal);
      const unit = new UnitOfWork();
      await new DocumentRepository(database()).store(document, unit);
      const { url, title, format, pages, sha256, chunks } = document;
      return { statements: unit.statements, output: { url, title, format, pages, sha256, chunks: chunks.length } };
    });

/** Fetches, parses and cuts a document, and stores it so that its chunks are found. */
export const documentPipeline = documentPipelineWith({ database: defaultDatabase, sources: () => sourcesFrom(process.env) });

async function ingest({ url: given, title }: Request, sources: Sources, signal: AbortSignal): Promise<Document> {
  const url = new URL(given);
  const fetchedAt = new Date();
  const fetched = await sources[url.protocol as keyof Sources](url, signal);
  const parsed = await inTurn(signal, () => parse(fetched, url, signal));
  const chunks = cutIntoChunks(parsed.pages);
  refuseTooMuchText(Buffer.byteLength(chunksToJson(chunks)));
  return {
    url: url.href,
    title: title ?? (titleFrom(parsed.title) || url.href),
    format: parsed.format,
    sha256: createHash("sha256").update(fetched.bytes).digest("hex"),
    sizeBytes: BigInt(fetched.bytes.length),
    pages: parsed.format === "pdf" ? parsed.pages.length : null,
    fetchedAt,
    chunks,
  };
}

function titleFrom(text: string): string {
  const [first] = cutIntoChunks([{ page: null, text: text.replaceAll("\n", " ") }]);
  return first?.body.slice(0, 300).toWellFormed() ?? "";
}

function refuseTooMuchText(bytes: number): void {
  if (bytes <= maxTextBytes) return;
  const [is, most] = [bytes, maxTextBytes].map((size) => `${(size / 1024 / 1024).toFixed(1)} MiB`);
  throw new NonRetryableError(`The document has ${is} of text, and at most ${most} are stored at once. Give its parts one by one.`);
}

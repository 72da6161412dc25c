import type { Database } from "../../shared/db/database.ts";
import { type UnitOfWork, write } from "../unit-of-work.ts";
import { chunksToJson, documentFromRow, documentToValues, type FoundChunk, foundChunksFromRows } from "./document-factory.ts";
import type { Document } from "./document.ts";

/** Of two runs that fetched one URL, the one that fetched it last counts. */
const upsertDocument = `
  insert into example.documents as known (url, title, format, sha256, size_bytes, pages, fetched_at)
  values ($1, $2, $3, $4, $5::bigint, $6::integer, $7::timestamptz)
  on conflict on constraint documents_url_key do update
     set title = excluded.title, format = excluded.format, sha256 = excluded.sha256, size_bytes = excluded.size_bytes,
         pages = excluded.pages, fetched_at = excluded.fetched_at
   where known.fetched_at <= excluded.fetched_at`;

const deleteChunks = `
  delete from example.chunks
   where document_id = (select id from example.documents where url = $1 and fetched_at = $2::timestamptz)`;

const insertChunks = `
  insert into example.chunks (document_id, position, page, body)
  select document.id, chunk.position, chunk.page, chunk.body
    from example.documents as document, jsonb_to_recordset($3::jsonb) as chunk (position integer, page integer, body text)
   where document.url = $1 and document.fetched_at = $2::timestamptz`;

/** In one order, so that two documents that are stored at the same time wait for one another. */
const insertWords = `
  insert into example.words (word)
  select distinct word
    from example.documents as document
    join example.chunks as chunk on chunk.document_id = document.id
   cross join unnest(tsvector_to_array(to_tsvector('simple', chunk.body))) as word
   where document.url = $1 and document.fetched_at = $2::timestamptz and length(word) between 3 and 40
   order by word
  on conflict do nothing`;

const selectDocument = `
  select url, title, format, sha256, size_bytes::text, pages,
         to_char(fetched_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as fetched_at,
         (select coalesce(jsonb_agg(jsonb_build_object('position', position, 'page', page, 'body', body) order by position), '[]')
            from example.chunks where document_id = document.id) as chunks
    from example.documents as document where url = $1`;

const selectFound = `
  select url, title, page, "position", rank, snippet from example.find_chunks($1, $2::integer)`;

/** Documents in `example.documents`, their chunks in `example.chunks`. */
export class DocumentRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores a document in the place of what is known of its URL, unless that was fetched later.
   * Harmless when repeated.
   */
  async store(document: Document, unit?: UnitOfWork): Promise<void> {
    const which = [document.url, document.fetchedAt.toISOString()];
    const statements = [
      { text: upsertDocument, values: documentToValues(document) },
      { text: deleteChunks, values: which },
      { text: insertChunks, values: [...which, chunksToJson(document.chunks)] },
      { text: insertWords, values: which },
    ];
    await write(this.#database, statements, () => undefined, unit);
  }

  async read(url: string): Promise<Document | undefined> {
    const [row] = await this.#database.query(selectDocument, [url]);
    return row && documentFromRow(row);
  }

  /**
   * The chunks that answer a question, the best first, at most `limit` (default 10). A word that no
   * document has stands for those that look like it, so that a slip in the question finds what was
   * meant.
   */
  async find(question: string, { limit = 10 }: { readonly limit?: number } = {}): Promise<FoundChunk[]> {
    return foundChunksFromRows(await this.#database.query(selectFound, [question, limit]));
  }
}

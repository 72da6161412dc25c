import * as z from "zod";
import type { Database } from "../../shared/db/database.ts";
import { write } from "../unit-of-work.ts";
import type { UnitOfWork } from "../unit-of-work.ts";
import type { Rendition } from "./transcoder.ts";

/**
 * Where a rendition is and what it is like, without its content: small enough for a run's state.
 */
export const RenditionReference = z.object({
  label: z.enum(["half", "quarter"]),
  width: z.int(),
  height: z.int(),
  frames: z.int(),
  durationMs: z.int(),
  bytes: z.int(),
});
export type RenditionReference = z.output<typeof RenditionReference>;

const insertRendition = `
  insert into example.renditions (video_id, label, idempotency_key, width, height, frames, duration_ms, content)
  values ($1::uuid, $2, $3, $4::integer, $5::integer, $6::integer, $7::integer, decode($8, 'base64'))
  on conflict on constraint renditions_pkey do nothing`;

const selectReferences = `
  select label, width, height, frames, duration_ms as "durationMs", length(content) as bytes
    from example.renditions where video_id = $1::uuid order by width desc, label`;

const selectContent = `
  select encode(content, 'base64') as content from example.renditions where video_id = $1::uuid and label = $2`;

/** Renditions in `example.renditions`, with their content, so that every poller reaches them. */
export class RenditionRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores renditions of a video; one whose label is there already stays as it is, so a repeat is
   * harmless.
   */
  async store(videoId: string, renditions: readonly Rendition[], idempotencyKey: string, unit?: UnitOfWork): Promise<void> {
    const statements = renditions.map(({ label, width, height, frames, durationMs, content }) => ({
      text: insertRendition,
      values: [videoId, label, idempotencyKey, width, height, frames, durationMs, Buffer.from(content).toString("base64")],
    }));
    await write(this.#database, statements, () => undefined, unit);
  }

  /** The video's renditions, the widest first. */
  async references(videoId: string): Promise<RenditionReference[]> {
    return z.array(RenditionReference).parse(await this.#database.query(selectReferences, [videoId]));
  }

  /** The file of one rendition, or nothing when there is none. */
  async content(videoId: string, label: string): Promise<Uint8Array | undefined> {
    const [row] = await this.#database.query<{ content: string }>(selectContent, [videoId, label]);
    return row && Buffer.from(row.content, "base64");
  }
}

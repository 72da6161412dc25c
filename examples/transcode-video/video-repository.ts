import type { Database, DatabaseRefusedError } from "../../shared/db/database.ts";
import type { Statement } from "../../shared/index.ts";
import { write } from "../unit-of-work.ts";
import type { UnitOfWork } from "../unit-of-work.ts";
import { traitsToPairs, videosFromRows, videoToValues } from "./video-factory.ts";
import { DuplicateVideoError } from "./video.ts";
import type { Traits, Video } from "./video.ts";

/**
 * Which videos to list; every part left out means any. At most `limit` come back (default 100), the
 * newest first.
 */
export interface VideoFilter {
  readonly id?: string;
  readonly ownerId?: string;
  readonly published?: boolean;
  readonly trait?: { readonly name: string; readonly value: string };
  readonly limit?: number;
}

const selectVideos = `
  select id, owner_id, title, sha256, size_bytes::text, frame_rate::text,
         to_char(uploaded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as uploaded_at,
         to_char(published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as published_at
    from example.videos as video
   where ($1::uuid is null or id = $1)
     and ($2::uuid is null or owner_id = $2)
     and ($3::boolean is null or (published_at is not null) = $3)
     and ($4::text is null or exists (
           select from example.video_traits as trait where trait.video_id = video.id and trait.name = $4 and trait.value = $5::text))
   order by video.uploaded_at desc, id
   limit $6::integer`;

const selectTraits = `
  select video_id, name, value from example.video_traits
   where video_id in (select id::uuid from jsonb_array_elements_text($1::jsonb) as id)
   order by video_id, name, value`;

const insertVideo = `
  insert into example.videos (id, owner_id, title, sha256, size_bytes, frame_rate, uploaded_at, published_at)
  values ($1, $2, $3, $4, $5::bigint, $6::numeric, $7::timestamptz, $8::timestamptz)`;

const insertTraits = `
  insert into example.video_traits (video_id, name, value)
  select $1::uuid, name, value from jsonb_to_recordset($2::jsonb) as trait (name text, value text)
  on conflict do nothing`;

const publishVideo = `
  update example.videos set published_at = coalesce(published_at, now()) where id = $1::uuid`;

const publishRenditions = `
  update example.renditions set published = true where video_id = $1::uuid`;

/**
 * Videos in `example.videos` and `example.video_traits`.
 *
 * Every write joins the caller's unit of work; without one it is a transaction of its own.
 */
export class VideoRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The videos that pass the filter, each with all its traits: two queries, however many they are.
   */
  async list({ id, ownerId, published, trait, limit = 100 }: VideoFilter = {}): Promise<Video[]> {
    const filter = [id ?? null, ownerId ?? null, published ?? null, trait?.name ?? null, trait?.value ?? null, limit];
    const videos = await this.#database.query<{ id: string }>(selectVideos, filter);
    const traits = await this.#database.query(selectTraits, [JSON.stringify(videos.map((video) => video.id))]);
    return videosFromRows(videos, traits);
  }

  async find(id: string): Promise<Video | undefined> {
    const [video] = await this.list({ id });
    return video;
  }

  /**
   * Adds a new video with its traits. Throws `DuplicateVideoError` when its id, or its owner and
   * title, are taken.
   */
  async add(video: Video, unit?: UnitOfWork): Promise<void> {
    const statements = [{ text: insertVideo, values: videoToValues(video) }, traitsStatement(video.id, video.traits)];
    await write(this.#database, statements, explainDuplicate, unit);
  }

  /**
   * Marks a video and its renditions published, now unless it was before, and adds traits. Harmless
   * when repeated.
   */
  async publish(id: string, traits: Traits, unit?: UnitOfWork): Promise<void> {
    const statements = [{ text: publishVideo, values: [id] }, { text: publishRenditions, values: [id] }, traitsStatement(id, traits)];
    await write(this.#database, statements, explainDuplicate, unit);
  }
}

function traitsStatement(id: string, traits: Traits): Statement {
  return { text: insertTraits, values: [id, JSON.stringify(traitsToPairs(traits))] };
}

function explainDuplicate(refusal: DatabaseRefusedError): DuplicateVideoError | undefined {
  if (refusal.constraint === "videos_pkey") return new DuplicateVideoError("id", { cause: refusal });
  if (refusal.constraint === "videos_title_owner_key") return new DuplicateVideoError("title", { cause: refusal });
  return undefined;
}

import * as z from "zod";
import { Decimal } from "./decimal.ts";
import { Video } from "./video.ts";
import type { Traits } from "./video.ts";

/**
 * A row of `example.videos` as the repository selects it: everything that JavaScript can't hold
 * exactly comes as text.
 */
const VideoRow = z.object({
  id: z.uuid(),
  owner_id: z.uuid().nullable(),
  title: z.string(),
  sha256: z.string(),
  size_bytes: z.string(),
  frame_rate: z.string(),
  uploaded_at: z.iso.datetime(),
  published_at: z.iso.datetime().nullable(),
});

const TraitRow = z.object({ video_id: z.uuid(), name: z.string(), value: z.string() });

/**
 * A video as JSON: dates in ISO 8601 UTC, bigints and decimals as strings, sets as sorted arrays.
 */
export const VideoJson = z.object({
  id: z.uuid(),
  ownerId: z.uuid().nullable(),
  title: z.string(),
  sha256: z.string(),
  sizeBytes: z.string(),
  frameRate: z.string(),
  uploadedAt: z.iso.datetime(),
  publishedAt: z.iso.datetime().nullable(),
  traits: z.record(z.string(), z.array(z.string())),
});
export type VideoJson = z.output<typeof VideoJson>;

/** Makes videos of rows, in the order of `videoRows`; the traits may come in any order. */
export function videosFromRows(videoRows: readonly unknown[], traitRows: readonly unknown[]): Video[] {
  const traitsOf = Map.groupBy(z.array(TraitRow).parse(traitRows), (trait) => trait.video_id);
  return z
    .array(VideoRow)
    .parse(videoRows)
    .map((row) => videoFromRow(row, traitsOf.get(row.id) ?? []));
}

function videoFromRow(row: z.output<typeof VideoRow>, traits: readonly TraitPair[]): Video {
  return new Video({
    id: row.id,
    ownerId: row.owner_id,
    title: row.title,
    sha256: row.sha256,
    sizeBytes: BigInt(row.size_bytes),
    frameRate: Decimal.parse(row.frame_rate),
    uploadedAt: new Date(row.uploaded_at),
    publishedAt: dateOrNull(row.published_at),
    traits: traitsFromPairs(traits),
  });
}

/** The columns of a new video as parameters, in the order of the repository's insert. */
export function videoToValues(video: Video): readonly (string | null)[] {
  const { id, ownerId, title, sha256, sizeBytes, frameRate, uploadedAt, publishedAt } = videoToJson(video);
  return [id, ownerId, title, sha256, sizeBytes, frameRate, uploadedAt, publishedAt];
}

export interface TraitPair {
  readonly name: string;
  readonly value: string;
}

export function traitsToPairs(traits: Traits): TraitPair[] {
  return [...traits].flatMap(([name, values]) => [...values].map((value) => ({ name, value })));
}

export function traitsFromPairs(pairs: readonly TraitPair[]): Traits {
  const named = Map.groupBy(pairs, ({ name }) => name);
  return new Map([...named].map(([name, ofName]) => [name, new Set(ofName.map(({ value }) => value))]));
}

export function videoToJson(video: Video): VideoJson {
  return {
    id: video.id,
    ownerId: video.ownerId,
    title: video.title,
    sha256: video.sha256,
    sizeBytes: video.sizeBytes.toString(),
    frameRate: video.frameRate.toString(),
    uploadedAt: video.uploadedAt.toISOString(),
    publishedAt: video.publishedAt?.toISOString() ?? null,
    traits: Object.fromEntries([...video.traits].map(([name, values]) => [name, [...values].sort()])),
  };
}

/** Reads what `videoToJson` wrote; throws a `ZodError` for another shape. */
export function videoFromJson(json: unknown): Video {
  const { sizeBytes, frameRate, uploadedAt, publishedAt, traits, ...same } = VideoJson.parse(json);
  return new Video({
    ...same,
    sizeBytes: BigInt(sizeBytes),
    frameRate: Decimal.parse(frameRate),
    uploadedAt: new Date(uploadedAt),
    publishedAt: dateOrNull(publishedAt),
    traits: new Map(Object.entries(traits).map(([name, values]) => [name, new Set(values)])),
  });
}

function dateOrNull(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}

import { expect } from "vitest";
import type { Database } from "../../shared/db/database.ts";
import { RenditionRepository } from "../transcode-video/rendition-repository.ts";
import { probe } from "../transcode-video/transcoder.ts";
import { VideoRepository } from "../transcode-video/video-repository.ts";

const { signal } = new AbortController();

/**
 * Asserts that a video is published with its traits and both renditions, and that these decode to
 * what `source` shows: half and a quarter of its size, all its frames, its whole duration.
 */
export async function expectPublished(database: Database, videoId: string, source: Uint8Array): Promise<void> {
  const facts = await probe(source, signal);
  const video = await new VideoRepository(database).find(videoId);
  expect(video).toMatchObject({ sha256: facts.sha256, sizeBytes: BigInt(source.length), publishedAt: expect.any(Date) });
  expect(video?.traits.get("format")).toEqual(new Set(["gif"]));
  expect(video?.traits.get("size")).toEqual(new Set([`${facts.width}x${facts.height}`]));
  expect(video?.traits.get("frames")).toEqual(new Set([`${facts.frames}`]));
  await expectRenditions(database, videoId, facts);
}

async function expectRenditions(database: Database, videoId: string, facts: Awaited<ReturnType<typeof probe>>): Promise<void> {
  const repository = new RenditionRepository(database);
  expect((await repository.references(videoId)).map(({ label }) => label)).toEqual(["half", "quarter"]);
  for (const [label, divisor] of [
    ["half", 2],
    ["quarter", 4],
  ] as const) {
    const content = await repository.content(videoId, label);
    expect(await probe(content ?? new Uint8Array(), signal)).toMatchObject({
      width: Math.max(1, Math.round(facts.width / divisor)),
      height: Math.max(1, Math.round(facts.height / divisor)),
      frames: facts.frames,
      durationMs: facts.durationMs,
    });
  }
  expect(await database.query("select distinct published from example.renditions where video_id = $1", [videoId])).toEqual([
    { published: true },
  ]);
}

import { randomUUID } from "node:crypto";
import { Decimal } from "../transcode-video/decimal.ts";
import { Video } from "../transcode-video/video.ts";
import type { VideoFacts } from "../transcode-video/video.ts";

/** A video that differs from any other only in its id, and in what the test says. */
export function aVideo(facts: Partial<VideoFacts> = {}): Video {
  return new Video({
    id: randomUUID(),
    ownerId: null,
    title: "A rolling ball",
    sha256: "00".repeat(32),
    sizeBytes: 4321n,
    frameRate: Decimal.parse("12.500"),
    uploadedAt: new Date("2026-01-01T00:00:00Z"),
    publishedAt: null,
    traits: new Map(),
    ...facts,
  });
}

import * as z from "zod";
import type { Database } from "../shared/db/database.ts";
import { defaultDatabase } from "../shared/db/default-database.ts";
import { defineWorkflow, NonRetryableError } from "../shared/index.ts";
import { Decimal } from "./transcode-video/decimal.ts";
import { RenditionReference, RenditionRepository } from "./transcode-video/rendition-repository.ts";
import { MediaFacts, probe, transcode } from "./transcode-video/transcoder.ts";
import { UnitOfWork } from "./unit-of-work.ts";
import { traitsFromPairs } from "./transcode-video/video-factory.ts";
import { VideoRepository } from "./transcode-video/video-repository.ts";
import { DuplicateVideoError, Video } from "./transcode-video/video.ts";

/** `source` is the file itself in Base64, such as `base64 -w0 my.gif` prints it. */
const Upload = z.strictObject({
  videoId: z.uuid(),
  ownerId: z.uuid().nullable().default(null),
  title: z.string().trim().min(1).max(200),
  tags: z.array(z.string().min(1).max(50)).max(20).default([]),
  source: z.base64(),
});
type Upload = z.output<typeof Upload>;

const Registered = z.object({ videoId: z.uuid() });

export interface TranscodeVideoCollaborators {
  /** Called by each step that needs the database, never when the workflow is defined. */
  readonly database: () => Database;
}

/** The workflow with collaborators of the caller's choice, such as a test's own database. */
export const transcodeVideoWith = ({ database }: TranscodeVideoCollaborators) =>
  defineWorkflow({ name: "transcode-video", version: 1, input: Upload })
    .step("probe", { output: MediaFacts, timeout: "1 minute" }, ({ input }, { signal }) => probe(fileOf(input), signal))
    .step("register", { output: Registered }, async ({ input, probe }) => {
      await register(new VideoRepository(database()), uploadedVideo(input, probe));
      return { videoId: input.videoId };
    })
    .step("renditions", { output: z.array(RenditionReference), timeout: "2 minutes" }, async ({ input }, { signal, idempotencyKey }) => {
      const renditions = new RenditionRepository(database());
      await renditions.store(input.videoId, await transcode(fileOf(input), signal), idempotencyKey);
      return renditions.references(input.videoId);
    })
    .sql("publish", async ({ input, probe, renditions }) => {
      const unit = new UnitOfWork();
      await new VideoRepository(database()).publish(input.videoId, mediaTraits(probe), unit);
      return { statements: unit.statements, output: { videoId: input.videoId, renditions } };
    });

/** Makes renditions of an animated GIF at a half and a quarter of its size and publishes them. */
export const transcodeVideo = transcodeVideoWith({ database: defaultDatabase });

function fileOf({ source }: Upload): Uint8Array {
  return Buffer.from(source, "base64");
}

function uploadedVideo({ videoId, ownerId, title, tags }: Upload, { sha256, bytes, frames, durationMs }: MediaFacts): Video {
  return new Video({
    id: videoId,
    ownerId,
    title,
    sha256,
    sizeBytes: BigInt(bytes),
    frameRate: Decimal.ratio(1000n * BigInt(frames), BigInt(durationMs), 3),
    uploadedAt: new Date(),
    publishedAt: null,
    traits: traitsFromPairs(tags.map((value) => ({ name: "tag", value }))),
  });
}

/**
 * An earlier attempt of this step may have added the video: the same upload is then not a
 * duplicate.
 */
async function register(videos: VideoRepository, video: Video): Promise<void> {
  try {
    await videos.add(video);
  } catch (error) {
    if (!(error instanceof DuplicateVideoError)) throw error;
    const known = await videos.find(video.id);
    if (!known?.isSameUploadAs(video)) throw new NonRetryableError(error.message, { cause: error });
  }
}

function mediaTraits({ format, width, height, frames }: MediaFacts): Video["traits"] {
  return traitsFromPairs([
    { name: "format", value: format },
    { name: "size", value: `${width}x${height}` },
    { name: "frames", value: String(frames) },
  ]);
}

import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { NonRetryableError, walk } from "../../shared/index.ts";
import type { InputOf } from "../../shared/index.ts";
import { sampleUpload, sampleVideo } from "../transcode-video/sample.ts";
import { VideoRepository } from "../transcode-video/video-repository.ts";
import { transcodeVideoWith } from "../transcode-video.ts";
import { expectPublished } from "./published.ts";
import { createTestDatabase } from "../../test/support/database.ts";

const database = (await createTestDatabase()).connect("poller");
const videos = new VideoRepository(database);
const transcodeVideo = transcodeVideoWith({ database: () => database });

/**
 * What the engine does, but for the engine: walks the chain and applies the statements of its sql
 * nodes in one transaction.
 */
async function run(input: InputOf<typeof transcodeVideo>) {
  const walked = await walk(transcodeVideo, input);
  await database.transaction(walked.statements);
  return walked;
}

test("an uploaded GIF is published with its traits and two renditions", async () => {
  const upload = sampleUpload();
  const { state, output } = await run(upload);
  await expectPublished(database, upload.videoId, sampleVideo());
  expect(state.probe).toMatchObject({ format: "gif", width: 160, height: 120, frames: 12, durationMs: 960 });
  expect(output.renditions.map(({ label, width }) => [label, width])).toEqual([
    ["half", 80],
    ["quarter", 40],
  ]);
  expect((await videos.find(upload.videoId))?.frameRate.toString()).toBe("12.500");
  expect((await videos.find(upload.videoId))?.traits.get("tag")).toEqual(new Set(["sample"]));
});

test("nothing is published before the statements of the sql node are applied", async () => {
  const upload = sampleUpload();
  const { statements } = await walk(transcodeVideo, upload);
  expect(await videos.list({ id: upload.videoId, published: true })).toEqual([]);
  await database.transaction(statements);
  expect(await videos.list({ id: upload.videoId, published: true })).toHaveLength(1);
});

test("the state holds no content of a rendition, so it stays small", async () => {
  const { state } = await walk(transcodeVideo, sampleUpload());
  expect(JSON.stringify({ ...state, input: null }).length).toBeLessThan(2_000);
});

test("every step may run again, from the first to the last, and nothing changes", async () => {
  const upload = sampleUpload();
  const first = await run(upload);
  const video = await videos.find(upload.videoId);
  expect((await run(upload)).output).toEqual(first.output);
  expect(await videos.find(upload.videoId)).toEqual(video);
  await expectPublished(database, upload.videoId, sampleVideo());
});

test("another upload under a taken owner and title, or a taken id, fails for good", async () => {
  const upload = { ...sampleUpload(), ownerId: randomUUID() };
  await run(upload);
  for (const [other, message] of [
    [{ ...upload, videoId: randomUUID() }, "another video has this owner and title; choose another title"],
    [{ ...upload, title: "another" }, "another video has this id; choose another id"],
  ] as const) {
    const refused = walk(transcodeVideo, other);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(NonRetryableError);
  }
});

test("a source that is cut short fails for good, and leaves no video", async () => {
  const upload = sampleUpload();
  const source = Buffer.from(sampleVideo().subarray(0, 4_000)).toString("base64");
  const refused = walk(transcodeVideo, { ...upload, source });
  await expect(refused).rejects.toBeInstanceOf(NonRetryableError);
  await expect(refused).rejects.toThrow(/^source is cut short: frame \d+ of the GIF ends before its data does; upload the whole file$/);
  expect(await videos.find(upload.videoId)).toBeUndefined();
});

test("an input that is no upload is refused by its schema", async () => {
  const upload = sampleUpload();
  for (const wrong of [
    { videoId: "7" },
    { title: " " },
    { source: "data:image/gif;base64,R0lG" },
    { tags: [""] },
    { url: "https://example.com/my.gif" },
  ]) {
    await expect(walk(transcodeVideo, { ...upload, ...wrong })).rejects.toMatchObject({ name: "ZodError" });
  }
});

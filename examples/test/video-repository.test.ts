import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Database } from "../../shared/db/database.ts";
import { DatabaseRefusedError } from "../../shared/domain/database-errors.ts";
import { Decimal } from "../transcode-video/decimal.ts";
import { RenditionRepository } from "../transcode-video/rendition-repository.ts";
import type { Rendition } from "../transcode-video/transcoder.ts";
import { UnitOfWork } from "../unit-of-work.ts";
import { VideoRepository } from "../transcode-video/video-repository.ts";
import { DuplicateVideoError } from "../transcode-video/video.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { aVideo } from "./video-builder.ts";

const database = (await createTestDatabase()).connect("poller");
const videos = new VideoRepository(database);
const renditions = new RenditionRepository(database);

const aRendition: Rendition = { label: "half", width: 2, height: 1, frames: 3, durationMs: 300, content: Uint8Array.of(0, 1, 254, 255) };

/** The same database, which counts what is sent. */
function counted(): { database: Database; queries: string[]; transactions: number } {
  const count = { queries: [] as string[], transactions: 0 };
  const query: Database["query"] = (text, values, options) => {
    count.queries.push(text);
    return database.query(text, values, options);
  };
  const transaction: Database["transaction"] = (statements, options) => {
    count.transactions += 1;
    return database.transaction(statements, options);
  };
  return Object.assign(count, { database: { schema: database.schema, query, transaction, [Symbol.asyncDispose]: async () => {} } });
}

test("a video is found as it was added, to the last digit and millisecond", async () => {
  const video = aVideo({
    ownerId: randomUUID(),
    title: "Ein Titel mit 'Zeichen' \u{1F3AC}",
    sizeBytes: 9_007_199_254_740_993n,
    frameRate: Decimal.parse("24.975"),
    uploadedAt: new Date("2026-03-29T01:30:00.123Z"),
    publishedAt: new Date("2026-10-25T00:59:59.999Z"),
    traits: new Map([
      ["format", new Set(["gif"])],
      ["tag", new Set(["cat", "fun,ny", 'with "quotes"'])],
    ]),
  });
  await videos.add(video);
  const found = await videos.find(video.id);
  expect(found).toEqual(video);
  expect(found?.frameRate.toString()).toBe("24.975");
  expect(found?.sizeBytes).toBe(9_007_199_254_740_993n);
});

test("an unknown id finds nothing", async () => {
  expect(await videos.find(randomUUID())).toBeUndefined();
});

test("a list of videos with their traits takes two queries, however many they are", async () => {
  const ownerId = randomUUID();
  for (const number of [1, 2, 3, 4, 5])
    await videos.add(aVideo({ ownerId, title: `video ${number}`, traits: new Map([["tag", new Set([`t${number}`])]]) }));
  for (const [limit, expected] of [
    [1, 1],
    [100, 5],
  ] as const) {
    const spy = counted();
    const listed = await new VideoRepository(spy.database).list({ ownerId, limit });
    expect(listed.map((video) => video.traits.get("tag")?.size)).toEqual(Array.from({ length: expected }, () => 1));
    expect({ queries: spy.queries.length, transactions: spy.transactions }).toEqual({ queries: 2, transactions: 0 });
  }
});

test("a list is filtered by owner, trait and publication, the newest first", async () => {
  const ownerId = randomUUID();
  const tagged = (title: string, day: string, tag: string, publishedAt: Date | null) =>
    aVideo({ ownerId, title, uploadedAt: new Date(day), publishedAt, traits: new Map([["tag", new Set([tag, "all"])]]) });
  for (const video of [
    tagged("old cat", "2026-01-01", "cat", new Date("2026-01-02")),
    tagged("new cat", "2026-02-01", "cat", null),
    tagged("dog", "2026-03-01", "dog", null),
  ]) {
    await videos.add(video);
  }
  const titles = async (filter: Parameters<VideoRepository["list"]>[0]) =>
    (await videos.list({ ownerId, ...filter })).map((video) => video.title);
  expect(await titles({})).toEqual(["dog", "new cat", "old cat"]);
  expect(await titles({ trait: { name: "tag", value: "cat" } })).toEqual(["new cat", "old cat"]);
  expect(await titles({ trait: { name: "tag", value: "cat" }, published: false })).toEqual(["new cat"]);
  expect(await titles({ published: true })).toEqual(["old cat"]);
  expect(await titles({ trait: { name: "cat", value: "tag" } })).toEqual([]);
});

test("a taken owner and title is a DuplicateVideoError, and the video's traits are not stored either", async () => {
  const first = aVideo({ ownerId: randomUUID() });
  await videos.add(first);
  const refused = videos.add(aVideo({ ownerId: first.ownerId, traits: new Map([["tag", new Set(["lost"])]]) }));
  await expect(refused).rejects.toBeInstanceOf(DuplicateVideoError);
  await expect(refused).rejects.toMatchObject({ taken: "title", cause: expect.any(DatabaseRefusedError) });
  expect(await videos.list({ trait: { name: "tag", value: "lost" } })).toEqual([]);
});

test("a taken id is a DuplicateVideoError; videos without an owner may share a title", async () => {
  const video = aVideo();
  await videos.add(video);
  await videos.add(aVideo({ title: video.title }));
  await expect(videos.add(aVideo({ id: video.id, title: "another" }))).rejects.toMatchObject({ name: "DuplicateVideoError", taken: "id" });
});

test("a refusal that means nothing to the domain stays the database's", async () => {
  await expect(videos.add(aVideo({ sizeBytes: 0n }))).rejects.toMatchObject({
    name: "DatabaseRefusedError",
    constraint: "videos_size_bytes_check",
  });
});

test("writes that join a unit of work are committed together, in one transaction", async () => {
  const spy = counted();
  const [video, unit] = [aVideo(), new UnitOfWork()];
  await new VideoRepository(spy.database).add(video, unit);
  await new RenditionRepository(spy.database).store(video.id, [aRendition], "run/renditions", unit);
  expect(spy.transactions).toBe(0);
  expect(await videos.find(video.id)).toBeUndefined();
  await unit.commit(spy.database);
  expect(spy.transactions).toBe(1);
  expect(await videos.find(video.id)).toEqual(video);
  expect(await renditions.references(video.id)).toHaveLength(1);
});

test("a unit of work is rolled back as a whole, and says why in the domain's words", async () => {
  const [taken, video, unit] = [aVideo({ ownerId: randomUUID() }), aVideo(), new UnitOfWork()];
  await videos.add(taken);
  await videos.add(video, unit);
  await renditions.store(video.id, [aRendition], "run/renditions", unit);
  await videos.add(aVideo({ ownerId: taken.ownerId, title: taken.title }), unit);
  await expect(unit.commit(database)).rejects.toBeInstanceOf(DuplicateVideoError);
  expect(await videos.find(video.id)).toBeUndefined();
  expect(await renditions.references(video.id)).toEqual([]);
});

test("a write without a unit of work is one transaction of its own", async () => {
  const spy = counted();
  await new VideoRepository(spy.database).add(aVideo());
  expect({ queries: spy.queries.length, transactions: spy.transactions }).toEqual({ queries: 0, transactions: 1 });
});

test("a rendition keeps its bytes, and storing it again changes nothing", async () => {
  const video = aVideo();
  await videos.add(video);
  await renditions.store(video.id, [aRendition], "run/renditions");
  await renditions.store(video.id, [{ ...aRendition, width: 9, content: Uint8Array.of(7) }], "other/renditions");
  expect(await renditions.references(video.id)).toEqual([{ label: "half", width: 2, height: 1, frames: 3, durationMs: 300, bytes: 4 }]);
  expect([...((await renditions.content(video.id, "half")) ?? [])]).toEqual([0, 1, 254, 255]);
  expect(await renditions.content(video.id, "quarter")).toBeUndefined();
});

test("publishing marks a video and its renditions once, and a repeat changes nothing", async () => {
  const video = aVideo();
  await videos.add(video);
  await renditions.store(video.id, [aRendition], "run/renditions");
  await videos.publish(video.id, new Map([["format", new Set(["gif"])]]));
  const published = await videos.find(video.id);
  await videos.publish(video.id, new Map([["format", new Set(["gif"])]]));
  expect(await videos.find(video.id)).toEqual(published);
  expect(published?.publishedAt).toBeInstanceOf(Date);
  expect(published?.traits).toEqual(new Map([["format", new Set(["gif"])]]));
  expect(await database.query("select published from example.renditions where video_id = $1", [video.id])).toEqual([{ published: true }]);
});

test("a video that does not exist can't be published", async () => {
  await expect(videos.publish(randomUUID(), new Map([["format", new Set(["gif"])]]))).rejects.toBeInstanceOf(DatabaseRefusedError);
});

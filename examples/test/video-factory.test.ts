import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Decimal } from "../transcode-video/decimal.ts";
import { videoFromJson, videosFromRows, videoToJson } from "../transcode-video/video-factory.ts";
import { printedSeed } from "./seed.ts";
import { aVideo } from "./video-builder.ts";

test("a video goes through JSON text and back unchanged: date, set, decimal, bigint and uuid", () => {
  const video = aVideo({
    sizeBytes: 9_007_199_254_740_993n,
    frameRate: Decimal.parse("12.500"),
    publishedAt: new Date("2026-01-02T03:04:05.678Z"),
    traits: new Map([["tag", new Set(["funny", "cat"])]]),
  });
  const json: unknown = JSON.parse(JSON.stringify(videoToJson(video)));
  expect(json).toMatchObject({
    id: video.id,
    sizeBytes: "9007199254740993",
    frameRate: "12.500",
    uploadedAt: "2026-01-01T00:00:00.000Z",
    publishedAt: "2026-01-02T03:04:05.678Z",
    traits: { tag: ["cat", "funny"] },
  });
  const back = videoFromJson(json);
  expect(videoToJson(back)).toEqual(json);
  expect(back.sizeBytes).toBe(video.sizeBytes);
  expect(back.publishedAt).toEqual(video.publishedAt);
  expect(back.traits).toEqual(video.traits);
});

test("JSON of another shape is no video", () => {
  const json = videoToJson(aVideo());
  for (const wrong of [
    { ...json, id: "7" },
    { ...json, uploadedAt: "yesterday" },
    { ...json, traits: { tag: "cat" } },
  ]) {
    expect(() => videoFromJson(wrong)).toThrow(/./);
  }
  expect(() => videoFromJson({ ...json, frameRate: "1e3" })).toThrow('"1e3" is not a decimal number');
});

test("each video made of rows gets its own traits, whatever their order", () => {
  const [one, two] = [aVideo({ title: "one" }), aVideo({ title: "two" })];
  const rows = [one, two].map((video) => ({
    id: video.id,
    owner_id: null,
    title: video.title,
    sha256: video.sha256,
    size_bytes: "1",
    frame_rate: "1.000",
    uploaded_at: "2026-01-01T00:00:00.000Z",
    published_at: null,
  }));
  const traits = [
    { video_id: two.id, name: "tag", value: "b" },
    { video_id: one.id, name: "tag", value: "a" },
    { video_id: two.id, name: "tag", value: "a" },
  ];
  expect(videosFromRows(rows, traits).map((video) => [video.title, video.traits])).toEqual([
    ["one", new Map([["tag", new Set(["a"])]])],
    ["two", new Map([["tag", new Set(["a", "b"])]])],
  ]);
});

test("a decimal keeps every digit", () => {
  const written = fc
    .tuple(
      fc.boolean(),
      fc.bigInt({ min: 1n, max: 10n ** 30n }),
      fc.string({ unit: fc.constantFrom(..."0123456789".split("")), maxLength: 20 }),
    )
    .map(([negative, whole, fraction]) => `${negative ? "-" : ""}${whole}${fraction && "."}${fraction}`);
  fc.assert(
    fc.property(written, (text) => {
      expect(Decimal.parse(text).toString()).toBe(text);
    }),
    { seed: printedSeed() },
  );
});

test("a decimal below one keeps its zeros and its sign", () => {
  for (const text of ["0", "0.000", "0.050", "-0.050"]) expect(Decimal.parse(text).toString()).toBe(text);
});

test("a ratio is rounded towards zero at its scale", () => {
  expect(Decimal.ratio(12_000n, 960n, 3).toString()).toBe("12.500");
  expect(Decimal.ratio(2n, 3n, 3).toString()).toBe("0.666");
});

test("what is not a decimal number is refused", () => {
  for (const text of ["", ".5", "1.", "1e3", "NaN", "1,5", " 1"]) expect(() => Decimal.parse(text)).toThrow(RangeError);
});

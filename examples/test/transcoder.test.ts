import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { sampleUpload, sampleVideo } from "../transcode-video/sample.ts";
import { probe, transcode } from "../transcode-video/transcoder.ts";
import { decodeAll } from "./decode-all.ts";
import { gifBytes } from "./gif-bytes.ts";

const { signal } = new AbortController();

test("the sample is 12 frames of 80 ms, small, and passes for an input", async () => {
  expect(await probe(sampleVideo(), signal)).toMatchObject({ format: "gif", width: 160, height: 120, frames: 12, durationMs: 960 });
  expect(sampleVideo().length).toBeLessThan(50_000);
  expect(Buffer.from(sampleUpload().source, "base64")).toEqual(Buffer.from(sampleVideo()));
});

test("renditions have half and a quarter of the size, and all frames and the duration of the source", async () => {
  const renditions = await transcode(sampleVideo(), signal);
  expect(renditions.map(({ label, width, height }) => [label, width, height])).toEqual([
    ["half", 80, 60],
    ["quarter", 40, 30],
  ]);
  for (const { content, width, height, frames, durationMs } of renditions) {
    expect({ frames, durationMs }).toEqual({ frames: 12, durationMs: 960 });
    expect(await probe(content, signal)).toMatchObject({ width, height, frames, durationMs });
  }
});

test("a rendition looks like its source: no pixel is far from the mean of those it stands for", async () => {
  const [half] = await transcode(sampleVideo(), signal);
  const [source] = await decodeAll(sampleVideo());
  const [frame] = await decodeAll(half?.content);
  const colourAt = (pixels: Uint8ClampedArray | undefined, at: number): number[] => Array.from(pixels?.slice(at * 4, at * 4 + 3) ?? []);
  for (const [x, y] of [
    [70, 5],
    [40, 20],
    [78, 58],
  ] as const) {
    const [small, large] = [colourAt(frame?.picture.pixels, y * 80 + x), colourAt(source?.picture.pixels, y * 2 * 160 + x * 2)];
    small.forEach((part, index) => expect(Math.abs(part - (large[index] ?? NaN))).toBeLessThan(16));
  }
});

test("what is transparent in the source is transparent in its renditions", async () => {
  const row = (index: number) => [index, index, 0, 0];
  const source = gifBytes(4, 4, [
    { width: 4, height: 4, indexes: [1, 1, 1, 1].flatMap(row), transparentIndex: 0, disposal: 2 },
    { width: 4, height: 4, indexes: [1, 1, 1, 1].flatMap(row).toReversed(), transparentIndex: 0, disposal: 2 },
  ]);
  const [half] = await transcode(source, signal);
  const frames = await decodeAll(half?.content);
  expect(frames.map(({ picture }) => [...picture.pixels].filter((_, at) => at % 4 === 3))).toEqual([
    [255, 0, 255, 0],
    [0, 255, 0, 255],
  ]);
});

test("other work has its turn before each frame and after each of its renditions", async () => {
  const turnsDuring = async (work: Promise<unknown>): Promise<number> => {
    let [turns, over] = [0, false];
    const next = () => void (over || (turns++, setImmediate(next)));
    setImmediate(next);
    await work;
    over = true;
    return turns;
  };
  expect(await turnsDuring(probe(sampleVideo(), signal))).toBeGreaterThan(9);
  expect(await turnsDuring(transcode(sampleVideo(), signal))).toBeGreaterThan(3 * 9);
});

test("a transcoding that is aborted in the middle of a frame ends there", async () => {
  const abort = new AbortController();
  const work = transcode(gifBytes(1, 1, [{ width: 1, height: 1, indexes: [2] }]), abort.signal);
  setImmediate(() => setImmediate(() => abort.abort(new Error("the step's time is over"))));
  await expect(work).rejects.toThrow("the step's time is over");
});

test("a video of one pixel keeps one pixel", async () => {
  const renditions = await transcode(gifBytes(1, 1, [{ width: 1, height: 1, indexes: [2] }]), signal);
  expect(renditions.map(({ width, height, frames }) => [width, height, frames])).toEqual([
    [1, 1, 1],
    [1, 1, 1],
  ]);
});

test("animations that other programs made are transcoded whole", async () => {
  for (const name of ["dog", "horses", "box"]) {
    const source = await readFile(new URL(`../../node_modules/js-binary-schema-parser/example/${name}.gif`, import.meta.url));
    const { width, frames, durationMs } = await probe(source, signal);
    const [half] = await transcode(source, signal);
    expect(half).toMatchObject({ width: Math.round(width / 2), frames, durationMs });
    expect(await probe(half?.content ?? new Uint8Array(), signal)).toMatchObject({ frames, durationMs });
  }
});

import { expect, test } from "vitest";
import { NonRetryableError } from "../../shared/index.ts";
import { decodeFrames } from "../transcode-video/gif-frames.ts";
import { sampleVideo } from "../transcode-video/sample.ts";
import { decodeAll } from "./decode-all.ts";
import { gifBytes, palette } from "./gif-bytes.ts";
import type { RawFrame } from "./gif-bytes.ts";

/** The screen of each frame as text: a digit for a palette colour, a dot where nothing is shown. */
async function screens(width: number, height: number, frames: readonly RawFrame[]): Promise<string[]> {
  return (await decodeAll(gifBytes(width, height, frames))).map(({ picture }) =>
    Array.from({ length: width * height }, (_, at) => symbol(picture.pixels.subarray(at * 4, at * 4 + 4))).join(""),
  );
}

function symbol([red, green, blue, alpha]: Uint8ClampedArray): string {
  return alpha === 0 ? "." : String(palette.findIndex((colour) => colour[0] === red && colour[1] === green && colour[2] === blue));
}

const full = { width: 2, height: 2 };

test("a frame is drawn over the one before it where it is not transparent", async () => {
  const frames = [
    { ...full, indexes: [1, 1, 1, 1] },
    { ...full, indexes: [0, 2, 0, 2], transparentIndex: 0 },
  ];
  expect(await screens(2, 2, frames)).toEqual(["1111", "1212"]);
});

test("a frame of disposal 2 leaves nothing where it was", async () => {
  const frames = [
    { ...full, indexes: [1, 1, 1, 1] },
    { left: 1, top: 0, width: 1, height: 2, indexes: [2, 2], disposal: 2 },
    { left: 0, top: 0, width: 1, height: 1, indexes: [3] },
  ];
  expect(await screens(2, 2, frames)).toEqual(["1111", "1212", "3.1."]);
});

test("a frame of disposal 3 leaves what was there before it", async () => {
  const frames = [
    { ...full, indexes: [1, 1, 1, 1] },
    { ...full, indexes: [2, 2, 2, 2], disposal: 3 },
    { left: 0, top: 0, width: 1, height: 1, indexes: [3] },
  ];
  expect(await screens(2, 2, frames)).toEqual(["1111", "2222", "3111"]);
});

test("a part of a frame that lies outside the screen is not shown", async () => {
  expect(await screens(2, 2, [{ left: 1, top: 1, width: 3, height: 2, indexes: [1, 2, 3, 1, 2, 3] }])).toEqual(["...1"]);
});

test("a GIF of one frame is a video of one frame", async () => {
  expect(await screens(2, 2, [{ ...full, indexes: [0, 1, 2, 3] }])).toEqual(["0123"]);
});

test("delays are milliseconds, none is 100, and a comment before the image does not lose them", async () => {
  const frames = [
    { ...full, indexes: [1, 1, 1, 1], delayCs: 7 },
    { ...full, indexes: [1, 1, 1, 1] },
    { ...full, indexes: [0, 1, 1, 1], delayCs: 30, transparentIndex: 0, comment: "two comments" },
  ];
  expect((await decodeAll(gifBytes(2, 2, frames))).map((frame) => frame.delayMs)).toEqual([70, 100, 300]);
});

test("a GIF whose frames would fill the memory is refused before they are decoded", async () => {
  const bomb = gifBytes(65_535, 65_535, [{ ...full, indexes: [0, 1, 2, 3] }]);
  await expect(decodeAll(bomb)).rejects.toThrow("source is too large: its frames have 4294836225 pixels");
  await expect(decodeAll(bomb)).rejects.toBeInstanceOf(NonRetryableError);
});

test("a screen or a frame that the decoder would take too much memory for is refused before it is decoded", async () => {
  const one = { width: 1, height: 1, indexes: [0] };
  const declared = (width: number, height: number): RawFrame => ({ ...one, width, height });
  for (const source of [gifBytes(8_000, 8_000, [one]), gifBytes(1_001, 1_000, [one]), gifBytes(2, 2, [one, declared(1_001, 1_000), one])]) {
    const error = await decodeAll(source).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NonRetryableError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^source is too large: a frame has (64000000|1001000) pixels, at most 1000000 are decoded at once;/),
    });
  }
  expect(await decodeAll(gifBytes(1_000, 1_000, [one]))).toHaveLength(1);
});

test("decoding stops at the next frame when the signal aborts", async () => {
  const abort = new AbortController();
  const frames = decodeFrames(sampleVideo(), abort.signal);
  expect((await frames.next()).done).toBe(false);
  abort.abort(new Error("the step's time is over"));
  await expect(frames.next()).rejects.toThrow("the step's time is over");
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NonRetryableError } from "../../shared/index.ts";
import { sampleVideo } from "../transcode-video/sample.ts";
import { probe } from "../transcode-video/transcoder.ts";
import { gifBytes } from "./gif-bytes.ts";
import { printedSeed } from "./seed.ts";

const sample = sampleVideo();
const square = { width: 2, height: 2, indexes: [0, 1, 2, 3] };
const refusal = (source: Uint8Array): Promise<unknown> =>
  probe(source, new AbortController().signal).then(
    (media) => media,
    (error: unknown) => error,
  );

test("a GIF that is cut short anywhere is refused for good, with what to do", async () => {
  const cuts = fc.asyncProperty(fc.integer({ min: 0, max: sample.length - 1 }), async (length) => {
    const error = await refusal(sample.subarray(0, length));
    expect(error).toBeInstanceOf(NonRetryableError);
    expect((error as Error).message).toMatch(length < 6 ? /^source is not a GIF/ : /^source is cut short: .*; upload the whole file$/);
  });
  await fc.assert(cuts, { seed: printedSeed(), numRuns: 200, examples: [[0], [5], [6], [12], [13], [sample.length - 1]] });
});

test("the message names the frame that is cut", async () => {
  const [one, three] = [gifBytes(2, 2, [square]), gifBytes(2, 2, [square, square, square])];
  expect(await refusal(three.subarray(0, three.length - 2))).toMatchObject({
    message: "source is cut short: frame 3 of the GIF ends before its data does; upload the whole file",
  });
  expect(await refusal(three.subarray(0, one.length - 1))).toMatchObject({
    message: "source is cut short: the GIF ends after frame 1 without its end mark; upload the whole file",
  });
});

test("a file of another kind is refused for good", async () => {
  for (const text of ["", "GIF", "\x89PNG\r\n\x1a\n0000", "GIF90a0000000", "<svg xmlns='http://www.w3.org/2000/svg'/>"]) {
    const error = await refusal(Buffer.from(text, "latin1"));
    expect(error).toBeInstanceOf(NonRetryableError);
    expect(error).toMatchObject({ message: expect.stringContaining("source is not a GIF") });
  }
});

test("a GIF without frames, with an unknown block or with an impossible code size is refused for good", async () => {
  const empty = gifBytes(2, 2, []);
  const unknown = Uint8Array.from([...empty.subarray(0, -1), 0x99]);
  const one = gifBytes(2, 2, [square]);
  const codeSize = one.with(one.indexOf(0x2c) + 10, 12);
  for (const [source, message] of [
    [empty, "source shows nothing: the GIF has no frame or an empty screen; upload another file"],
    [unknown, "source is damaged: the GIF has a block of unknown kind 0x99 before its first frame"],
    [codeSize, "source is damaged: frame 1 of the GIF has a code size of 12, not 1 to 8"],
  ] as const) {
    const error = await refusal(source);
    expect(error).toBeInstanceOf(NonRetryableError);
    expect(error).toMatchObject({ message });
  }
});

test("a damaged byte never makes the decoder hang or fail in another way", async () => {
  const damages = fc.asyncProperty(fc.nat(sample.length - 1), fc.nat(255), async (at, byte) => {
    const outcome = await refusal(sample.with(at, byte));
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(NonRetryableError);
    else expect(outcome).toMatchObject({ format: "gif" });
  });
  await fc.assert(damages, { seed: printedSeed(), numRuns: 60 });
});

import { setImmediate } from "node:timers/promises";
import { decompressFrame, parseGIF } from "gifuct-js";
import type { ParsedFrame, ParsedGif } from "gifuct-js";
import { NonRetryableError } from "../../shared/index.ts";
import { Canvas } from "./canvas.ts";
import { readGifStructure, type GifStructure } from "./gif-structure.ts";
import type { Picture } from "./picture.ts";

/** One moment of an animation: the whole screen as it looks, and for how long, in milliseconds. */
export interface Frame {
  readonly picture: Picture;
  readonly delayMs: number;
}

type Block = ParsedGif["frames"][number];
type ImageBlock = Extract<Block, { image: unknown }>;

/** In all frames together: 20 seconds of decoding. */
const maxPixels = 64_000_000;
/**
 * In one frame, or on the screen: the decoder takes 20 bytes for each, and nothing else has its
 * turn for 0.2 seconds.
 */
const maxPixelsAtOnce = 1_000_000;
const defaultDelayMs = 100;

/**
 * Decodes a GIF frame by frame, each composed upon the ones before it as a browser shows it.
 *
 * Gives way to other work before each frame and stops there when `signal` aborts. A frame without a
 * delay lasts 100 ms, as in browsers. Throws `NonRetryableError` for what can't be decoded, and,
 * before anything is decoded, for more than a million pixels in a frame or 64 million in all frames
 * together.
 */
export async function* decodeFrames(source: Uint8Array, signal: AbortSignal): AsyncGenerator<Frame> {
  const structure = readGifStructure(source);
  refuseTooLarge(structure);
  const gif = parseGIF(Uint8Array.from(source).buffer);
  const canvas = new Canvas(structure.width, structure.height);
  const images = imageBlocks(gif.frames);
  if (images.length !== structure.frames)
    throw new NonRetryableError(`source is damaged: frame ${images.length + 1} of the GIF can't be decoded`);
  for (const image of images) {
    await setImmediate();
    signal.throwIfAborted();
    const patch: Partial<ParsedFrame> & Pick<ParsedFrame, "dims" | "patch"> = decompressFrame(image, gif.gct, true);
    yield { picture: canvas.draw({ ...patch.dims, pixels: patch.patch }, patch.disposalType ?? 0), delayMs: patch.delay ?? defaultDelayMs };
  }
}

/** A few bytes can stand for a screen of any size, so that the size of the file says nothing. */
function refuseTooLarge({ width, height, frames, pixels, largest }: GifStructure): void {
  const all = Math.max(pixels, width * height * frames);
  const atOnce = Math.max(largest, width * height);
  if (all > maxPixels) {
    throw new NonRetryableError(
      `source is too large: its frames have ${all} pixels, at most ${maxPixels} are decoded; upload a shorter or smaller one`,
    );
  }
  if (atOnce > maxPixelsAtOnce) {
    throw new NonRetryableError(
      `source is too large: a frame has ${atOnce} pixels, at most ${maxPixelsAtOnce} are decoded at once; upload a smaller one`,
    );
  }
}

/**
 * A comment between a frame's timing and its image makes the parser put them apart; this puts them
 * together again.
 */
function imageBlocks(blocks: readonly Block[]): ImageBlock[] {
  const images: ImageBlock[] = [];
  let timing: Partial<Pick<ImageBlock, "gce">> = {};
  for (const block of blocks) {
    if ("gce" in block) timing = { gce: block.gce };
    if (!("image" in block)) continue;
    images.push({ ...block, ...timing });
    timing = {};
  }
  return images;
}

import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import * as z from "zod";
import { decodeFrames } from "./gif-frames.ts";
import type { Frame } from "./gif-frames.ts";
import { GifEncoder } from "./gif-encoder.ts";
import { scale } from "./picture.ts";

/**
 * What `probe` finds out about a file: sizes in pixels and bytes, the duration in milliseconds, the
 * SHA-256 in hexadecimal.
 */
export const MediaFacts = z.object({
  format: z.literal("gif"),
  width: z.int(),
  height: z.int(),
  frames: z.int(),
  durationMs: z.int(),
  bytes: z.int(),
  sha256: z.string(),
});
export type MediaFacts = z.output<typeof MediaFacts>;

/** A version of a video at another size. */
export interface Rendition {
  readonly label: RenditionLabel;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly durationMs: number;
  readonly content: Uint8Array;
}

export type RenditionLabel = "half" | "quarter";

const ladder: readonly { readonly label: RenditionLabel; readonly divisor: number }[] = [
  { label: "half", divisor: 2 },
  { label: "quarter", divisor: 4 },
];

/**
 * Decodes a whole animated GIF and says what it is; throws `NonRetryableError` for a file that is
 * no GIF, cut short or damaged.
 */
export async function probe(source: Uint8Array, signal: AbortSignal): Promise<MediaFacts> {
  let [width, height, frames, durationMs] = [0, 0, 0, 0];
  for await (const { picture, delayMs } of decodeFrames(source, signal)) {
    ({ width, height } = picture);
    frames += 1;
    durationMs += delayMs;
  }
  const sha256 = createHash("sha256").update(source).digest("hex");
  return { format: "gif", width, height, frames, durationMs, bytes: source.length, sha256 };
}

/**
 * Re-encodes an animated GIF at a half and a quarter of its width and height, frame by frame; gives
 * way to other work after each of both.
 */
export async function transcode(source: Uint8Array, signal: AbortSignal): Promise<Rendition[]> {
  const rungs = ladder.map(({ label, divisor }) => new Rung(label, divisor));
  for await (const frame of decodeFrames(source, signal)) {
    for (const rung of rungs) {
      rung.add(frame);
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  return rungs.map((rung) => rung.finish());
}

class Rung {
  readonly #label: RenditionLabel;
  readonly #divisor: number;
  readonly #encoder = new GifEncoder();
  #facts = { width: 0, height: 0, frames: 0, durationMs: 0 };

  constructor(label: RenditionLabel, divisor: number) {
    this.#label = label;
    this.#divisor = divisor;
  }

  add({ picture, delayMs }: Frame): void {
    const [width, height] = [this.#divide(picture.width), this.#divide(picture.height)];
    this.#encoder.add({ picture: scale(picture, width, height), delayMs });
    this.#facts = { width, height, frames: this.#facts.frames + 1, durationMs: this.#facts.durationMs + delayMs };
  }

  finish(): Rendition {
    return { label: this.#label, ...this.#facts, content: this.#encoder.finish() };
  }

  #divide(length: number): number {
    return Math.max(1, Math.round(length / this.#divisor));
  }
}

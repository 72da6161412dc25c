import { randomUUID } from "node:crypto";
import { GifEncoder } from "./gif-encoder.ts";
import type { Picture } from "./picture.ts";

const size = { width: 160, height: 120, frames: 12, radius: 24 };

/**
 * A small animated GIF of a ball that rolls over coloured squares: 160 × 120 pixels, 12 frames of
 * 80 ms.
 */
export function sampleVideo(): Uint8Array {
  const encoder = new GifEncoder();
  for (let frame = 0; frame < size.frames; frame++) encoder.add({ picture: samplePicture(frame), delayMs: 80 });
  return encoder.finish();
}

/** An input for `transcode-video` with the sample as its file; each has an id of its own. */
export function sampleUpload() {
  return { videoId: randomUUID(), title: "A rolling ball", tags: ["sample"], source: Buffer.from(sampleVideo()).toString("base64") };
}

function samplePicture(frame: number): Picture {
  const { width, height } = size;
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at++) pixels.set(sampleColour(at % width, Math.floor(at / width), frame), at * 4);
  return { width, height, pixels };
}

function sampleColour(x: number, y: number, frame: number): readonly [number, number, number, number] {
  const [ballX, ballY] = [((frame + 0.5) * size.width) / size.frames, size.height - size.radius];
  if (Math.hypot(x - ballX, y - ballY) <= size.radius) return [240, 140, 40, 255];
  return [x & 0xe0, 60 + (y & 0xe0), 120, 255];
}

import { decodeFrames } from "../transcode-video/gif-frames.ts";
import type { Frame } from "../transcode-video/gif-frames.ts";

/** All frames of a GIF at once; no file at all has none. */
export async function decodeAll(source: Uint8Array | undefined): Promise<Frame[]> {
  const frames: Frame[] = [];
  if (source) for await (const frame of decodeFrames(source, new AbortController().signal)) frames.push(frame);
  return frames;
}

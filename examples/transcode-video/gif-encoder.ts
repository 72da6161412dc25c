import { applyPalette, GIFEncoder as createEncoder, quantize } from "gifenc/dist/gifenc.esm.js";
import type { Frame } from "./gif-frames.ts";

const maxColours = 255;
const clearAfterwards = 2;
const forever = 0;

/**
 * Writes an animated GIF, one frame after the other; every frame has its own palette of up to 255
 * colours.
 */
export class GifEncoder {
  readonly #encoder = createEncoder();

  add({ picture, delayMs }: Frame): void {
    const palette = quantize(picture.pixels, maxColours);
    const indexes = applyPalette(picture.pixels, palette);
    const transparentIndex = palette.push([0, 0, 0]) - 1;
    for (let at = 0; at < indexes.length; at++) {
      if (picture.pixels[at * 4 + 3] === 0) indexes[at] = transparentIndex;
    }
    const options = { palette, delay: delayMs, transparent: true, transparentIndex, dispose: clearAfterwards, repeat: forever };
    this.#encoder.writeFrame(indexes, picture.width, picture.height, options);
  }

  /** Ends the file and returns its bytes; nothing may be added afterwards. */
  finish(): Uint8Array {
    this.#encoder.finish();
    return this.#encoder.bytes();
  }
}

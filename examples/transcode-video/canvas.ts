import type { Picture } from "./picture.ts";

/** A part of the screen that one GIF frame paints; pixels with alpha 0 leave what is below. */
export interface Patch extends Picture {
  readonly left: number;
  readonly top: number;
}

const clearAfterwards = 2;
const restoreAfterwards = 3;

/**
 * The screen of a GIF: patches are drawn on it one after the other, each disposed of before the
 * next as the GIF says.
 */
export class Canvas {
  readonly #width: number;
  readonly #height: number;
  #pixels: Uint8ClampedArray;
  #dispose = (): void => {};

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#pixels = new Uint8ClampedArray(width * height * 4);
  }

  /**
   * Draws a patch and returns a copy of the whole screen; `disposal` is the GIF's number for what
   * happens before the next.
   */
  draw(patch: Patch, disposal: number): Picture {
    this.#dispose();
    this.#dispose = this.#disposalOf(patch, disposal);
    this.#eachPixel(patch, (at, from) => {
      if (patch.pixels[from + 3] !== 0) this.#pixels.set(patch.pixels.subarray(from, from + 4), at);
    });
    return { width: this.#width, height: this.#height, pixels: this.#pixels.slice() };
  }

  #disposalOf(patch: Patch, disposal: number): () => void {
    if (disposal === clearAfterwards) return () => this.#eachPixel(patch, (at) => this.#pixels.fill(0, at, at + 4));
    if (disposal !== restoreAfterwards) return () => {};
    const before = this.#pixels.slice();
    return () => void (this.#pixels = before);
  }

  #eachPixel(patch: Patch, visit: (at: number, from: number) => void): void {
    const right = Math.min(patch.width, this.#width - patch.left);
    const bottom = Math.min(patch.height, this.#height - patch.top);
    for (let y = 0; y < bottom; y++) {
      for (let x = 0; x < right; x++) visit(((patch.top + y) * this.#width + patch.left + x) * 4, (y * patch.width + x) * 4);
    }
  }
}

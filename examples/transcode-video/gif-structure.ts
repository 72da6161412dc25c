import { NonRetryableError } from "../../shared/index.ts";

/** What a GIF says about itself: the size of its screen, and what decoding its frames takes. */
export interface GifStructure {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Of all frames together. */
  readonly pixels: number;
  /** The pixels of its largest frame. */
  readonly largest: number;
}

const imageMark = 0x2c;
const extensionMark = 0x21;
const endMark = 0x3b;

/**
 * Walks the blocks of a GIF without decoding them, and so finds out whether the file is whole.
 *
 * Throws `NonRetryableError` when the bytes are no GIF, end early (also when only the end mark is
 * missing, because a file cut between two frames looks just like that), hold no frame, or hold a
 * block that no GIF has.
 */
export function readGifStructure(source: Uint8Array): GifStructure {
  if (!/^GIF8[79]a/.test(String.fromCharCode(...source.subarray(0, 6)))) {
    throw new NonRetryableError("source is not a GIF: it does not begin with GIF87a or GIF89a; upload an animated GIF");
  }
  return new StructureReader(source).read();
}

class StructureReader {
  readonly #source: Uint8Array;
  #offset = 6;
  #frames = 0;
  #pixels = 0;
  #largest = 0;

  constructor(source: Uint8Array) {
    this.#source = source;
  }

  read(): GifStructure {
    const [width, height] = this.#screen();
    for (let mark = this.#mark(); mark !== endMark; mark = this.#mark()) {
      if (mark === imageMark) this.#image();
      else if (mark === extensionMark) this.#extension();
      else throw new NonRetryableError(`source is damaged: the GIF has a block of unknown kind 0x${mark.toString(16)} ${this.#place()}`);
    }
    if (this.#frames === 0 || width === 0 || height === 0) {
      throw new NonRetryableError("source shows nothing: the GIF has no frame or an empty screen; upload another file");
    }
    return { width, height, frames: this.#frames, pixels: this.#pixels, largest: this.#largest };
  }

  #screen(): [width: number, height: number] {
    const part = "the header of the GIF";
    const size: [number, number] = [this.#number(part), this.#number(part)];
    const flags = this.#byte(part);
    this.#skip(2, part);
    this.#skipPalette(flags, part);
    return size;
  }

  #image(): void {
    const part = `frame ${this.#frames + 1} of the GIF`;
    this.#skip(4, part);
    const pixels = this.#number(part) * this.#number(part);
    this.#pixels += pixels;
    this.#largest = Math.max(this.#largest, pixels);
    this.#skipPalette(this.#byte(part), part);
    const codeSize = this.#byte(part);
    if (codeSize < 1 || codeSize > 8) throw new NonRetryableError(`source is damaged: ${part} has a code size of ${codeSize}, not 1 to 8`);
    this.#skipData(part);
    this.#frames += 1;
  }

  #extension(): void {
    const part = `an extension ${this.#place()}`;
    this.#byte(part);
    this.#skipData(part);
  }

  #mark(): number {
    const mark = this.#source[this.#offset++];
    if (mark === undefined)
      throw new NonRetryableError(`source is cut short: the GIF ends ${this.#place()} without its end mark; upload the whole file`);
    return mark;
  }

  #place(): string {
    return this.#frames === 0 ? "before its first frame" : `after frame ${this.#frames}`;
  }

  #skipPalette(flags: number, part: string): void {
    if (flags & 0x80) this.#skip(3 * 2 ** ((flags & 0x07) + 1), part);
  }

  #skipData(part: string): void {
    for (let size = this.#byte(part); size > 0; size = this.#byte(part)) this.#skip(size, part);
  }

  #number(part: string): number {
    return this.#byte(part) + 256 * this.#byte(part);
  }

  #byte(part: string): number {
    this.#skip(1, part);
    return this.#source[this.#offset - 1] ?? 0;
  }

  #skip(count: number, part: string): void {
    this.#offset += count;
    if (this.#offset > this.#source.length) {
      throw new NonRetryableError(`source is cut short: ${part} ends before its data does; upload the whole file`);
    }
  }
}

/**
 * One frame of a GIF written by hand: palette indexes in rows, and what the GIF says about them.
 */
export interface RawFrame {
  readonly left?: number;
  readonly top?: number;
  readonly width: number;
  readonly height: number;
  readonly indexes: readonly number[];
  readonly delayCs?: number;
  readonly disposal?: number;
  readonly transparentIndex?: number;
  readonly comment?: string;
}

/** Colours 0 to 3 of every GIF written here. */
export const palette = [
  [0, 0, 0],
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
] as const;

/** Writes a GIF byte by byte, by no library, so that what reads it is not tested against itself. */
export function gifBytes(width: number, height: number, frames: readonly RawFrame[]): Uint8Array {
  const header = [...Buffer.from("GIF89a"), ...le(width), ...le(height), 0x81, 0, 0, ...palette.flat()];
  return Uint8Array.from([...header, ...frames.flatMap(frameBytes), 0x3b]);
}

function frameBytes({
  left = 0,
  top = 0,
  width,
  height,
  indexes,
  delayCs = 0,
  disposal = 0,
  transparentIndex,
  comment,
}: RawFrame): number[] {
  const flags = (disposal << 2) | (transparentIndex === undefined ? 0 : 1);
  const control = [0x21, 0xf9, 4, flags, ...le(delayCs), transparentIndex ?? 0, 0];
  const remark = comment === undefined ? [] : [0x21, 0xfe, ...subBlocks([...Buffer.from(comment)])];
  return [...control, ...remark, ...remark, 0x2c, ...le(left), ...le(top), ...le(width), ...le(height), 0, 2, ...subBlocks(lzw(indexes))];
}

/**
 * LZW without compression: with 2-bit pixels, a clear code (4) before every pixel keeps all codes 3
 * bits wide.
 */
function lzw(indexes: readonly number[]): number[] {
  const bits = [...indexes.flatMap((index) => [4, index]), 5].flatMap((code) => [code & 1, (code >> 1) & 1, code >> 2]);
  return Array.from({ length: Math.ceil(bits.length / 8) }, (_, at) =>
    bits.slice(at * 8, at * 8 + 8).reduce((byte, bit, place) => byte | (bit << place), 0),
  );
}

function subBlocks(data: readonly number[]): number[] {
  const blocks = Array.from({ length: Math.ceil(data.length / 255) }, (_, at) => data.slice(at * 255, at * 255 + 255));
  return [...blocks.flatMap((block) => [block.length, ...block]), 0];
}

function le(value: number): [number, number] {
  return [value & 255, value >> 8];
}

/**
 * The part of gifenc that the encoder uses; the package brings no types of its own, and Node finds
 * no names in its main file.
 */
declare module "gifenc/dist/gifenc.esm.js" {
  type Colour = readonly number[];

  interface Encoder {
    writeFrame(
      indexes: Uint8Array,
      width: number,
      height: number,
      options: { palette: Colour[]; delay: number; transparent: boolean; transparentIndex: number; dispose: number; repeat: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  }

  export function GIFEncoder(): Encoder;
  export function quantize(rgba: Uint8ClampedArray, maxColours: number): Colour[];
  export function applyPalette(rgba: Uint8ClampedArray, palette: Colour[]): Uint8Array;
}

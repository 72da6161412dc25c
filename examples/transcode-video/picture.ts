/**
 * Pixels in rows from the top left, four bytes each: red, green, blue, and 255 where something is
 * shown or 0 where nothing is.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray;
}

/**
 * Scales a picture to `width` × `height` by the mean of the pixels that fall together; at least
 * half of them must show something.
 */
export function scale(source: Picture, width: number, height: number): Picture {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    const rows = span(y, height, source.height);
    for (let x = 0; x < width; x++) {
      pixels.set(meanColour(source, span(x, width, source.width), rows), (y * width + x) * 4);
    }
  }
  return { width, height, pixels };
}

type Span = readonly [from: number, to: number];

function span(index: number, count: number, sourceCount: number): Span {
  const from = Math.floor((index * sourceCount) / count);
  return [from, Math.max(from + 1, Math.floor(((index + 1) * sourceCount) / count))];
}

function meanColour({ width, pixels }: Picture, columns: Span, rows: Span): readonly [number, number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  let shown = 0;
  for (let y = rows[0]; y < rows[1]; y++) {
    for (let at = (y * width + columns[0]) * 4; at < (y * width + columns[1]) * 4; at += 4) {
      if (pixels[at + 3] === 0) continue;
      sum[0] += pixels[at] ?? 0;
      sum[1] += pixels[at + 1] ?? 0;
      sum[2] += pixels[at + 2] ?? 0;
      shown += 1;
    }
  }
  const area = (rows[1] - rows[0]) * (columns[1] - columns[0]);
  return shown * 2 < area || shown === 0 ? [0, 0, 0, 0] : [sum[0] / shown, sum[1] / shown, sum[2] / shown, 255];
}

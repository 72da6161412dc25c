import type { Chunk } from "./document.ts";

/** What one page of a PDF says, or all that another document does. Its paragraphs are lines. */
export interface Page {
  /** Null where there are no pages. */
  readonly page: number | null;
  readonly text: string;
}

/** Long enough to tell what it is about, short enough to be shown; as in PART. */
const longest = 1_000;

/** Cuts pages into chunks: paragraphs that stand together, none of them on two pages. */
export function cutIntoChunks(pages: readonly Page[]): Chunk[] {
  const parts = pages.flatMap(({ page, text }) => gather(paragraphsOf(text)).map((body) => ({ page, body })));
  return parts.map(({ page, body }, index) => ({ position: index + 1, page, body }));
}

/** Without what Postgres cannot store, and in the letters that one types: "ﬁ" is two. */
function paragraphsOf(text: string): string[] {
  const lines = text.toWellFormed().normalize("NFKC").split("\n");
  return lines
    .map((line) =>
      line
        .replaceAll(INVISIBLE, "")
        .replaceAll(/[\s\p{Cc}]+/gu, " ")
        .trim(),
    )
    .filter((line) => line !== "");
}

/** Soft hyphens, and what is as wide as nothing. */
const INVISIBLE = /[\u00AD\u200B\u2060\uFEFF]/g;

/** A part of a paragraph: all that is left, up to a sentence's end, to a space, or anywhere. */
const PART = /.{1,1000}$|.{500,999}[.!?…](?=\s)|.{1,1000}(?=\s)|.{1,1000}/gsu;

function gather(paragraphs: readonly string[]): string[] {
  const bodies: string[] = [];
  for (const part of paragraphs.flatMap((paragraph) => paragraph.match(PART) ?? []).map((part) => part.trim())) {
    const last = bodies.at(-1);
    if (last === undefined || last.length + 1 + part.length > longest) bodies.push(part);
    else bodies[bodies.length - 1] = `${last}\n${part}`;
  }
  return bodies;
}

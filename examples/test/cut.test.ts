import fc from "fast-check";
import { expect, test } from "vitest";
import { cutIntoChunks } from "../document-pipeline/cut.ts";
import { printedSeed } from "./seed.ts";

const seed = printedSeed();
const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== "");
const cut = (text: string) => cutIntoChunks([{ page: null, text }]).map(({ body }) => body);

test("every word is in one chunk, in order, and none is longer than 1,000 letters", () => {
  const word = fc.stringMatching(/^[a-zé🎬.!]{1,12}$/u).map((text) => text.normalize("NFKC"));
  const text = fc.array(fc.tuple(word, fc.constantFrom(" ", "  ", "\n", "\n\n")), { maxLength: 600 }).map((pairs) => pairs.flat().join(""));
  fc.assert(
    fc.property(text, (text) => {
      const bodies = cut(text);
      expect(bodies.flatMap(wordsOf)).toEqual(wordsOf(text));
      expect(Math.max(0, ...bodies.map((body) => Array.from(body).length))).toBeLessThanOrEqual(1_000);
    }),
    { seed },
  );
});

test("a chunk ends where a paragraph does, a long one after a sentence, and a run of letters anywhere", () => {
  expect(cut(`${"a".repeat(600)}\n${"b".repeat(600)}`)).toEqual(["a".repeat(600), "b".repeat(600)]);
  expect(cut(`${"word ".repeat(150)}end. ${"more ".repeat(150)}`).map((body) => body.slice(-4))).toEqual(["end.", "more"]);
  expect(cut("x".repeat(2_500)).map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
});

test("no chunk is on two pages, and each says its own", () => {
  const pages = [1, 2, 3].map((page) => ({ page, text: `page ${page}` }));
  expect(cutIntoChunks(pages).map(({ position, page }) => [position, page])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

test("what Postgres cannot store is left out, and letters are those that one types", () => {
  expect(cut("a\0b \ud800c so\u00ADft \uFB01ne \u200Bx\r\u2028y")).toEqual(["a b \uFFFDc soft fine x y"]);
});

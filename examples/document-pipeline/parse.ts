import { NonRetryableError } from "../../shared/index.ts";
import type { Page } from "./cut.ts";
import { decode } from "./decode.ts";
import type { Format } from "./document.ts";
import type { Fetched } from "./fetched.ts";
import { readHtml } from "./html-text.ts";
import { parsing } from "./parsing.ts";
import { readPdf } from "./pdf-text.ts";
import { recogniseFormat } from "./recognise.ts";

/** What a document says; without a title of its own it is "". */
export interface Parsed {
  readonly title: string;
  readonly pages: readonly Page[];
}

/** Why a document may have no text, and what to do. */
const TEXTLESS: Readonly<Record<Format, string>> = {
  pdf: "its pages are empty or pictures. Let a program for OCR write the text into it, such as ocrmypdf",
  html: "what its scripts would write is not read. Print the page to a PDF with a browser and give that",
  markdown: "it has nothing but marks. Write something",
  text: "it has nothing but spaces. Write something",
};

/**
 * Parses a document by what it is. Throws `NonRetryableError` for what cannot be parsed or holds no
 * text.
 */
export async function parse({ bytes, contentType }: Fetched, url: URL, signal: AbortSignal): Promise<Parsed & { format: Format }> {
  const format = recogniseFormat(bytes, contentType, url);
  const parsed = format === "pdf" ? await readPdf(bytes, signal) : await READERS[format](decode(bytes, contentType));
  if (parsed.pages.every(({ text }) => text.trim() === "")) throw new NonRetryableError(`The document holds no text: ${TEXTLESS[format]}.`);
  return { ...parsed, format };
}

const READERS: Readonly<Record<Exclude<Format, "pdf">, (text: string) => Promise<Parsed>>> = {
  html: readHtml,
  markdown: async (text) => {
    const { marked } = await import("marked");
    return readHtml(parsing("Markdown", () => marked.parse(text, { async: false })));
  },
  text: (text) => Promise.resolve({ title: "", pages: [{ page: null, text }] }),
};

import { setImmediate } from "node:timers/promises";
import type { getDocumentProxy } from "unpdf";
import { NonRetryableError } from "../../shared/index.ts";
import type { Page } from "./cut.ts";
import type { Parsed } from "./parse.ts";

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Everything is an error that would leave a part of the text out. */
const strictly = { verbosity: 0, stopAtErrors: true, disableFontFace: true, useSystemFonts: false } as const;

/**
 * The text of a PDF, page by page, and its title. The library is loaded here, at the first PDF.
 *
 * Gives way to other work before each page and stops there when `signal` aborts. Throws
 * `NonRetryableError` for a PDF that asks for a password, is cut short or damaged.
 */
export async function readPdf(bytes: Uint8Array, signal: AbortSignal): Promise<Parsed> {
  refuseCutShort(bytes);
  const { getResolvedPDFJS } = await import("unpdf");
  const { getDocument } = await getResolvedPDFJS();
  // It takes the bytes for itself.
  const loading = getDocument({ data: Uint8Array.from(bytes), ...strictly });
  try {
    const pdf = await loading.promise;
    return { title: await titleOf(pdf), pages: await readPages(pdf, signal) };
  } catch (thrown) {
    if (signal.aborted || thrown instanceof NonRetryableError) throw thrown;
    throw refusal(thrown as Error);
  } finally {
    await loading.destroy();
  }
}

async function readPages(pdf: Pdf, signal: AbortSignal): Promise<Page[]> {
  const pages: Page[] = [];
  for (let page = 1; page <= pdf.numPages; page++) {
    await setImmediate();
    signal.throwIfAborted();
    pages.push({ page, text: await readPage(pdf, page) });
  }
  return pages;
}

/** Its lines are those of the layout, and a word that was parted between two of them is one. */
async function readPage(pdf: Pdf, number: number): Promise<string> {
  const page = await pdf.getPage(number);
  const { items } = await page.getTextContent();
  page.cleanup();
  const text = items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : "")).join("");
  return text.replaceAll(/(\p{L})-\n(?=\p{Ll})/gu, "$1").replaceAll("\n", " ");
}

async function titleOf(pdf: Pdf): Promise<string> {
  const { info } = await pdf.getMetadata();
  const { Title } = info as { Title?: unknown };
  return typeof Title === "string" ? Title : "";
}

/** The library would mend a file without an end, and leave out the pages that are missing. */
function refuseCutShort(bytes: Uint8Array): void {
  if (Buffer.from(bytes.subarray(-1024)).includes("%%EOF")) return;
  throw new NonRetryableError("The PDF is cut short: it has no %%EOF at its end. Upload the whole file.");
}

function refusal(thrown: Error): NonRetryableError {
  if (thrown.name === "PasswordException")
    return new NonRetryableError("The PDF is encrypted and asks for a password. Give a copy without one.", { cause: thrown });
  return new NonRetryableError(`The PDF is damaged: ${thrown.message} Print it to a new file and give that.`, { cause: thrown });
}

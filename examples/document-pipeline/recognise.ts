import { extname } from "node:path/posix";
import { NonRetryableError } from "../../shared/index.ts";
import type { Format } from "./document.ts";

const BY_TYPE: Readonly<Record<string, Format>> = {
  "application/pdf": "pdf",
  "text/html": "html",
  "application/xhtml+xml": "html",
  "text/markdown": "markdown",
};
const BY_EXTENSION: Readonly<Record<string, Format>> = {
  ".pdf": "pdf",
  ".html": "html",
  ".htm": "html",
  ".md": "markdown",
  ".markdown": "markdown",
  ".txt": "text",
};

/** Types that say nothing: servers send Markdown, and all that they do not know, as these. */
const SAYS_NOTHING = new Set(["", "text/plain", "application/octet-stream", "binary/octet-stream"]);

/**
 * What a file is: a PDF by its first bytes, whatever its server says; else what its type says, its
 * name, or its text.
 *
 * Throws `NonRetryableError` for what is none of the four, or empty.
 */
export function recogniseFormat(bytes: Uint8Array, contentType: string | null, url: URL): Format {
  if (bytes.length === 0) throw new NonRetryableError("The document is empty: it has 0 bytes. Upload it again.");
  const start = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  if (start.includes("%PDF-")) return "pdf";
  const format = formatNamed(typeOf(contentType), extname(url.pathname).toLowerCase());
  if (format === "pdf")
    throw new NonRetryableError(
      "The document is called a PDF and is none: it has no %PDF- at its beginning. Look at what is stored there.",
    );
  if (start.includes("\0") && !/^(\xff\xfe|\xfe\xff)/.test(start)) throw new NonRetryableError(`The document is no text. ${ADVICE}`);
  return format ?? (/<(!doctype html|html)\b/i.test(start) ? "html" : "text");
}

const ADVICE = "Give a PDF, HTML, Markdown or plain text.";

function formatNamed(type: string, extension: string): Format | undefined {
  const format = BY_TYPE[type] ?? BY_EXTENSION[extension];
  if (format !== undefined || SAYS_NOTHING.has(type)) return format;
  if (type.startsWith("text/")) return "text";
  throw new NonRetryableError(`The document is of the type ${type}. ${ADVICE}`);
}

function typeOf(contentType: string | null): string {
  return contentType?.split(";")[0]!.trim().toLowerCase() ?? "";
}

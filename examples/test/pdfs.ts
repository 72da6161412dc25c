import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { deflateSync } from "node:zlib";
import PDFDocument from "pdfkit";
import { endWithUs } from "../../test/support/processes.ts";

/** A PDF by pdfkit with a page for each text. */
export function pdfOf(pages: readonly string[], options: PDFKit.PDFDocumentOptions = {}): Promise<Buffer> {
  return written(options, (pdf) => {
    for (const text of pages) pdf.addPage().fontSize(11).text(text);
  });
}

/** A scanned page: a picture, and no letter. */
export function pictureOf(): Promise<Buffer> {
  return written({}, (pdf) => void pdf.addPage().image(png(), 72, 72, { width: 200 }));
}

function written(options: PDFKit.PDFDocumentOptions, draw: (pdf: PDFKit.PDFDocument) => void): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const pdf = new PDFDocument({ ...options, autoFirstPage: false });
  const parts: Buffer[] = [];
  pdf.on("data", (part: Buffer) => parts.push(part)).on("end", () => resolve(Buffer.concat(parts)));
  draw(pdf);
  pdf.end();
  return promise;
}

/** A grey square of 8 × 8 pixels. */
function png(): Buffer {
  const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0]);
  const rows = Buffer.concat(Array.from({ length: 8 }, () => Buffer.from([0, ...Array.from({ length: 8 }, () => 128)])));
  const parts = [part("IHDR", header), part("IDAT", deflateSync(rows)), part("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

/** Nobody looks at the checksum. */
function part(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
}

const CHROMIUMS = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/opt/homebrew/bin/chromium"];

/** Chromium is not there, or printed nothing. */
export class ChromiumError extends Error {
  override readonly name = "ChromiumError";
}

/** Prints a page of HTML by Chromium to the PDF `name` in a folder. */
export async function print(folder: string, name: string, html: string): Promise<void> {
  const chromium = CHROMIUMS.find((file) => existsSync(file));
  if (chromium === undefined) throw new ChromiumError("Chromium prints a PDF for this test and is not installed: apt-get install chromium");
  const page = join(folder, `${name}.source`);
  writeFileSync(`${page}.html`, html);
  const quietly = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
  const files = [`--user-data-dir=${page}.profile`, `--print-to-pdf=${join(folder, name)}`, pathToFileURL(`${page}.html`).href];
  const child = spawn(chromium, [...quietly, "--no-pdf-header-footer", ...files], { stdio: "ignore", detached: true });
  endWithUs(child, "group");
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new ChromiumError(`${chromium} ended with ${code} and printed nothing`);
}

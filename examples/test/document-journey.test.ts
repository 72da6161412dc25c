import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { projectFolder } from "../../test/support/project-folder.ts";
import { DocumentRepository } from "../document-pipeline/document-repository.ts";
import { serveLocally, type ToldRun } from "./local-service.ts";
import { pdfOf, pictureOf, print } from "./pdfs.ts";

const database = await createTestDatabase();
const documents = new DocumentRepository(database.connect("reader"));
const folder = projectFolder();
const urlOf = (name: string) => pathToFileURL(join(folder, name)).href;

/** 300 pages of 3,000 letters; the lamplighter is on one of them. */
const book = Array.from({ length: 300 }, (_, index) => {
  const line = `On page ${index + 1} the harbour is quiet and the tide tables are copied into the logbook once again.`;
  return [...Array.from({ length: 30 }, () => line), ...(index === 248 ? ["The lamplighter keeps a spare wick."] : [])].join(" ");
});
const page = `<title>Night ferries</title><h1>Ferries</h1><p>The ferry leaves the quay at midnight; Größe und Maß stay letters.</p>
  <script>const invoice = "neverindexed";</script><style>p { color: neverstyled }</style><p style="break-before: page">Bicycles travel below deck.</p>`;

const service = await serveLocally(database);
afterAll(() => service[Symbol.asyncDispose]());

async function ingest(files: Readonly<Record<string, Uint8Array | string>>): Promise<ToldRun[]> {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return service.run(
    "document-pipeline",
    Object.keys(files).map((name) => ({ url: urlOf(name) })),
  );
}

describe("documents that are ingested over HTTP", () => {
  beforeAll(async () => {
    await print(folder, "printed.pdf", page);
    const runs = await ingest({
      "book.pdf": await pdfOf(book, { info: { Title: "The logbook" } }),
      "page.html": page,
      "latin.html": Buffer.from('<meta charset="iso-8859-1"><title>Maße</title><p>Ein Schlüssel für die Tür.', "latin1"),
      "notes.md": "# Notes\n\nThe **blacksmith** wrote `anvil` twice.\n\n- one\n- two &amp; three",
      "plain.txt": "A postcard from the lighthouse.",
    });
    const [printed] = await service.run("document-pipeline", [{ url: urlOf("printed.pdf"), title: "Printed ferries" }]);
    expect([...runs, printed!].map(({ status, error }) => [status, error?.message])).toEqual(
      Array.from({ length: 6 }, () => ["done", undefined]),
    );
  });

  test("300 pages by pdfkit are found by a word that stands on one of them, with its page and a snippet", async () => {
    const [found, ...others] = await documents.find("Where is the lamplighter's wick?");
    expect(found).toMatchObject({ url: urlOf("book.pdf"), title: "The logbook", page: 249 });
    expect(found!.snippet).toMatch(/The \*lamplighter\* keeps a spare \*wick\*/);
    expect(others).toEqual([]);
    expect((await documents.read(urlOf("book.pdf")))!.chunks.map(({ page }) => page)).toEqual(
      expect.arrayContaining(Array.from({ length: 300 }, (_, index) => index + 1)),
    );
  });

  test("a PDF that Chromium printed is found by its page, under the title that the request gave it", async () => {
    const found = await documents.find("bicycles");
    expect(found.map(({ url, title, page }) => [url, title, page])).toEqual([
      [urlOf("page.html"), "Night ferries", null],
      [urlOf("printed.pdf"), "Printed ferries", 2],
    ]);
  });

  test.each([
    ["lamplihgter", /\*lamplighter\*/],
    ["blaksmith anvill", /\*blacksmith\* wrote \*anvil\*/],
    ["postcrad", /\*postcard\*/],
    ["schlussel", /\*Schlüssel\*/],
  ])("the slips of %s find what was meant, and mark it", async (question, snippet) => {
    expect((await documents.find(question))[0]?.snippet).toMatch(snippet);
  });

  test("scripts and styles of a page are no text of it, nor those of a printed one", async () => {
    expect(await documents.find("neverindexed")).toEqual([]);
    expect(await documents.find("neverstyled")).toEqual([]);
    expect((await documents.read(urlOf("page.html")))!.chunks.map(({ body }) => body)).toEqual([
      "Ferries\nThe ferry leaves the quay at midnight; Größe und Maß stay letters.\nBicycles travel below deck.",
    ]);
  });
});

test.each<[string, string, () => Promise<Uint8Array | string> | Uint8Array | string, RegExp]>([
  [
    "an encrypted PDF",
    "secret.pdf",
    () => pdfOf(["x"], { userPassword: "open" }),
    /^The PDF is encrypted and asks for a password\. Give a/,
  ],
  ["a truncated PDF", "half.pdf", async () => (await pdfOf(["a", "b"])).subarray(0, 900), /^The PDF is cut short: .* Upload the whole/],
  ["a PDF with a hole", "hole.pdf", async () => (await pdfOf(["a"])).fill(32, 40, 700), /^The PDF is damaged: .* Print it to a new file/],
  ["a PDF of pictures", "scan.pdf", pictureOf, /^The document holds no text: its pages are empty or pictures\. Let a program for OCR/],
  ["a PDF of an empty page", "blank.pdf", () => pdfOf([""]), /^The document holds no text: its pages are empty or pictures\. Let/],
  ["an empty PDF", "empty.pdf", () => "", /^The document is empty: it has 0 bytes\. Upload it again\.$/],
  ["what is no PDF", "fake.pdf", () => "hello", /^The document is called a PDF and is none: .* Look at what is stored there/],
  [
    "HTML of a script alone",
    "app.html",
    () => "<title>App</title><div id=root></div><script>go()</script>",
    /^The document holds no text: what its scripts .* Print the page to a PDF/,
  ],
  [
    "Latin-1 text",
    "latin.txt",
    () => Buffer.from("Schlüssel", "latin1"),
    /^The document is not in UTF-8, and nothing says what else it is in\. Save it as UTF-8/,
  ],
  [
    "an archive",
    "pack.zip",
    () => Buffer.from("PK\x03\x04\0\0\0"),
    /^The document is no text\. Give a PDF, HTML, Markdown or plain text\.$/,
  ],
])("%s ends its run at once with a sentence that says what to do", async (_, name, content, sentence) => {
  const [run] = await ingest({ [name]: await content() });
  expect(run).toMatchObject({ status: "failed", error: { name: "NonRetryableError", message: expect.stringMatching(sentence) } });
  expect(await documents.read(urlOf(name))).toBeUndefined();
});

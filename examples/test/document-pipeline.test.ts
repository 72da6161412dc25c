import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { NonRetryableError, walk } from "../../shared/index.ts";
import type { Source } from "../document-pipeline/fetched.ts";
import { parsing } from "../document-pipeline/parsing.ts";
import { documentPipelineWith } from "../document-pipeline.ts";

/** Every URL has this text, whatever its scheme. */
function pipelineOf(text: string, contentType: string | null = null) {
  const source: Source = () => Promise.resolve({ bytes: Buffer.from(text), contentType });
  const unused = () => {
    throw new Error("the statements are not run here");
  };
  const database = () => ({ schema: "baton", query: unused, transaction: unused, [Symbol.asyncDispose]: () => Promise.resolve() });
  return documentPipelineWith({ database, sources: () => ({ "https:": source, "s3:": source, "file:": source }) });
}

test("the output says what was stored, and holds none of it", async () => {
  const { output, statements } = await walk(pipelineOf("# Tides\n\nHigh and low."), { url: "https://example.com/a.md" });
  expect(output).toEqual({
    url: "https://example.com/a.md",
    title: "Tides",
    format: "markdown",
    pages: null,
    sha256: createHash("sha256").update("# Tides\n\nHigh and low.").digest("hex"),
    chunks: 1,
  });
  expect(JSON.stringify(statements)).toContain("High and low.");
});

test.each([
  ["<title> Ebb &amp;\n flow </title><h1>No</h1>x", "text/html", "Ebb & flow"],
  ["<h1>Ebb <i>and</i> flow</h1>x<h1>No</h1>", "text/html", "Ebb and flow"],
  ["x", "text/plain", "https://example.com/a"],
])("%j as %s is titled %s", async (text, type, title) => {
  expect((await walk(pipelineOf(text, type), { url: "https://example.com/a" })).output.title).toBe(title);
});

test.each(["https://example.com/a", "s3://my-bucket/a%20b.txt", "file:///home/ada/a.txt"])("%s is a URL to fetch", async (url) => {
  expect((await walk(pipelineOf("x", "text/plain"), { url })).output.url).toBe(url);
});

test.each(["http://example.com/a", "ftp://example.com/a", "javascript:alert(1)", "data:text/plain,a", "/etc/passwd", "", "https://"])(
  "%j is refused by the input's schema",
  async (url) => {
    const issues = [{ message: "give a URL that begins with https:, s3: or file:" }];
    await expect(walk(pipelineOf("x"), { url })).rejects.toMatchObject({ name: "ZodError", issues });
  },
);

test("Markdown that is nested deeper than its parser can go fails the run at once, with a sentence", async () => {
  const refused = walk(pipelineOf(`${"> ".repeat(20_000)}deep`, "text/markdown"), { url: "https://example.com/a.md" });
  await expect(refused).rejects.toBeInstanceOf(NonRetryableError);
  await expect(refused).rejects.toThrow(/^The document cannot be parsed as Markdown: /);
});

test("whatever a parser throws fails the run at once, and is kept as the cause", () => {
  const cause = new TypeError("not a node");
  const parse = () => {
    throw cause;
  };
  expect(() => parsing("HTML", parse)).toThrow(expect.objectContaining({ name: "NonRetryableError", cause }));
});

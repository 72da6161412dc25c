import { expect, test } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { DocumentRepository } from "../document-pipeline/document-repository.ts";
import type { Document } from "../document-pipeline/document.ts";
import { UnitOfWork } from "../unit-of-work.ts";

const database = await createTestDatabase();
const poller = database.connect("poller");
const documents = new DocumentRepository(poller);
const reading = new DocumentRepository(database.connect("reader"));

/** A document of these chunks; another than any before, but for what the test says. */
function aDocument(bodies: readonly string[], facts: Partial<Document> = {}): Document {
  const url = `https://example.com/${documentsMade++}`;
  const chunks = bodies.map((body, index) => ({ position: index + 1, page: null, body }));
  const same = {
    title: "t",
    format: "text",
    sha256: "00",
    sizeBytes: 1n,
    pages: null,
    fetchedAt: new Date("2026-03-01T00:00:00Z"),
  } as const;
  return { url, ...same, chunks, ...facts };
}
let documentsMade = 0;

const bodiesOf = async (url: string) => (await documents.read(url))?.chunks.map(({ body }) => body);
const bodiesFound = async (question: string, limit?: number) =>
  (await reading.find(question, limit === undefined ? {} : { limit })).map(({ snippet }) => snippet.replaceAll("*", ""));

test("a document is read as it was stored, to the last byte and millisecond", async () => {
  const document = aDocument([`A 'quoted' "word", a \\ and 🎬`, "{}"], {
    format: "pdf",
    pages: 3,
    sizeBytes: 9_007_199_254_740_993n,
    fetchedAt: new Date("2026-10-25T00:59:59.999Z"),
  });
  await documents.store(document);
  expect(await reading.read(document.url)).toEqual(document);
  expect(await reading.read("https://example.com/unknown")).toBeUndefined();
});

test("a later fetch of a URL takes the place of all chunks of the earlier, also when it has fewer", async () => {
  const first = aDocument(["one", "two", "three"]);
  await documents.store(first);
  await documents.store(aDocument(["four"], { url: first.url, fetchedAt: new Date("2026-03-02T00:00:00Z") }));
  expect(await bodiesOf(first.url)).toEqual(["four"]);
});

test("an earlier fetch that is stored later changes nothing", async () => {
  const late = aDocument(["fresh"], { fetchedAt: new Date("2026-03-02T00:00:00Z") });
  await documents.store(late);
  await documents.store(aDocument(["stale", "stale too"], { url: late.url, fetchedAt: new Date("2026-03-01T23:59:59.999Z") }));
  expect(await documents.read(late.url)).toEqual(late);
});

test("storing twice changes nothing, and a unit of work takes four statements however many chunks there are", async () => {
  const document = aDocument(Array.from({ length: 5_000 }, (_, index) => `chunk ${index}`));
  const unit = new UnitOfWork();
  await documents.store(document, unit);
  expect(unit.statements).toHaveLength(4);
  await unit.commit(poller);
  await unit.commit(poller);
  expect(await bodiesOf(document.url)).toHaveLength(5_000);
});

test("two polls that store one URL, and others with the same words, at the same time end with the later one", async () => {
  const of = (day: number) =>
    aDocument([`concurrent${day}`, "shared zebra words"], { url: "https://example.com/race", fetchedAt: new Date(2026, 3, day) });
  await Promise.all([3, 1, 4, 2].map((day) => new DocumentRepository(database.connect("poller")).store(of(day))));
  expect(await bodiesOf("https://example.com/race")).toEqual(["concurrent4", "shared zebra words"]);
});

test("the rank counts the words of the question that a chunk has, and nearness decides among equals", async () => {
  await documents.store(aDocument(["quagga okapi", "quagga quagga quagga quagga", `okapi ${"far ".repeat(80)} quagga`]));
  const found = await reading.find("okapi quagga");
  expect(found.map(({ position, rank }) => [position, Math.floor(rank)])).toEqual([
    [1, 2],
    [3, 2],
    [2, 1],
  ]);
});

test("a word is found in its other forms; and where it is known, nothing that merely looks like it", async () => {
  await documents.store(aDocument(["The axolotls were feeding", "An axolot is a typo"]));
  expect(await bodiesFound("axolotl feeds")).toEqual(["axolotls were feeding"]);
});

test.each(["axoltol", "axolotel", "aksolotls"])("an unknown word, %s, stands for those that look like it", async (slip) => {
  expect(await bodiesFound(slip)).toContain("axolotls were feeding");
});

test("a question of no words, of words that mean nothing, or of none that anybody wrote finds nothing", async () => {
  for (const question of ["", "   ", "the of and", "!!! ' \" \\ & | ( :*", "xqzwvk", "\u{1F600}"])
    expect(await reading.find(question)).toEqual([]);
});

test("at most as many are found as were asked for, and a question of 100,000 letters is no burden", async () => {
  await documents.store(aDocument(Array.from({ length: 30 }, (_, index) => `narwhal ${index}`)));
  expect(await reading.find("narwhal")).toHaveLength(10);
  expect(await reading.find("narwhal", { limit: 3 })).toHaveLength(3);
  expect(await reading.find(`narwhal ${"gibberish ".repeat(10_000)}`, { limit: 1 })).toHaveLength(1);
});

test("a caller's settings decide nothing: neither the threshold of pg_trgm nor the search path", async () => {
  const rows = await database.database.transaction([
    { text: "select set_config('pg_trgm.similarity_threshold', '1', true), set_config('search_path', 'nowhere', true)" },
    { text: "select snippet from example.find_chunks('axoltol')" },
  ]);
  expect(rows[1]).toContainEqual({ snippet: "*axolotls* were feeding" });
});

test("with 20,000 chunks, the search reads those that have the word by the index", async () => {
  await database.query(
    `insert into example.documents (url, title, format, sha256, size_bytes, fetched_at) values ('bulk', 't', 'text', '', 1, now())`,
  );
  await database.query(`insert into example.chunks (document_id, position, body)
    select id, n, 'filler number ' || n || ' and nothing else in it' from example.documents, generate_series(1, 20000) as n where url = 'bulk'`);
  await database.query("vacuum analyze example.chunks");
  const explain = {
    text: "explain (analyze, costs off, timing off, summary off, buffers) select * from example.find_chunks('axolotl', 10)",
  };
  // The first one also reads what a session reads once.
  const [, plan] = await database.database.transaction([explain, explain]);
  const buffers = Number(/shared hit=(\d+)/.exec(JSON.stringify(plan))?.[1]);
  const [table] = await database.query<{ pages: number }>("select relpages as pages from pg_class where oid = 'example.chunks'::regclass");
  expect(table!.pages).toBeGreaterThan(200);
  expect(buffers).toBeLessThan(100);
});

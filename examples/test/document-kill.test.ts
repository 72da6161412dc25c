import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { runRepository } from "../../shared/db/run-repository.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { enqueue, poll } from "../../test/support/poller.ts";
import { startScript } from "../../test/support/processes.ts";
import { projectFolder } from "../../test/support/project-folder.ts";
import { documentPipelineWith } from "../document-pipeline.ts";
import { DocumentRepository } from "../document-pipeline/document-repository.ts";
import { sourcesFrom } from "../document-pipeline/sources.ts";
import type { DocumentPollerOptions } from "./document-poller.ts";
import { pdfOf } from "./pdfs.ts";

const folder = projectFolder();
const file = join(folder, "a.pdf");
const url = pathToFileURL(file).href;

test("a poller that is killed between parse and store, or after it, leaves a document the old one or the new one, and no chunk twice", async () => {
  await using database = await createTestDatabase();
  const poller = database.connect("poller");
  const workflow = documentPipelineWith({ database: () => poller, sources: () => sourcesFrom({ BATON_LOCAL: "on" }) });
  const ingest = async (...pages: string[]) => {
    writeFileSync(file, await pdfOf(pages));
    return (await enqueue(database.connect("producer"), workflow, [{ url }]))[0]!;
  };
  const pages = async () => (await new DocumentRepository(poller).read(url))?.chunks.map(({ body }) => body);
  const killed = async (dies: DocumentPollerOptions["dies"]) => {
    const options: DocumentPollerOptions = { url: database.url("poller"), neonEndpoint: database.neon.url, dies };
    const [, signal] = (await once(startScript(new URL("document-poller.ts", import.meta.url), JSON.stringify(options)), "exit")) as [
      unknown,
      string,
    ];
    expect(signal).toBe("SIGKILL");
    await database.advance("1 minute");
  };
  const find = async (id: string) => runRepository(database.connect("reader")).findRun(id);

  await ingest("old one", "old two", "old three");
  await poll(poller, [workflow]);
  expect(await pages()).toEqual(["old one", "old two", "old three"]);

  const id = await ingest("new one", "new two");
  await killed("before");
  expect(await pages()).toEqual(["old one", "old two", "old three"]);
  expect((await find(id))!.checkpoints).toEqual([]);
  await killed("after");
  expect(await pages()).toEqual(["new one", "new two"]);
  await poll(poller, [workflow]);
  expect(await pages()).toEqual(["new one", "new two"]);
  expect(await find(id)).toMatchObject({
    status: "done",
    crashes: expect.any(Number),
    checkpoints: [{ node: "ingest", attempt: 1, output: { chunks: 2 } }],
  });
  expect(await database.query("select count(*)::int as chunks, count(distinct body)::int as different from example.chunks")).toEqual([
    { chunks: 2, different: 2 },
  ]);
  await database.assertInvariants();
});

test("documents whose chunks fit into no request together are stored one by one; one with too much text fails with a sentence", async () => {
  await using database = await createTestDatabase();
  const poller = database.connect("poller");
  const workflow = documentPipelineWith({ database: () => poller, sources: () => sourcesFrom({ BATON_LOCAL: "on" }) });
  /** Each letter in quotes, which are escaped twice on their way: two and a half times as long. */
  const text = (mebibytes: number) => `${'"ab" '.repeat(180)}\n`.repeat((mebibytes * 1024 * 1024) / 901);
  const sizes = { "1.txt": 2.6, "2.txt": 2.6, "3.txt": 3.2 };
  for (const [name, size] of Object.entries(sizes)) writeFileSync(join(folder, name), text(size));
  const inputs = Object.keys(sizes).map((name) => ({ url: pathToFileURL(join(folder, name)).href }));
  const ids = await enqueue(database.connect("producer"), workflow, inputs);
  const stored: number[] = [];
  database.neon.inject(({ text }) => void stored.push(text.split("insert into example.chunks").length - 1));
  await poll(poller, [workflow]);
  // Together they were no request at all.
  expect(stored.filter((documents) => documents > 0)).toEqual([1, 1]);
  const runs = await Promise.all(ids.map((id) => runRepository(database.connect("reader")).findRun(id)));
  expect(runs.map((run) => [run!.status, run!.failures.length])).toEqual([
    ["done", 0],
    ["done", 0],
    ["failed", 1],
  ]);
  expect(runs[2]!.error!.message).toMatch(
    /^The document has \d\.\d MiB of text, and at most 4\.0 MiB are stored at once\. Give its parts one by one\.$/,
  );
});

import { expect, test } from "vitest";
import { runRepository } from "../../shared/db/run-repository.ts";
import { transcodeVideoWith } from "../transcode-video.ts";
import { sampleUpload, sampleVideo } from "../transcode-video/sample.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { enqueue, poll } from "../../test/support/poller.ts";
import { expectPublished } from "./published.ts";

test("an upload becomes a published video whose two renditions decode again, worked on by two pollers", async () => {
  await using database = await createTestDatabase();
  const poller = database.connect("poller");
  const workflow = transcodeVideoWith({ database: () => poller });
  const upload = sampleUpload();
  const [id] = await enqueue(database.connect("producer"), workflow, [upload]);
  await Promise.all([poll(poller, [workflow]), poll(poller, [workflow])]);
  expect(await runRepository(database.connect("reader")).findRun(id!)).toMatchObject({ status: "done", failures: [], crashes: 0 });
  await expectPublished(database.database, upload.videoId, sampleVideo());
  await database.assertInvariants();
});

test("a truncated upload fails its run at the first attempt, with a message that says what to do", async () => {
  await using database = await createTestDatabase();
  const poller = database.connect("poller");
  const workflow = transcodeVideoWith({ database: () => poller });
  const upload = sampleUpload();
  const source = Buffer.from(upload.source, "base64").subarray(0, 9_000).toString("base64");
  const [id] = await enqueue(database.connect("producer"), workflow, [{ ...upload, source }]);
  await poll(poller, [workflow]);
  const run = await runRepository(database.connect("reader")).findRun(id!);
  expect(run).toMatchObject({
    status: "failed",
    error: { name: "NonRetryableError" },
    failures: [{ node: "probe", attempt: 1 }],
    checkpoints: [],
  });
  expect(run!.error!.message).toMatch(/cut short.*upload the whole file/i);
});

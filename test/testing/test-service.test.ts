import { expect, inject, test } from "vitest";
import * as z from "zod";
import { startTestService } from "../../infra/testing.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { withClient } from "../../infra/migrate/connection.ts";

const slow = defineWorkflow({ name: "slow", version: 1, input: z.object({ name: z.string() }) })
  .step("flaky", { retry: { maxAttempts: 3, backoff: "1 hour", jitter: "none" } }, (_state, { attempt }) => {
    if (attempt < 3) throw new Error("not yet");
    return attempt;
  })
  .sleep("three-days", "3 days")
  .step("greet", ({ input, flaky }) => `Hello ${input.name}, at attempt ${flaky}`);

const fails = defineWorkflow({ name: "fails", version: 1, input: z.null() }).step("fail", { retry: { maxAttempts: 1 } }, () => {
  throw new Error("never");
});

test("retries of an hour and a sleep of three days are over at once, and the run is done", async () => {
  await using service = await startTestService({ workflows: [slow, fails], url: inject("testServer").adminUrl });
  const run = await service.run(slow, { name: "Ada" }, { attributes: { of: "a test" } });
  expect(run).toMatchObject({ status: "done", output: "Hello Ada, at attempt 3", attributes: { of: "a test" } });
  expect(Date.parse(run.finishedAt!) - Date.parse(run.createdAt)).toBeGreaterThan(3 * 86_400_000);
  expect((await service.run(fails, null)).error).toMatchObject({ message: "never" });
});

test("a delayed run waits until the clock is moved or drained, and its database goes with the service", async () => {
  const { adminUrl } = inject("testServer");
  let url = "";
  {
    await using service = await startTestService({ workflows: [slow], url: adminUrl });
    url = service.url;
    const { id } = await service.client.enqueue(slow, { name: "Bob" }, { delay: "2 days" });
    expect(await service.client.get(id)).toMatchObject({ status: "waiting" });
    await service.advance("2 days");
    await service.drain();
    expect(await service.client.get(id)).toMatchObject({ status: "done" });
  }
  const name = new URL(url).pathname.slice(1);
  const { rows } = await withClient(adminUrl, (client) => client.query("select from pg_database where datname = $1", [name]));
  expect(rows).toEqual([]);
});

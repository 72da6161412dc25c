import { readFile } from "node:fs/promises";
import { expect, inject, test } from "vitest";
import * as z from "zod";
import "../../infra/testing/vitest.ts";
import { testRuntime } from "../../infra/testing.ts";
import { createClient } from "../../shared/client.ts";
import { createOperator } from "../../shared/operator.ts";
import { defineWorkflow } from "../../shared/index.ts";

const url = inject("testServer").adminUrl;
const now = new Date("2027-03-10T12:00:00Z");
const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
const at = (duration: number) => new Date(now.getTime() + duration).toISOString();
const Named = z.object({ name: z.string() });

test("what is due on the way happens at its own time and in order of time, whoever stored it", async () => {
  const seen: string[] = [];
  const note = (what: string) => void seen.push(`${t.now().toISOString()} ${what}`);
  const naps = defineWorkflow({ name: "naps", version: 1, input: Named })
    .step("begin", ({ input }) => note(`${input.name} begins`))
    .sleep("nap", ({ input }) => (input.name === "long" ? "2 days" : "1 hour"))
    .step("call", { retry: { backoff: "1 second", jitter: "none" } }, ({ input }, { attempt }) => {
      note(`${input.name} calls`);
      if (attempt < 4) throw new Error("not yet");
    });
  await using t = await testRuntime({ workflows: [naps], url, now });
  await using other = createClient({ url: t.url, workflows: [naps] });
  const runs = [await t.enqueue(naps, { name: "long" })];
  runs.push((await other.enqueue(naps, { name: "delayed" }, { delay: "1 day" })).id);
  runs.push((await other.enqueue(naps, { name: "named" }, { runAt: at(30 * MINUTE) })).id);
  await t.advance("10 days");
  expect(seen).toEqual([
    `${at(0)} long begins`,
    `${at(30 * MINUTE)} named begins`,
    ...[0, 1, 3, 7].map((seconds) => `${at(90 * MINUTE + seconds * SECOND)} named calls`),
    `${at(DAY)} delayed begins`,
    ...[0, 1, 3, 7].map((seconds) => `${at(DAY + HOUR + seconds * SECOND)} delayed calls`),
    ...[0, 1, 3, 7].map((seconds) => `${at(2 * DAY + seconds * SECOND)} long calls`),
  ]);
  expect(t.now().toISOString()).toBe(at(10 * DAY));
  for (const run of runs) expect(await t.run(run)).toBeDone();
  expect(await t.run(runs[0]!)).toMatchObject({ createdAt: at(0), finishedAt: at(2 * DAY + 7 * SECOND) });
});

const retried = defineWorkflow({ name: "retried", version: 1, input: Named }).step("send", ({ input }) => input.name);

test("while the test leaves it alone the clock stands, also for a retry that is waited for in a lease", async () => {
  await using t = await testRuntime({ workflows: [retried], url, now });
  t.fail("send", { times: 3 });
  const run = await t.enqueue(retried, { name: "Ada" });
  for (const [waited, then] of [
    [0, "999 milliseconds"],
    [0, "1 millisecond"],
    [1, "2 seconds"],
    [3, "4 seconds"],
  ] as const) {
    await t.idle();
    expect(await t.run(run)).toBeWaitingFor("send");
    expect((await t.attempts(run, "send")).at(-1)?.startedAt).toBe(at(waited * SECOND));
    await t.advance(then);
  }
  expect(await t.run(run)).toBeDone({ output: "Ada" });
  expect((await t.attempts(run, "send")).map(({ startedAt }) => startedAt)).toEqual([0, 1, 3, 7].map((seconds) => at(seconds * SECOND)));
});

test("runs that are due are found beside hundreds that wait in leases, and all are served in their time", async () => {
  await using t = await testRuntime({ workflows: [retried], url, now });
  t.fail("send", { times: 450 });
  const names = Array.from({ length: 450 }, (_, n) => ({ input: { name: `n-${n}` } }));
  const first = await t.client.enqueueMany(retried, names);
  await t.idle();
  const late = await t.enqueue(retried, { name: "late" });
  await t.idle();
  expect(await t.run(late)).toBeDone();
  await t.advance("1 second");
  for (const { id } of first) expect(await t.run(id)).toBeDone();
});

test("calls that overlap wait for one another", async () => {
  await using t = await testRuntime({ workflows: [retried], url, now });
  const run = await t.enqueue(retried, { name: "Ada" }, { delay: "3 hours" });
  await Promise.all([t.advance("1 hour"), t.idle(), t.advance("2 hours")]);
  expect(await t.run(run)).toMatchObject({ finishedAt: at(3 * HOUR) });
});

test("a run that a handler stores starts at the time of that handler", async () => {
  const parent = defineWorkflow({ name: "parent", version: 1, input: Named })
    .sleep("night", "1 day")
    .step("store", async ({ input }) => (await t.client.enqueue(retried, input)).id);
  await using t = await testRuntime({ workflows: [parent, retried], url, now });
  const run = await t.enqueue(parent, { name: "child" });
  await t.advance("1 day");
  const { output } = await t.run<typeof parent>(run);
  expect(await t.run(output!)).toMatchObject({ status: "done", createdAt: at(DAY), finishedAt: at(DAY) });
});

test("a handler that takes longer than its timeout fails by it, and one that takes real time does not move the clock", async () => {
  const slow = defineWorkflow({ name: "slow", version: 1, input: Named })
    .step("read", async () => (await readFile(new URL(import.meta.url))).length > 0)
    .step("hang", { timeout: "20 milliseconds", retry: { maxAttempts: 2, backoff: "1 day", maxBackoff: "1 day", jitter: "none" } }, () => {
      return new Promise<string>(() => undefined);
    });
  await using t = await testRuntime({ workflows: [slow], url, now });
  const run = await t.enqueue(slow, { name: "Ada" });
  await t.idle();
  expect(await t.run(run)).toBeWaitingFor("hang");
  await t.advance("1 day");
  expect(await t.run(run)).toHaveFailedWith("StepTimeoutError");
  expect((await t.attempts(run, "hang")).map(({ startedAt, finishedAt }) => [startedAt, finishedAt])).toEqual([
    [at(0), at(20)],
    [at(DAY + 20), at(DAY + 40)],
  ]);
});

test("a run that an operator cancels while it waits is over, and is told so", async () => {
  await using t = await testRuntime({ workflows: [retried], url, now });
  const run = await t.enqueue(retried, { name: "Ada" }, { delay: "3 hours" });
  await using operator = createOperator({ url: t.url, by: "a test" });
  await operator.cancel(run);
  await t.advance("1 day");
  expect(await t.run(run)).toMatchObject({ status: "cancelled" });
});

test.each([new Date("2020-02-29T00:00:00Z"), new Date("2039-12-31T23:59:59.999Z")])("a test may take place at %o", async (now) => {
  await using t = await testRuntime({ workflows: [retried], url, now });
  const [run, later] = [await t.enqueue(retried, { name: "Ada" }), await t.enqueue(retried, { name: "Bob" }, { delay: "300 days" })];
  await t.idle();
  expect(await t.run(run)).toMatchObject({ status: "done", createdAt: now.toISOString() });
  await t.advance("300 days");
  expect(await t.run(later)).toBeDone();
  expect(await t.run(await t.enqueue(retried, { name: "Eve" }))).toMatchObject({ createdAt: t.now().toISOString() });
});

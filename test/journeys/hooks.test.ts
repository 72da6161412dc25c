import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow, Ending, NonRetryableError } from "../../shared/index.ts";
import { createOperator } from "../../shared/operator.ts";
import { testRuntime } from "../../infra/testing/runtime.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const mails: string[] = [];
const notifyOps = defineWorkflow({ name: "notify-ops", version: 1, input: Ending }).step("mail", ({ input }) => {
  mails.push(`${input.workflow} ${input.status} at ${input.node} after ${input.attempts}: ${input.error?.message}`);
  return input.run;
});
const broken = defineWorkflow({ name: "audit", version: 1, input: Ending }).step("write", () => {
  throw new NonRetryableError("the book is closed");
});
const order = defineWorkflow({
  name: "order",
  version: 1,
  input: z.object({ ok: z.boolean() }),
  whenFailed: notifyOps,
  whenEnded: broken,
}).step("ship", { retry: { maxAttempts: 2, backoff: "1 second", jitter: "none" } }, ({ input }) => {
  if (!input.ok) throw new Error("no parcel");
});
const workflows = [order, notifyOps, broken];

const find = ({ database }: TestDatabase, id: string) => createClient({ database, workflows }).get(id);
const runsOf = ({ query }: TestDatabase, workflow: string) =>
  query<{ id: string; of: string; status: string }>(
    "select r.id, r.input ->> 'run' as of, e.status from baton.run r left join baton.ending e on e.run_id = r.id where r.workflow = $1 order by r.id",
    [workflow],
  );

test("a run that fails is told to the hook's run, which the same poll works, and whose failure changes nothing", async () => {
  await using database = await createTestDatabase();
  mails.length = 0;
  const [done, failed] = await enqueue(database.database, order, [{ ok: true }, { ok: false }]);
  for (let times = 0; times < 4; times++) {
    await poll(database.database, workflows);
    await database.advance("2 seconds");
  }
  expect(mails).toEqual(["order failed at ship after 2: no parcel"]);
  expect(await find(database, done!)).toMatchObject({ status: "done" });
  expect(await find(database, failed!)).toMatchObject({ status: "failed", error: { message: "no parcel" } });
  const audits = await runsOf(database, "audit");
  expect(audits.map(({ of, status }) => `${of} ${status}`).toSorted()).toEqual([`${done} failed`, `${failed} failed`].toSorted());
  await database.assertInvariants();
  await runRepository(database.database).redrive(failed!);
  for (let times = 0; times < 4; times++) {
    await poll(database.database, workflows);
    await database.advance("2 seconds");
  }
  expect(mails).toHaveLength(2);
  await database.assertInvariants();
});

test("a cancel of a parked run wakes a poller for the hook's run, and one without hooks wakes nobody", async () => {
  await using database = await createTestDatabase();
  let nudges = 0;
  const operator = createOperator({ database: database.database, nudge: async () => void nudges++ });
  const plain = defineWorkflow({ name: "plain", version: 1, input: z.object({ ok: z.boolean() }) }).step("wait", () => 1);
  await poll(database.database, [...workflows, plain]);
  const [unhooked] = await enqueue(database.database, plain, [{ ok: true }], { delay_ms: 60_000 });
  const [hooked] = await enqueue(database.database, order, [{ ok: true }], { delay_ms: 60_000 });
  await operator.cancel(unhooked!);
  expect(nudges).toBe(0);
  await operator.cancel(hooked!);
  expect(nudges).toBe(1);
  const report = await poll(database.database, workflows);
  expect(report.dueInMs).toBe(null);
  expect(await runsOf(database, "audit")).toMatchObject([{ of: hooked, status: "failed" }]);
});

test("a poll says that a hook's run is due where it has not worked it itself", async () => {
  await using database = await createTestDatabase();
  await poll(database.database, workflows);
  const [id] = await enqueue(database.database, order, [{ ok: true }]);
  await database.query("insert into baton.control (run_id, kind, at) values ($1, 'cancel', baton.now())", [id]);
  const claimed = await runRepository(database.database).claim(crypto.randomUUID(), {
    columns: true,
    ttl_ms: 30_000,
    max: 1,
    max_bytes: 1_000_000,
    low: {},
    manifest: [],
  });
  expect(claimed).toMatchObject({ stopped: [id], runs: [], due_in_ms: 0 });
});

test("a test runtime runs hooks too, also of a run that is cancelled before anything was polled", async () => {
  await using t = await testRuntime({ workflows });
  mails.length = 0;
  const cancelled = await t.enqueue(order, { ok: true }, { delay: "1 hour" });
  await createOperator({ url: t.url }).cancel(cancelled);
  const failed = await t.enqueue(order, { ok: false });
  await t.advance("5 seconds");
  expect(await t.run(failed)).toMatchObject({ status: "failed" });
  expect(mails).toEqual(["order failed at ship after 2: no parcel"]);
  const { runs } = await createOperator({ url: t.url }).list({ workflow: "audit" });
  expect(runs).toHaveLength(2);
});

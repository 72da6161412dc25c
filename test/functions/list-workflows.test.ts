import { expect, test } from "vitest";
import { handler } from "../../functions/control-runs.http.ts";
import type { WorkflowPage } from "../../shared/engine/operate/list-workflows.ts";
import { createClock } from "../support/clock.ts";
import { crowd, indexWeeks, needle } from "../support/crowded-weeks.ts";
import { explainingSession } from "../support/plans.ts";
import { call, deployFunctions } from "../support/http-functions.ts";

const database = await deployFunctions("reader");
const page = async (query = "") => (await call<WorkflowPage>(handler, { path: "/workflows", query })).body;
const none = { ready: 0, waiting: 0, running: 0, blocked: 0, done: 0, failed: 0, cancelled: 0 };

await createClock(database.query).setNow(new Date("2031-03-09T12:00:00Z"));
await crowd(database.query, 10_000, [1, 2]);
await needle(database.query, 2);
await database.query(
  `insert into baton.run select baton.new_id(), 'rare', 1, 2, '{}', baton.now(), baton.now();
   insert into baton.ready select id, 2, baton.now() + '1 hour', 20, false from baton.run where workflow = 'rare' and version = 1`,
);

test("workflows are counted by status, of all versions or of one: exactly up to 10,000, in closed weeks and in this one", async () => {
  expect(await page("cursor=rare")).toEqual({ workflows: [], cursor: null, more: false });
  const counts = [
    { name: "frequent", counts: { ...none, done: 9_980, failed: 20 } },
    { name: "rare", counts: { ...none, failed: 1, waiting: 1 } },
  ];
  expect((await page()).workflows).toEqual(counts);
  const ofVersion7 = [{ name: "rare", counts: { ...none, failed: 1 } }];
  expect((await page("version=7")).workflows).toEqual(ofVersion7);
  await indexWeeks(database);
  expect((await page()).workflows).toEqual(counts);
  expect((await page("version=7")).workflows).toEqual(ofVersion7);
});

test("those of a version that few runs have are found without a look at the others", async () => {
  await indexWeeks(database);
  await using session = await explainingSession(database.ownerUrl);
  const { answer, ran } = await session.call("baton.list_workflows($1)", { limit: 10, version: 7 });
  expect(answer).toMatchObject({ workflows: [{ name: "rare" }], next: null });
  const read = ran.flatMap(({ scans }) => scans).filter(({ relation }) => relation.startsWith("run_"));
  expect(read.reduce((sum, { rows }) => sum + rows, 0)).toBeLessThan(20);
});

test("then as at least 10,000", async () => {
  await crowd(database.query, 20, [0]);
  expect((await page("limit=1")).workflows).toEqual([{ name: "frequent", counts: { ...none, done: 10_000, failed: 20 } }]);
  await crowd(database.query, 1, [0]);
  expect(await page("limit=1")).toEqual({
    workflows: [{ name: "frequent", counts: { ...none, done: { atLeast: 10_000 }, failed: 20 } }],
    cursor: "frequent",
    more: true,
  });
  expect(await page("limit=1&cursor=frequent")).toMatchObject({ workflows: [{ name: "rare" }], cursor: null, more: false });
});

test("and as at least what was found, where a week without indexes has more runs than are looked at", async () => {
  await database.query("create or replace function baton.most_entries() returns integer language sql immutable as 'select 15'");
  await indexWeeks(database);
  await crowd(database.query, 30, [0]);
  // Its only run that is waiting is looked up in its place; its failed one lies behind the indexes.
  expect((await page()).workflows).toMatchObject([
    { name: "frequent", counts: { done: { atLeast: 15 } } },
    { name: "rare", counts: { done: { atLeast: 0 }, waiting: 1, failed: 1 } },
  ]);
});

test.each(["limit=11", "limit=0", "limit=x", "cursor=", "status=done", "version=0"])("the query %s is refused", async (query) => {
  expect(await call(handler, { path: "/workflows", query })).toMatchObject({
    status: 400,
    body: { type: "urn:baton:problem:invalid-query", errors: [{ parameter: query.split("=")[0] }] },
  });
});

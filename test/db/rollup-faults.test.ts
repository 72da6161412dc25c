import { afterEach, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, emptied, engineOf, newRuns } from "../support/engine-calls.ts";
import { recount, sumsIn } from "../support/recount.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
const { query } = database;
checkAfterEach(database);
afterEach(() => query("truncate baton.rollup, baton.rolled, baton.rolled_part; update baton.rolling set at = '-infinity'"));

const begin = new Date("2026-11-25T10:00:30Z");
const rolled = () => sumsIn(query, "baton.rollup");
const sweep = () => query("select baton.sweep_rollup(100000, 'infinity')");

/** Other tests' transactions may be open for a while. What is at infinity has no minute. */
const untilRolled = () =>
  until("everything is rolled up", async () => {
    await sweep();
    const expected = (await recount(query)).filter(({ minute }) => Math.abs(Number(minute)) !== Infinity);
    return JSON.stringify(await rolled()) === JSON.stringify(expected);
  });

test("rows of infinity and of the ends of time keep no other from being counted, and have no or a long duration", async () => {
  await database.setNow(begin);
  const runs = newRuns(6, { at: begin });
  await engine.enqueue(runs);
  const times = ["infinity", "-infinity", "4000-01-01 BC", "294276-12-31"];
  for (const [n, odd] of times.entries()) {
    const other = times[(n + 1) % times.length];
    await query("update baton.run set start_at = $2 where id = $1", [runs[n]!.id, odd]);
    await query("insert into baton.checkpoint values ($1, 's', 0, 1, $2, $3, '{}')", [runs[n]!.id, odd, other]);
    await query("insert into baton.failure values ($1, 'work', 1, $2, $3, null, '{}')", [runs[n]!.id, odd, other]);
    await query("delete from baton.ready where run_id = $1", [runs[n]!.id]);
    await query("insert into baton.ending values ($1, 'done', null, $2)", [runs[n]!.id, other]);
  }
  await untilRolled();
  expect(await sumsIn(query, "baton.count_minutes('-infinity')")).toEqual(await rolled());
  const durations = await query("select duration_ms is null as none from baton.runs where status = 'done' order by start_at");
  // From -infinity on; only the one from 4,000 BC has two ends.
  expect(durations.map(({ none }) => none)).toEqual([true, false, true, true]);
  for (const view of ["steps", "failures", "backlog", "throughput"]) await query(`select * from baton.${view}`);
  await emptied(database);
});

test("whatever the rollup meets, a tick serves the others, and the rows are counted once it can", async () => {
  await database.setNow(begin);
  await engine.enqueue(newRuns(1, { at: begin }));
  await database.advance("1 second");
  const { token } = await engine.claim();
  await database.advance("10 minutes");
  const [{ source }] = (await query("select pg_get_functiondef('baton.count_facts'::regproc) as source")) as [{ source: string }];
  await query(source.replace("begin", "begin perform 1 / 0;"));
  expect((await engine.tick()).crashed).toBe(1);
  expect(await query("select from baton.lease where token = $1", [token])).toEqual([]);
  expect(await rolled()).toEqual([]);
  await query(source);
  await untilRolled();
});

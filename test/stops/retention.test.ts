import { afterAll, beforeAll, expect, test } from "vitest";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import type { ServiceRetention } from "../../shared/domain/retention.ts";
import { retentionRules } from "../../shared/domain/retention.ts";
import { letGoWeeks } from "../../shared/engine/maintain/let-go-weeks.ts";
import { createTestDatabase } from "../support/database.ts";
import { emptied } from "../support/engine-calls.ts";
import { endRuns } from "../support/ended-runs.ts";
import { seededRandom } from "../support/random.ts";
import { type Meeting, openMeeting } from "./meeting.ts";
import type { Outcome, SceneCall } from "./scene.ts";

const database = await createTestDatabase();
const month: ServiceRetention = { every: { done: "30 days", failed: "30 days" } };
const rules = JSON.stringify(retentionRules(month));
const [made, now] = ["2031-03-05T12:00:00Z", "2031-05-05T12:00:00Z"];
const week = "2031-03-03T00:00:00Z";
const SOME = 15;
let meeting: Meeting;
/**
 * The point right before the drop, behind the look whether somebody waits: who comes there makes
 * the drop wait, for the 20 ms that it has.
 */
let dropping: string;

beforeAll(async () => {
  await database.setNow(new Date(made));
  meeting = await openMeeting(database);
  const [row] = await database.query<{ text: string }>("select pg_get_functiondef('baton.drop_week'::regproc) as text");
  dropping = /here\('(drop_week:\d+)'\) then null; end if;\s*execute 'drop table/.exec(row!.text)![1]!;
});
afterAll(() => meeting[Symbol.asyncDispose]());

/** A week that has expired, and what may befall it. */
async function makeWeek(): Promise<Record<string, SceneCall>> {
  await database.setNow(new Date(made));
  await database.query("select baton.make_partitions(baton.now(), baton.now(), false)");
  await endRuns(database.query, { runs: 4, failedEach: 2 });
  await database.setNow(new Date(now));
  const [{ failed, done, taken }] = (await database.query(TOLD, [week, rules])) as [Record<string, unknown>];
  const call = (text: string, ...values: unknown[]): SceneCall => ({ text: `select baton.${text} as answer`, values });
  return {
    "let go runs": call("let_go_runs($1, $2, baton.now(), null, 1000)", week, rules),
    "let go what was taken": call("let_go_taken($1, $2, baton.now(), $3)", week, rules, JSON.stringify(taken)),
    "drop the week": call("drop_week($1, $2, baton.now())", week, rules),
    cancel: call("cancel($1)", failed),
    redrive: call("redrive($1)", failed),
    "change attributes": call("change_attributes($1, $2)", done, '{"patch": {"stage": "late"}}'),
    delete: call("delete_run($1)", failed),
  };
}

const TOLD = `
  with taken as (select baton.read_expired($1, $2, baton.now(), null, 1000)::jsonb as read)
  select (select run_id from baton.ending where status = 'failed' order by 1 limit 1) as failed,
    (select run_id from baton.ending where status = 'done' order by 1 limit 1) as done,
    (select jsonb_build_object('ids', read -> 'ids', 'digests', (
      select jsonb_agg(encode(sha256(convert_to(line, 'UTF8')), 'hex') order by n)
      from jsonb_array_elements_text(read -> 'lines') with ordinality as l (line, n))) from taken) as taken`;
const RETENTION: ReadonlySet<string> = new Set(["let go runs", "let go what was taken", "drop the week"]);

/** What an operator was told, and is not so once all is over; or nothing. */
async function brokenPromise(name: string, { values: [id] }: SceneCall, { answer, sqlstate }: Outcome): Promise<string | undefined> {
  if (sqlstate !== undefined) return `${name} was refused with ${sqlstate}`;
  if (answer === null || RETENTION.has(name)) return undefined;
  const rows = await database.query("select (select status from baton.ending where run_id = id) as status from baton.run where id = $1", [
    id,
  ]);
  if (name === "delete") return rows.length === 0 ? undefined : "delete said so, and the run is there";
  if (name === "redrive" && answer!["changed"] === true)
    return rows[0]?.["status"] === null ? undefined : "redrive said so, and the run does not go on";
  return undefined;
}

/** Lets two calls meet; then the retention comes again, and leaves only what was redriven. */
async function stopAt(one: string, point: string, other: string): Promise<string | undefined> {
  const calls = await makeWeek();
  const outcomes = await meeting.meet(calls[one]!, point, calls[other]!);
  await database.assertInvariants();
  for (const [n, name] of [one, other].entries()) {
    if (n === 0 && point === dropping && outcomes[0].sqlstate === "40P01") continue;
    const broken = await brokenPromise(name, calls[name]!, outcomes[n]!);
    if (broken !== undefined) return broken;
  }
  await letGoWeeks(maintenanceRepository(database.database), retentionRules(month), { remainingMs: () => 600_000 });
  await database.assertInvariants();
  const left = await database.query("select r.id from baton.run r left join baton.ready q on q.run_id = r.id where q.run_id is null");
  return left.length === 0 ? undefined : `${left.length} runs are left that nobody redrove`;
}

type Pair = [one: string, point: string, other: string];
const isAWeeksEnd = ([one, , other]: Pair) => one === "drop the week" && other === "redrive";

test("a retention and an operator that meet between any two of their statements lose nothing, and the next retention does the rest", async () => {
  const { random, seed } = seededRandom();
  const names = Object.keys(await makeWeek());
  await emptied(database);
  const pairs: Pair[] = [];
  for (const one of names) {
    const calls = await makeWeek();
    const points = await meeting.pointsOf(calls[one]!);
    await emptied(database);
    for (const point of points)
      for (const other of names) if (other !== one && (RETENTION.has(one) || RETENTION.has(other))) pairs.push([one, point, other]);
  }
  // Each moment at which a week might be lost with a run that goes on; of the others, some.
  const [sure, others] = [pairs.filter(isAWeeksEnd), pairs.filter((pair) => !isAWeeksEnd(pair))];
  const some =
    process.env["BATON_STOPS"] === "all" ? others : Array.from({ length: SOME }, () => others[Math.floor(random() * others.length)]!);
  console.log(`${sure.length + some.length} of ${pairs.length} pairs, seed ${seed}`);
  for (const pair of [...sure, ...some]) {
    try {
      expect([pair, await stopAt(...pair)]).toEqual([pair, undefined]);
    } catch (thrown) {
      throw new Error(`${pair.join(", ")}: ${(thrown as Error).message}`, { cause: thrown });
    } finally {
      await emptied(database);
    }
  }
}, 3_600_000);

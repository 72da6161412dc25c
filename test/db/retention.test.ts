import { beforeEach, expect, test } from "vitest";
import pg from "pg";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import { retentionRules, type ServiceRetention } from "../../shared/domain/retention.ts";
import { letGoWeeks, weighWeeks, type WeekStore } from "../../shared/engine/maintain/let-go-weeks.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { engineOf, newRun } from "../support/engine-calls.ts";
import { endRuns } from "../support/ended-runs.ts";
import { until } from "../support/until.ts";

let database: TestDatabase;
let store: ReturnType<typeof maintenanceRepository>;
let week: string;
const longTime = { remainingMs: () => 600_000 };
const month: ServiceRetention = { every: { done: "30 days", failed: "30 days", cancelled: "30 days" } };

beforeEach(async () => {
  database = await createTestDatabase();
  store = maintenanceRepository(database.connect("maintainer"));
  await database.query("select baton.ensure_partitions()");
  week = (await one("select to_char(date_trunc('week', baton.now()), 'YYYYMMDD') as week"))["week"] as string;
  return async () => {
    await database.assertInvariants();
    await database[Symbol.asyncDispose]();
  };
});

const one = async (text: string, values?: unknown[]) => (await database.query(text, values))[0] as Record<string, unknown>;
const letGo = (retention = month, through: WeekStore = store) => letGoWeeks(through, retentionRules(retention), longTime);
const count = async (table: string) => (await one(`select count(*)::int as n from baton.${table}`))["n"] as number;
const stands = async () => (await one("select to_regclass($1) is not null as stands", [`baton.run_${week}`]))["stands"];
const failedRun = async () =>
  (await one("select run_id as id from baton.ending where status = 'failed' order by run_id limit 1"))["id"] as string;

/** What a run is made of, table by table. */
const partsOf = async (id: string) => {
  const tables = ["attribute", "checkpoint", "failure", "ending", "ready", "redrive"].map(
    (table) => `select '${table}' as part from baton.${table} where run_id = $1`,
  );
  const rows = await database.query<{ part: string }>(
    `select 'run' as part from baton.run where id = $1 union all ${tables.join(" union all ")}`,
    [id],
  );
  return rows.map(({ part }) => part);
};

/** A session of the owner's with an open transaction. */
async function open(text: string, values: unknown[] = []) {
  const session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
  await session.query("begin");
  const { rows } = await session.query<Record<string, unknown>>(text, values);
  return { rows, commit: () => session.query("commit").then(() => session.end()) };
}

/** Time passes, and weeks in which nothing was go. */
const later = async (interval: string) => {
  await database.advance(interval);
  await letGo({ every: { cancelled: "3650 days" } });
};

const waits = async (call: string) =>
  (await database.query("select from pg_stat_activity where wait_event_type = 'Lock' and query like $1", [`%${call}%`])).length > 0;

test("without a retention everything is kept for ever, and said so; no week is even looked at", async () => {
  await endRuns(database.query, { runs: 10 });
  await database.advance("3650 days");
  expect(await letGo({})).toEqual({ kept: "for ever" });
  expect(await letGo({ every: { done: "for ever" } })).toEqual({ kept: "for ever" });
  expect([await count("run"), await count("week")]).toEqual([10, 0]);
});

test("a week whose runs have all expired goes whole, with what lies beside its runs", async () => {
  await endRuns(database.query, { runs: 100, failedEach: 10 });
  const id = await failedRun();
  await database.query("insert into baton.control values ($1, 'cancel', baton.now())", [id]);
  await database.query("insert into baton.redrive values ($1, baton.now(), '{}')", [id]);
  await later("60 days");
  expect(await letGo()).toMatchObject({ weeks: 1, runs: 100, bytes: expect.any(Number), left: 0 });
  expect([await stands(), await count("run"), await count("control"), await count("redrive")]).toEqual([false, 0, 0, 0]);
  expect(await letGo()).toMatchObject({ weeks: 0, runs: 0 });
});

test("a run goes its time after its ending by its status and workflow, and not a moment before", async () => {
  const retention = {
    every: { done: "30 days", failed: "60 days" },
    workflows: { slow: { done: "90 days" }, law: { done: "for ever", failed: "for ever" } },
  } as const;
  for (const [n, workflow] of ["fulfil-order", "slow", "law"].entries())
    await endRuns(database.query, { runs: 4, failedEach: 4, workflow, from: n * 10 });
  const left = async () =>
    (
      await one(
        "select coalesce(string_agg(distinct workflow || ' ' || status, ', ' order by workflow || ' ' || status), '') as left from baton.run join baton.ending on run_id = id",
      )
    )["left"];
  await later("29 days 23 hours");
  expect(await letGo(retention)).toMatchObject({ weeks: 0, runs: 0 });
  await database.advance("2 hours");
  expect(await letGo(retention)).toMatchObject({ runs: 3 });
  expect(await left()).toBe("fulfil-order failed, law done, law failed, slow done, slow failed");
  await database.advance("30 days");
  expect(await letGo(retention)).toMatchObject({ runs: 2 });
  await database.advance("3650 days");
  expect(await letGo(retention)).toMatchObject({ runs: 3 });
  expect(await left()).toBe("law done, law failed");
});

test("of a week with a sleeping run and with 1 % failed ones that stay, the done ones go, each with all that it has, and no other loses anything", async () => {
  const engine = engineOf(database);
  const sleeping = newRun({ delay_ms: 80 * 86_400_000 });
  await engine.enqueue([sleeping]);
  await endRuns(database.query, { runs: 1_000, failedEach: 100 });
  const kept =
    "select md5(string_agg(t::text, ',' order by t::text)) as sum from (select id::text, input::text from baton.run join baton.ending on run_id = id where status = 'failed' union all select run_id::text, error::text from baton.failure) as t";
  const before = await one(kept);
  await later("60 days");
  expect(await letGo({ every: { done: "30 days" } })).toMatchObject({ weeks: 0, runs: 990 });
  expect(await one(kept)).toEqual(before);
  expect(await partsOf(sleeping.id)).toEqual(["run", "ready"]);
  expect([await count("run"), await count("ending"), await count("checkpoint"), await count("failure")]).toEqual([11, 10, 0, 10]);
  expect(await count("attribute")).toBe(10);
});

test("a week that is not over for a day keeps everything, however short the retention", async () => {
  await endRuns(database.query, { runs: 10 });
  const end = Date.parse(`${week.slice(0, 4)}-${week.slice(4, 6)}-${week.slice(6)}T00:00:00Z`) + 7 * 86_400_000;
  await database.query("update baton.ending set at = at - interval '7 days'");
  await database.setNow(new Date(end + 23 * 3_600_000));
  expect(await letGo({ every: { done: "1 day" } })).toMatchObject({ runs: 0 });
  expect(await count("run")).toBe(10);
  await database.setNow(new Date(end + 24 * 3_600_000));
  expect(await letGo({ every: { done: "1 day" } })).toMatchObject({ weeks: 0, runs: 10 });
});

test("a week that is lent to a maintenance, which builds an index of it, is busy for another", async () => {
  await endRuns(database.query, { runs: 10 });
  await later("60 days");
  const login = database.connect("maintainer");
  await login.query("select baton.lend_table($1)", [`run_${week}`]);
  expect(await letGo()).toMatchObject({ weeks: 0, busy: 1 });
  await login.query("select baton.take_back_tables()");
  expect(await letGo()).toMatchObject({ weeks: 1, busy: 0 });
});

test("the tables of last week stay, which a tick would make again, until there is another last week", async () => {
  const monday = Date.parse(`${week.slice(0, 4)}-${week.slice(4, 6)}-${week.slice(6)}T00:00:00Z`) + 7 * 86_400_000;
  const weeksGoneBy = async (days: number) => {
    await database.setNow(new Date(monday + days * 86_400_000));
    await database.query("select baton.keep_weeks()");
    const { weeks } = await letGo({ every: { done: "1 day" } });
    return [weeks, (await database.query("select to_regclass($1) is null as gone", [`baton.run_${week}`]))[0]!["gone"]];
  };
  expect(await weeksGoneBy(6.9)).toEqual([expect.any(Number), false]);
  expect(await weeksGoneBy(7)).toEqual([1, true]);
  expect(await weeksGoneBy(7)).toEqual([0, true]);
});

test("a redrive that comes first wins, run by run: its run stays whole and goes on", async () => {
  await endRuns(database.query, { runs: 10, failedEach: 5 });
  await later("60 days");
  const id = await failedRun();
  const redrive = await open("select baton.redrive($1) as answer", [id]);
  const weekOf = {
    starts: `${week}T00:00:00Z`,
    rules: retentionRules(month),
    moment: new Date(Date.now() + 60 * 86_400_000).toISOString(),
  };
  expect(await store.letGoRuns(weekOf, null, 5_000)).toMatchObject({ looked: 10, gone: 9 });
  await redrive.commit();
  expect(await store.letGoRuns(weekOf, null, 5_000)).toMatchObject({ looked: 0, gone: 0 });
  expect(await partsOf(id)).toEqual(["run", "attribute", "failure", "ready", "redrive"].filter((part) => part !== "attribute"));
});

test("a redrive that comes second finds no run, whether runs go or their week", async () => {
  await endRuns(database.query, { runs: 10, failedEach: 5 });
  await later("60 days");
  const id = await failedRun();
  const values = [`${week}T00:00:00Z`, JSON.stringify(retentionRules(month))];
  for (const call of ["baton.let_go_runs($1, $2, baton.now(), null, 1000)", "baton.drop_week($1, $2, baton.now())"]) {
    const going = await open(`select ${call} as answer`, values);
    const redrive = engineOf(database).redrive(id);
    await until("the redrive waits", () => waits("redrive"));
    await going.commit();
    expect([call, await redrive]).toEqual([call, null]);
  }
  expect([await stands(), await partsOf(id)]).toEqual([false, []]);
});

test("a redrive that is on its way keeps its week from going; afterwards the week goes run by run", async () => {
  await endRuns(database.query, { runs: 10, failedEach: 5 });
  await later("60 days");
  const id = await failedRun();
  const redrive = await open("select baton.redrive($1) as answer", [id]);
  expect(await letGo()).toMatchObject({ weeks: 0, runs: 0, busy: 1 });
  await redrive.commit();
  expect(await letGo()).toMatchObject({ weeks: 0, runs: 9 });
  expect(await partsOf(id)).toEqual(["run", "failure", "ready", "redrive"]);
});

for (const [what, waited] of [
  ["has never waited", false],
  ["has waited", true],
] as const) {
  test(`a sender who idles in his transaction, to a run that is over and ${what}, keeps that run and its week, and nobody waits for him`, async () => {
    await endRuns(database.query, { runs: 10, failedEach: 5 });
    await later("60 days");
    const id = await failedRun();
    if (waited) await database.query("insert into baton.wait values ($1, '{paid}')", [id]);
    const sender = await open("select baton.signal($1) as answer", [JSON.stringify({ run: id, name: "paid", body: 1 })]);
    expect(sender.rows[0]!["answer"]).toMatchObject({ status: "ended" });
    const weekOf = {
      starts: `${week}T00:00:00Z`,
      rules: retentionRules(month),
      moment: new Date(Date.now() + 60 * 86_400_000).toISOString(),
    };
    expect(await store.letGoRuns(weekOf, null, 5_000)).toMatchObject({ looked: 10, gone: 9 });
    expect(await letGo()).toMatchObject({ weeks: 0, busy: 1 });
    await sender.commit();
    expect(await letGo()).toMatchObject({ weeks: 1 });
    expect([await count("wait"), await stands()]).toEqual([0, false]);
  });
}

test("a maintenance that is killed before or after any of its calls leaves whole runs, and the next one does the rest", async () => {
  await endRuns(database.query, { runs: 30, failedEach: 10 });
  await later("60 days");
  const done: ServiceRetention = { every: { done: "30 days" } };
  let calls = 0;
  for (let fatal = 1; fatal === 1 || calls >= fatal - 1; fatal++) {
    calls = 0;
    const dying = new Proxy(store, {
      get:
        (target, name: keyof WeekStore) =>
        async (...values: never[]) => {
          if (++calls === fatal) throw new Error("killed before");
          const answer = await (target[name] as (...given: never[]) => Promise<unknown>)(...values);
          if (calls === fatal - 1) throw new Error("killed after");
          return answer;
        },
    });
    await letGo(done, dying).catch(() => undefined);
    await database.assertInvariants();
  }
  await letGo(done);
  expect([await count("run"), await count("failure"), await count("checkpoint")]).toEqual([3, 3, 0]);
});

test("two maintenances at once let go what one would", async () => {
  await endRuns(database.query, { runs: 300, failedEach: 3 });
  await later("60 days");
  const answers = (await Promise.all([letGo({ every: { done: "30 days" } }), letGo({ every: { done: "30 days" } })])) as { runs: number }[];
  expect(answers.reduce((sum, { runs }) => sum + runs, 0)).toBe(200);
  await Promise.allSettled([letGo(), letGo()]);
  expect([await stands(), await count("run")]).toEqual([false, 0]);
});

test("a dry run says what each week would let go and how many bytes, and changes nothing", async () => {
  await endRuns(database.query, { runs: 100, failedEach: 10 });
  await database.advance("60 days");
  const [only, ...others] = (await weighWeeks(store, retentionRules({ every: { done: "30 days" } }))).filter(({ runs }) => runs > 0);
  expect(others).toEqual([]);
  expect(only).toEqual({ starts: expect.stringContaining("T00:00:00"), runs: 100, expired: 90, bytes: expect.any(Number) });
  expect(only!.bytes).toBeGreaterThan(50_000);
  expect([await count("run"), await count("week")]).toEqual([100, 0]);
});

test("the id of a run that was let go is refused at enqueue, however often it is sent", async () => {
  const engine = engineOf(database);
  const run = newRun();
  await engine.enqueue([run]);
  await database.query(
    "with q as (delete from baton.ready returning run_id) insert into baton.ending select run_id, 'done', null, baton.now() from q",
  );
  await later("60 days");
  await letGo();
  expect(await partsOf(run.id)).toEqual([]);
  await expect(engine.enqueue([run])).rejects.toMatchObject({ sqlstate: "BT010" });
  expect(await count("run")).toBe(0);
});

test("what there is no time for is left, and the next maintenance begins with what was looked at longest ago", async () => {
  await endRuns(database.query, { runs: 10, failedEach: 2 });
  await database.advance("7 days");
  await endRuns(database.query, { runs: 10, failedEach: 2 });
  await later("60 days");
  let weighed = 0;
  const counting = { ...store, weighWeek: (of: Parameters<WeekStore["weighWeek"]>[0]) => store.weighWeek(of).finally(() => weighed++) };
  const short = { remainingMs: () => (weighed > 0 ? 19_999 : 20_000) };
  const { weeks: before } = await store.listClosedWeeks();
  expect(await letGoWeeks(counting, retentionRules({ every: { done: "30 days" } }), short)).toMatchObject({ runs: 5, left: 1 });
  expect((await store.listClosedWeeks()).weeks).toEqual(before.toReversed());
});

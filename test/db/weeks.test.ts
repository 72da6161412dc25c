import pg from "pg";
import { expect, test } from "vitest";
import { v7 } from "uuid";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { engineOf, newRun } from "../support/engine-calls.ts";

const WEEK_MS = 7 * 86_400_000;
const FIRST_MONDAY = Date.parse("2027-01-04T00:00:00Z");

async function sessionIn(database: TestDatabase, zone: string): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
  await session.query("select set_config('timezone', $1, false)", [zone]);
  return session;
}

const enqueueAt = (session: pg.Client, at: number) =>
  session.query("select baton.enqueue($1)", [JSON.stringify({ runs: [newRun({ id: v7({ msecs: at }) })] })]);

/** The partitions of a parent with their bounds, as Postgres keeps them. */
const boundsOf = ({ query }: TestDatabase) =>
  query<{ name: string; bounds: string }>(
    `select relname as name, pg_get_expr(relpartbound, oid) as bounds from pg_class
     where relnamespace = 'baton'::regnamespace and relispartition and relkind = 'r' and relname !~ '^audit_' order by 1`,
  );

async function ownWeeks(database: TestDatabase): Promise<number> {
  const [{ n }] = (await database.query("select count(*)::int as n from pg_class where relname like 'ending\\_2%' and relkind = 'r'")) as [
    { n: number },
  ];
  return n;
}

test.for([
  ["Europe/Berlin", "UTC"],
  ["UTC", "America/New_York"],
  ["Australia/Lord_Howe", "Europe/Berlin"],
  ["America/New_York", "Pacific/Apia"],
])(
  "in 54 weeks of a database in %s and a producer in %s no enqueue and no tick fails, and all weeks are those of UTC",
  async ([zone, foreign]) => {
    await using database = await createTestDatabase();
    const [poller, producer] = [await sessionIn(database, zone!), await sessionIn(database, foreign!)];
    for (let week = 0; week < 54; week++) {
      const monday = FIRST_MONDAY + week * WEEK_MS;
      await database.setNow(new Date(monday + 1_000));
      // Who comes first in a week makes its partitions.
      if (week % 2 === 0) await poller.query("select baton.tick()");
      for (const at of [monday, monday + 1_000]) await enqueueAt(producer, at);
      await database.setNow(new Date(monday + WEEK_MS - 1_000));
      await enqueueAt(producer, monday + WEEK_MS - 1);
      await poller.query("select baton.tick()");
    }
    await Promise.all([poller.end(), producer.end()]);
    for (const { name, bounds } of await boundsOf(database)) {
      const start = Date.parse(name.replace(/^.*_(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3T00:00:00Z"));
      const [from, to] = [start, start + WEEK_MS].map((at) => v7({ msecs: at }).slice(0, 13));
      expect(bounds).toBe(`FOR VALUES FROM ('${from}-0000-0000-000000000000') TO ('${to}-0000-0000-000000000000')`);
    }
    await database.assertInvariants();
  },
);

test("a tick makes every week that is missing, also one between two that are there", async () => {
  await using database = await createTestDatabase();
  const engine = engineOf(database);
  const start = Date.parse("2027-06-09T10:00:00Z");
  await database.setNow(new Date(start));
  await engine.tick();
  // The clock was ahead once, and nobody came by for a while.
  for (const weeks of [8, 4]) {
    await database.setNow(new Date(start + weeks * WEEK_MS));
    await engine.tick();
  }
  expect(await ownWeeks(database)).toBe(13);
  for (const weeks of [4, 5, 6, 7, 8]) {
    await database.setNow(new Date(start + weeks * WEEK_MS));
    await engine.enqueue([newRun({ at: new Date(start + weeks * WEEK_MS) })]);
  }
});

test("an enqueue makes its own week though those around it are there", async () => {
  await using database = await createTestDatabase();
  const engine = engineOf(database);
  const start = Date.parse("2027-06-09T10:00:00Z");
  await database.setNow(new Date(start));
  await engine.tick();
  await database.setNow(new Date(start + 8 * WEEK_MS));
  await engine.tick();
  await database.setNow(new Date(start + 4 * WEEK_MS));
  const { runs } = await engine.enqueue([newRun({ at: new Date(start + 4 * WEEK_MS) })]);
  expect(runs).toHaveLength(1);
});

test("while a week is being made ahead in a long transaction, tick and enqueue go on", async () => {
  await using database = await createTestDatabase();
  const engine = engineOf(database);
  const start = Date.parse("2027-06-09T10:00:00Z");
  await database.setNow(new Date(start));
  await engine.enqueue([newRun({ at: new Date(start) })]);
  const holder = await sessionIn(database, "UTC");
  await holder.query("begin");
  await holder.query("select baton.tick()");
  const [{ held }] = (await database.query(
    "select count(*)::int as held from pg_locks where mode = 'ShareUpdateExclusiveLock' and relation = 'baton.run'::regclass and database = (select oid from pg_database where datname = current_database())",
  )) as [{ held: number }];
  expect(held).toBe(1);
  await engine.enqueue([newRun({ at: new Date(start) })]);
  await engine.tick();
  await holder.query("rollback");
  await holder.end();
  await engine.tick();
  expect(await ownWeeks(database)).toBe(5);
});

test("an advisory lock, which every login may hold, stops neither enqueue nor tick", async () => {
  await using database = await createTestDatabase();
  const stranger = await sessionIn(database, "UTC");
  await stranger.query("select pg_advisory_lock(hashtextextended('baton.ensure_partitions', 0))");
  const engine = engineOf(database);
  await engine.enqueue([newRun()]);
  await engine.tick();
  await stranger.end();
});

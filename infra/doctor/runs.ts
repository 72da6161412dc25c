import type { Connected } from "../../shared/db/connect.ts";
import { inSchema } from "../../shared/db/schema-name.ts";
import { type Finding, findingOf } from "./checks.ts";

/** Weeks that enqueues find their partitions in. */
const LEAST_AHEAD = 1;
/** A poller comes once a minute at the latest. */
const LATE_MS = 5 * 60_000;

/**
 * What the driver of the functions finds in a database: the queue, and whether partitions are
 * ahead.
 */
export async function checkRuns(database: Connected): Promise<Finding[]> {
  try {
    await database.query("select 1");
  } catch (thrown) {
    const advice = "let BATON_DRIVER name the one that this database speaks, neon or pg, and install its package.";
    return [{ about: `driver: ${(thrown as Error).message}`, advice }];
  }
  return [{ about: `driver: ${database.driver} answers` }, ...(await checkQueue(database)), await checkWeeks(database)];
}

const QUEUE = `
  select coalesce(max(overdue_ms), 0)::float8 as late, count(*) filter (where status = 'ready')::integer as due,
    count(*) filter (where status = 'blocked')::integer as blocked
  from baton.backlog`;

async function checkQueue(database: Connected): Promise<Finding[]> {
  try {
    const [row] = await database.query<{ late: number; due: number; blocked: number }>(inSchema(QUEUE, database.schema));
    const { late, due, blocked } = row!;
    return [
      findingOf(
        due === 0 ? "due runs: none" : `due runs: ${due}, the oldest for ${inWords(late)}`,
        late > LATE_MS ? "look whether a poller runs, and what it logs: nobody has taken this run." : undefined,
      ),
      findingOf(
        `blocked runs: ${blocked}`,
        blocked > 0 ? "deploy code that knows them: runs list --status blocked says which." : undefined,
      ),
      ...(await checkSignals(database)),
    ];
  } catch (thrown) {
    if ((thrown as { sqlstate?: string }).sqlstate !== "42501") throw thrown;
    return [{ about: "runs: not looked at, since this login may not read them" }];
  }
}

/** One that was sent before its run comes to wait is no fault for a day. */
const EARLY_MS = 86_400_000;

const SIGNALS = `
  select coalesce(sum(count), 0)::integer as unclaimed, count(*)::integer as keys,
    (extract(epoch from baton.moment() - min(oldest_at)) * 1000)::float8 as age
  from baton.unclaimed_signals`;

/** An older schema has none. */
async function checkSignals(database: Connected): Promise<Finding[]> {
  const [there] = await database.query<{ is: boolean }>("select to_regclass($1) is not null as is", [
    `${JSON.stringify(database.schema)}.unclaimed_signals`,
  ]);
  if (!there!.is) return [];
  const [row] = await database.query<{ unclaimed: number; keys: number; age: number | null }>(inSchema(SIGNALS, database.schema));
  const { unclaimed, keys, age } = row!;
  if (age === null) return [];
  const advice =
    "see by which with signals unclaimed, or in the view unclaimed_signals: no run waits by them, and after 7 days they are deleted.";
  return [
    findingOf(`unclaimed signals: ${unclaimed}, by ${keys} keys, the oldest for ${inWords(age)}`, age > EARLY_MS ? advice : undefined),
  ];
}

function inWords(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

const WEEKS = `
  select count(*)::integer as all, count(*) filter (where to_date(right(relname, 8), 'YYYYMMDD') > (now() at time zone 'UTC')::date)::integer as ahead
  from pg_catalog.pg_class where relnamespace = to_regnamespace($1) and relispartition and relname ~ '^run_[0-9]{8}$'`;

/** A database that has had no run yet has no week either: the first one makes it. */
async function checkWeeks(database: Connected): Promise<Finding> {
  const [row] = await database.query<{ all: number; ahead: number }>(WEEKS, [database.schema]);
  const { all, ahead } = row!;
  const advice = "let a poller or the maintenance run: each makes the weeks that are missing.";
  return findingOf(`weeks ahead: ${ahead}`, all === 0 || ahead >= LEAST_AHEAD ? undefined : advice);
}

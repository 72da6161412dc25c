import type { Database } from "../../../shared/db/database.ts";
import { assertInvariants, InvariantsBrokenError } from "../../support/invariants.ts";
import { createTestDatabase } from "../../support/database.ts";
import { liveThrough, type Ground, type Seed, type Tally } from "./world.ts";

/** So many seeds share a database. */
const SEEDS_OF_ONE = 200;

/** Lives through seeds one after the other; tells what went wrong, by seed. */
export async function simulate(seeds: readonly Seed[]): Promise<{ readonly tally: Tally; readonly wrong: string[] }> {
  const tally: Tally = { met: new Map(), runs: 0, handlers: 0, rows: 0, calls: 0 };
  const wrong: string[] = [];
  for (let n = 0; n < seeds.length && wrong.length < 10; n += SEEDS_OF_ONE) {
    await using ground = await prepare();
    for (const seed of seeds.slice(n, n + SEEDS_OF_ONE)) {
      const problems = await liveThrough(seed, ground, tally);
      if (problems.length > 0) wrong.push(`BATON_SEED=${seed.seed}: ${problems.slice(0, 5).join("; ")}`);
      if (wrong.length >= 10) break;
    }
    wrong.push(...(await brokenInvariants(ground)));
  }
  return { tally, wrong };
}

/** What times say. */
const BY_TIME = new Set([
  "nothing happens after an ending",
  "no step starts before the one before it has finished",
  "what was over last is undone first",
]);

/** What is broken, by the workflow of its run, which has the seed in its name. */
async function brokenInvariants({ database: { query }, setBack }: Ground): Promise<string[]> {
  try {
    await assertInvariants(query);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof InvariantsBrokenError)) throw thrown;
    const { violations } = thrown;
    const runs = await query<{ id: string; workflow: string }>("select id, workflow from baton.run where id = any ($1)", [
      violations.map(({ run_id: id }) => id),
    ]);
    const workflowOf = (id: string | null) => runs.find((run) => run.id === id)?.workflow ?? "a workflow that is gone";
    return violations
      .filter(({ invariant, run_id: id }) => !(BY_TIME.has(invariant) && setBack.has(workflowOf(id))))
      .map(({ invariant, run_id: id, detail }) => `${workflowOf(id)}: run ${id}: ${invariant}: ${detail}`);
  }
}

async function prepare(): Promise<Ground & AsyncDisposable> {
  const database = await createTestDatabase();
  await database.query(`
    create schema if not exists test; grant usage on schema test to public;
    create table test.effect (run_id uuid not null, path text not null); grant insert on test.effect to baton_poller;
    create or replace function baton.now() returns timestamptz language sql volatile
      as $$ select coalesce(nullif(current_setting('test.now', true), '')::timestamptz, clock_timestamp()) $$;
    create or replace function baton.roll_up(most integer, moment timestamptz, sweep timestamptz default null) returns integer language sql
      as $$ select 0 $$;
    create sequence test.ids; grant usage on sequence test.ids to public;
    create or replace function baton.new_id() returns uuid language sql volatile
      as $$ select (substr(t, 1, 12) || '7000' || '8000' || lpad(to_hex(nextval('test.ids')), 12, '0'))::uuid
        from (select replace(baton.id_at(baton.now())::text, '-', '') as t) as time $$`);
  // Tomorrow, an hour after midnight, for clocks that are set back: the partitions of the days
  // before need not be there.
  const now = (Math.floor(Date.now() / 86_400_000) + 1) * 86_400_000 + 3_600_000;
  const ground: Ground & AsyncDisposable = {
    database,
    now: () => now,
    last: now,
    setBack: new Set(),
    poller: timed(database.connect("poller", "pg"), () => ground.now()),
    operator: timed(database.connect("operator", "pg"), () => ground.now()),
    signaller: timed(database.connect("signaller", "pg"), () => ground.now()),
    producer: timed(database.connect("producer", "pg"), () => ground.now()),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
  return ground;
}

/** Tells the time with each call, which is one round trip less than to tell it before. */
function timed(inner: Database, now: () => number): Database {
  const at = (text: string) => `${text} from (select set_config('test.now', '${new Date(now()).toISOString()}', true)) as clock`;
  return {
    schema: inner.schema,
    query: (text, values, options) => inner.query(at(text), values, options),
    transaction: ([first, ...others], options) => inner.transaction([{ ...first!, text: at(first!.text) }, ...others], options),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

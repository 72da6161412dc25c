import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import { retentionRules } from "../../shared/domain/retention.ts";
import { letGoWeeks, weighWeeks, type WeekStore } from "../../shared/engine/maintain/let-go-weeks.ts";
import { archiveToFolder } from "../../shared/index.ts";
import { createClock } from "../support/clock.ts";
import type { TestDatabase } from "../support/database.ts";
import { endRuns } from "../support/ended-runs.ts";
import { clonesOf } from "../support/filled.ts";
import { startLoad } from "../support/load.ts";

const RUNS_OF_A_WEEK = 1_000_000;
const AT_ONCE = 100_000;
const longTime = { remainingMs: () => 3_600_000 };
const rules = retentionRules({ every: { done: "30 days", failed: "30 days" } });
const folder = mkdtempSync(join(tmpdir(), "baton-archive-"));
const printed: string[] = [];
afterAll(() => {
  rmSync(folder, { recursive: true });
  console.log(printed.join("\n"));
});

/** Two weeks of runs of one step that ended months ago, one in a hundred of which failed. */
const clone = clonesOf(async (query) => {
  const clock = createClock(query);
  await clock.advance("-100 days");
  for (let week = 0; week < 2; week++) {
    await query("select baton.ensure_partitions()");
    for (let from = 0; from < RUNS_OF_A_WEEK; from += AT_ONCE)
      await endRuns(query, { runs: AT_ONCE, failedEach: 100, workflow: "booking", from });
    await clock.advance("7 days");
  }
  await clock.setNow(null);
  await query("select baton.ensure_partitions()");
  await query("vacuum analyze");
});

/** How a week can be got rid of. */
type Way = (database: TestDatabase, store: WeekStore, starts: string) => Promise<unknown>;

const DELETE = ["attribute", "checkpoint", "failure", "ending"].map(
  (table) => `delete from baton.${table} where run_id >= baton.id_at($1) and run_id < baton.id_at($1::timestamptz + interval '7 days')`,
);
DELETE.push("delete from baton.run where id >= baton.id_at($1) and id < baton.id_at($1::timestamptz + interval '7 days')");

const ways: Readonly<Record<string, Way>> = {
  "dropped whole": (_, store) => letGoWeeks(store, rules, longTime),
  "let go run by run": (_, store) => letGoWeeks({ ...store, dropWeek: async () => "kept" }, rules, longTime),
  "archived and let go": (_, store) => letGoWeeks(store, rules, longTime, archiveToFolder(folder)),
  "deleted by a plain DELETE": async ({ query }, _, starts) => {
    for (const statement of DELETE) await query(statement, [starts]);
  },
};

async function walOf({ query }: TestDatabase, work: () => Promise<unknown>): Promise<{ wal: number; ms: number }> {
  const now = async () => Number((await query("select pg_current_wal_insert_lsn() - '0/0' as at"))[0]!["at"]);
  await query("checkpoint");
  const [from, began] = [await now(), performance.now()];
  await work();
  return { wal: (await now()) - from, ms: performance.now() - began };
}

/** Gets rid of one week in a quiet database, and of another beside pollers. */
async function measure(name: string, way: Way): Promise<{ wal: number; ms: number }> {
  await using database = await clone("weeks");
  const store = maintenanceRepository(database.connect("archiver"));
  const [first, second] = (await weighWeeks(store, rules)).filter(({ runs }) => runs > 0).map(({ starts }) => starts);
  const { moment } = await store.listClosedWeeks();
  const goOf = (starts: string) => way(database, { ...store, listClosedWeeks: async () => ({ moment, weeks: [starts] }) }, starts);
  const spent = await walOf(database, () => goOf(first!));
  await using load = await startLoad(database);
  await load.goesOn(200);
  const before = load.longestClaim();
  // Beside a load a week may be in use each time: then it is another maintenance's turn.
  let tries = 0;
  do {
    await goOf(second!);
    tries += 1;
  } while ((await store.weighWeek({ starts: second!, rules, moment })).runs > 0);
  await load.finish();
  printed.push(
    `${name}: ${spent.ms.toFixed(0)} ms and ${(spent.wal / 1e6).toFixed(2)} MB of WAL for ${RUNS_OF_A_WEEK} runs; ` +
      `longest claim beside it ${load.longestClaim().toFixed(0)} ms, before ${before.toFixed(0)} ms, in ${tries} tries`,
  );
  return spent;
}

test(
  `of ${2 * RUNS_OF_A_WEEK} finished runs the weeks go whole with less than a hundredth of the WAL that a DELETE takes, and none is left`,
  { timeout: 3_000_000 },
  async () => {
    const spent: Record<string, { wal: number; ms: number }> = {};
    for (const [name, way] of Object.entries(ways)) spent[name] = await measure(name, way);
    const whole = spent["dropped whole"]!;
    for (const [name, { wal, ms }] of Object.entries(spent))
      printed.push(`${name}: ${(ms / whole.ms).toFixed(1)} times as long, ${(wal / whole.wal).toFixed(0)} times the WAL`);
    expect(spent["deleted by a plain DELETE"]!.wal / whole.wal).toBeGreaterThan(100);
  },
);

import { afterAll, expect, test } from "vitest";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import { retentionRules } from "../../shared/domain/retention.ts";
import { letGoWeeks } from "../../shared/engine/let-go-weeks.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { endRuns } from "../support/ended-runs.ts";

const printed: string[] = [];
afterAll(() => console.log(printed.join("\n")));
const longTime = { remainingMs: () => 3_600_000 };
const [weeks, runsOfAWeek] = [2, 1_000_000];

async function walOf<Result>({ query }: TestDatabase, work: () => Promise<Result>) {
  const now = async () => Number((await query("select pg_current_wal_insert_lsn() - '0/0' as at"))[0]!["at"]);
  await query("checkpoint");
  const [from, began] = [await now(), performance.now()];
  const result = await work();
  return { result, wal: (await now()) - from, ms: performance.now() - began };
}

/** Weeks of ended runs of one step, of which one in a hundred failed. */
async function filled(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await database.query("select baton.ensure_partitions()");
  for (let week = 0; week < weeks; week++) {
    for (let from = 0; from < runsOfAWeek; from += 100_000) await endRuns(database.query, { runs: 100_000, failedEach: 100, from });
    await database.advance("7 days");
    await database.query("select baton.ensure_partitions()");
  }
  await database.query("vacuum analyze");
  await database.advance("120 days");
  return database;
}

const tell = (what: string, { ms, wal }: { ms: number; wal: number }) =>
  printed.push(`${what}: ${ms.toFixed(0)} ms, ${(wal / 1e6).toFixed(2)} MB of WAL`);

test(
  `of ${weeks * runsOfAWeek} finished runs the weeks go whole with a hundredth of what it takes to delete them`,
  { timeout: 3_000_000 },
  async () => {
    const [dropped, deleted] = [await filled(), await filled()];
    const store = maintenanceRepository(dropped.connect("maintainer"));
    const rules = retentionRules({ every: { done: "30 days", failed: "30 days" } });
    const whole = await walOf(dropped, () => letGoWeeks(store, rules, longTime));
    expect(whole.result).toMatchObject({ runs: weeks * runsOfAWeek });
    const byRun = await walOf(deleted, () =>
      letGoWeeks({ ...maintenanceRepository(deleted.connect("maintainer")), dropWeek: async () => "kept" }, rules, longTime),
    );
    expect(byRun.result).toMatchObject({ weeks: 0, runs: weeks * runsOfAWeek });
    tell("dropped", whole);
    tell("let go run by run", byRun);
    printed.push(`factor: ${(byRun.ms / whole.ms).toFixed(0)} in time, ${(byRun.wal / whole.wal).toFixed(0)} in WAL`);
    expect(byRun.wal / whole.wal).toBeGreaterThan(100);
    await Promise.all([dropped.assertInvariants(), deleted.assertInvariants()]);
  },
);

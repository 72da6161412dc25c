import { expect, test } from "vitest";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import type { Archive } from "../../shared/domain/archive.ts";
import { retentionRules } from "../../shared/domain/retention.ts";
import { letGoWeeks } from "../../shared/engine/maintain/let-go-weeks.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { endRuns } from "../support/ended-runs.ts";
import { engineOf } from "../support/engine-calls.ts";
import { startLoad } from "../support/load.ts";
import { seededRandom } from "../support/random.ts";

const rules = retentionRules({ every: { done: "30 days", failed: "30 days" } });
const longTime = { remainingMs: () => 600_000 };

/** Weeks of runs as the load's, every fifth of which failed, that ended months ago. */
async function fill(database: TestDatabase): Promise<void> {
  await database.advance("-100 days");
  for (let week = 0; week < 4; week++) {
    await database.query("select baton.ensure_partitions()");
    await endRuns(database.query, { runs: 500, failedEach: 5, workflow: "booking" });
    await database.advance("7 days");
  }
  await database.setNow(null);
  await database.query("select baton.ensure_partitions()");
}

/** An operator who lets failed runs go on, in an order of chance, as long as there are some. */
async function redriveSome(database: TestDatabase, random: () => number): Promise<number> {
  const engine = engineOf(database);
  let redriven = 0;
  for (let asked = 0; asked < 60; asked++) {
    const failed = await database.query<{ id: string }>("select run_id as id from baton.ending where status = 'failed'");
    if (failed.length === 0) break;
    const answer = await engine.redrive(failed[Math.floor(random() * failed.length)]!.id);
    if (answer?.changed === true) redriven += 1;
  }
  return redriven;
}

test.each([
  ["with an archive", async () => {}],
  ["without one", undefined],
] satisfies [string, Archive | undefined][])(
  "old runs go while pollers work and an operator redrives: no call is refused, no step repeated, and each run goes or goes on, %s",
  async (how, archive) => {
    const { random, seed } = seededRandom();
    await using database = await createTestDatabase();
    await fill(database);
    const store = maintenanceRepository(database.connect("archiver"));
    await using load = await startLoad(database);
    await load.goesOn(20);
    const quiet = load.longestClaim();
    const redriving = redriveSome(database, random);
    let went = 0;
    while (
      (
        await database.query(
          "select from baton.run join baton.ending on run_id = id where workflow = 'booking' and at < baton.now() - interval '30 days' limit 1",
        )
      ).length > 0
    )
      went += ((await letGoWeeks(store, rules, longTime, archive)) as { runs: number }).runs;
    const redriven = await redriving;
    await load.finish(redriven);
    expect([seed, went + redriven]).toEqual([seed, 2_000]);
    console.log(
      `${how}: ${went} runs went and ${redriven} went on; the longest claim took ${load.longestClaim().toFixed(0)} ms, before ${quiet.toFixed(0)} ms, seed ${seed}`,
    );
  },
);

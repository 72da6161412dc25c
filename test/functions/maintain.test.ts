import { expect, test, vi } from "vitest";
import { isAsleep } from "../../shared/engine/poll/idle-gate.ts";
import { HalfDoneError, maintain, type Chore } from "../../shared/engine/maintain/maintain.ts";
import { maintenanceMetrics } from "../../shared/lambda/metrics.ts";
import { createTestDatabase } from "../support/database.ts";
import { engineOf, newRuns } from "../support/engine-calls.ts";
import { deployBundles } from "../support/lambda/deploy.ts";
import { tick } from "../support/lambda/pollers.ts";

const bundles = await deployBundles();

/** A logger that keeps its lines, and chores that note in which order they ran. */
function scene() {
  const [lines, ran] = [[] as unknown[][], [] as string[]];
  const log = (message: string, fields?: object) => void lines.push([message, fields]);
  const chore = (name: string, run: Chore["run"] = async () => ({ n: 1 })): Chore => ({
    name,
    run: (deadline) => {
      ran.push(name);
      return run(deadline);
    },
  });
  return { lines, ran, chore, logger: { debug: log, info: log, warn: log, error: log } };
}

const longTime = { remainingMs: () => 60_000 };

test("a maintenance does its chores one after the other, and tells what they did in one line", async () => {
  const { lines, ran, chore, logger } = scene();
  const chores = [chore("weeks"), chore("months", async () => ({ n: 2 }))];
  const report = await maintain({ chores, logger, deadline: longTime });
  expect(report).toEqual({ rested: false, done: { weeks: { n: 1 }, months: { n: 2 } }, left: [], failed: {} });
  expect(ran).toEqual(["weeks", "months"]);
  expect(lines).toEqual([["maintenance", report]]);
});

test("a chore that fails keeps no other from its turn, and stands in the report with its reason", async () => {
  const { lines, chore, logger } = scene();
  const chores = [chore("weeks", () => Promise.reject(new RangeError("no room"))), chore("months")];
  const report = await maintain({ chores, logger, deadline: longTime });
  expect(report).toMatchObject({ done: { months: { n: 1 } }, failed: { weeks: "no room" } });
  expect(lines[0]).toMatchObject([expect.stringContaining("failed"), { chore: "weeks", error: { name: "RangeError" } }]);
});

test("what was let go is counted in the line of metrics, also by a retention that failed half-way, and without a retention is no metric", async () => {
  const { chore, logger } = scene();
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const printedOf = async (run: Chore["run"]) => {
    maintenanceMetrics("baton", "dev")(await maintain({ chores: [chore("retention", run)], logger, deadline: longTime }));
    return JSON.parse(String(write.mock.lastCall![0])) as object;
  };
  const facts = { weeks: 1, runs: 12, bytes: 1, busy: 0, left: 0 };
  expect(await printedOf(async () => facts)).toMatchObject({ Maintenances: 1, WeeksLetGo: 1, RunsLetGo: 12 });
  expect(await printedOf(() => Promise.reject(new HalfDoneError(facts, new Error("no room"))))).toMatchObject({
    Maintenances: 0,
    RunsLetGo: 12,
  });
  expect(await printedOf(async () => ({ kept: "for ever" }))).not.toHaveProperty("RunsLetGo");
  write.mockRestore();
});

test("what there is no time for is left to the next maintenance", async () => {
  const { ran, chore, logger } = scene();
  let left = 60_000;
  const chores = [chore("weeks", async () => ({ n: (left = 4_999) })), chore("months"), chore("reports")];
  expect(await maintain({ chores, logger, deadline: { remainingMs: () => left } })).toMatchObject({ left: ["months", "reports"] });
  expect(ran).toEqual(["weeks"]);
});

test("a database in which nothing ended is left asleep, and an unreadable board lets nobody sleep", async () => {
  const { ran, lines, chore, logger } = scene();
  const now = Date.parse("2026-12-03T03:00:00Z");
  const hint = JSON.stringify({ wakeAt: null, saidAt: "2026-12-03T02:30:00.000Z", knows: "a", idleSince: "2026-12-01T01:00:00.000Z" });
  const board = (read: () => Promise<string | null>) => ({ board: { read, write: async () => {} }, now: () => now });
  const night = (read: () => Promise<string | null>) =>
    maintain({ chores: [chore("weeks")], logger, deadline: longTime, isAsleep: () => isAsleep(logger, board(read)) });
  expect(await night(async () => hint)).toEqual({ rested: true, done: {}, left: [], failed: {} });
  expect([ran, lines.length]).toEqual([[], 1]);
  for (const read of [async () => null, async () => "{}", () => Promise.reject(new Error("SSM is away"))])
    expect(await night(read)).toMatchObject({ rested: false });
  expect(ran).toHaveLength(3);
});

test("the built function adds to the rollup what ticks have missed, and makes the days anew", async () => {
  await using database = await createTestDatabase();
  await engineOf(database).enqueue(newRuns(3));
  await database.advance("1 day");
  expect(await database.query("select sum(enqueued)::integer as n from baton.daily")).toEqual([{ n: null }]);
  const env = { DATABASE_URL: database.url("maintainer"), BATON_DRIVER: "neon", BATON_NEON_ENDPOINT: database.neon.url };
  const instance = await bundles.start("maintain", env);
  const report = JSON.parse(((await instance.invoke(tick)) as { payload: string }).payload) as unknown;
  expect(report).toMatchObject({ done: { rollup: { chunks: expect.any(Number) }, daily: { refreshed: true } }, failed: {} });
  expect(await database.query("select sum(enqueued)::integer as n from baton.daily")).toEqual([{ n: 3 }]);
});

test("the built function makes the weeks that are missing, as its own login; two at once harm nothing", async () => {
  await using database = await createTestDatabase();
  const env = { DATABASE_URL: database.url("maintainer"), BATON_DRIVER: "neon", BATON_NEON_ENDPOINT: database.neon.url };
  const [one, other] = [await bundles.start("maintain", env), await bundles.start("maintain", env)];
  await database.advance("35 days");
  const outcomes = await Promise.all([one.invoke(tick), other.invoke(tick)]);
  const reports = outcomes.map((outcome) => JSON.parse("payload" in outcome ? outcome.payload : "null") as { done: { weeks: object } });
  expect(reports.map(({ done }) => done.weeks)).toContainEqual({ made: expect.any(Number), ahead: 3 });
  const again = JSON.parse(((await one.invoke(tick)) as { payload: string }).payload) as unknown;
  expect(again).toMatchObject({
    rested: false,
    done: { weeks: { made: 0, ahead: 3 }, months: { by: "baton", made: 0, dropped: 0 } },
    failed: {},
  });
  await database.advance("7 days");
  expect(await database.query("select baton.weeks_ahead(baton.now()) as ahead")).toEqual([{ ahead: 2 }]);
  await database.query("alter table baton.run detach partition baton." + (await lastWeek(database.query)));
  expect(await database.query("select baton.weeks_ahead(baton.now()) as ahead")).toEqual([{ ahead: 1 }]);
});

test("a maintenance whose chore failed ends with an error that says which and why", async () => {
  await using database = await createTestDatabase();
  await database.query("revoke execute on function baton.keep_weeks() from baton_maintainer");
  const env = { DATABASE_URL: database.url("maintainer"), BATON_DRIVER: "neon", BATON_NEON_ENDPOINT: database.neon.url };
  const instance = await bundles.start("maintain", env);
  expect(await instance.invoke(tick)).toMatchObject({
    error: { errorType: "MaintenanceFailedError", errorMessage: expect.stringMatching(/next one tries again\. weeks: .*keep_weeks/) },
  });
  expect(instance.log).toContain('"Maintenances":0');
});

async function lastWeek(query: (text: string) => Promise<Record<string, unknown>[]>): Promise<string> {
  const [row] = await query("select max(relname) as part from pg_class where relispartition and relkind = 'r' and relname like 'run\\_%'");
  return row!["part"] as string;
}

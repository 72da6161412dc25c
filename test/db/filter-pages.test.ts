import { afterAll, afterEach, expect, test } from "vitest";
import type { ListAnswer, ListRequest } from "../../shared/domain/run-protocol.ts";
import { createClock } from "../support/clock.ts";
import { crowd, indexWeeks, needle, needleFilters } from "../support/crowded-weeks.ts";
import type { TestDatabase } from "../support/database.ts";
import { clonesOf } from "../support/filled.ts";
import { explainingSession } from "../support/plans.ts";

const ENTRIES = 20_000;
/** A Sunday: the current week has had six days of runs. */
const NOW = new Date("2031-03-09T12:00:00Z");
const MONDAY = Date.parse("2031-03-03T00:00:00Z");
const WEEK_MS = 7 * 86_400_000;
const LIMIT = 21;

const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

let database: TestDatabase;
afterEach(() => database[Symbol.asyncDispose]());

const filled = (weeks: readonly number[]) =>
  clonesOf(async (query, count: number) => {
    await createClock(query).setNow(NOW);
    await crowd(query, count, weeks);
    await needle(query, weeks.at(-1)!);
  });
const closed = filled([1, 2]);
const current = filled([0]);

/** Pages until the run that is looked for: how many, and the most buffers that one touched. */
async function look(session: Awaited<ReturnType<typeof explainingSession>>, filter: Partial<ListRequest>) {
  let [pages, most, before]: [number, number, string | undefined] = [0, 0, undefined];
  for (;;) {
    const request = { ...filter, limit: LIMIT, paged: true, ...(before && { before }) };
    const { answer, buffers } = await session.call("baton.list_runs($1)", JSON.stringify(request));
    const { runs, next } = answer as ListAnswer;
    [pages, most, before] = [pages + 1, Math.max(most, buffers), next ?? undefined];
    if (runs.length > 0 || before === undefined) return { pages, most, found: runs.map(({ workflow }) => workflow) };
  }
}

/** The buffers of each filter's first page, on which the one match must be. */
async function touchFirstPages(filters: Record<string, Partial<ListRequest>>): Promise<Record<string, number>> {
  await using session = await explainingSession(database.ownerUrl);
  const touched: Record<string, number> = {};
  for (const [name, filter] of Object.entries(filters)) {
    // The first call of a session reads the catalogue, and so does one after an autovacuum.
    const looks = [await look(session, filter), await look(session, filter), await look(session, filter)];
    for (const { pages, found } of looks) expect([name, pages, found]).toEqual([name, 1, ["rare"]]);
    touched[name] = Math.min(...looks.map(({ most }) => most));
  }
  return touched;
}

for (const [statistics, growth] of [
  // The primary key of a week's attributes is read beside their index: 27 pages for 1,000 runs.
  ["without", 3_000],
  ["with", 300],
] as const) {
  test(`one match among closed weeks is on the first page, by each filter alone and together, ${statistics} statistics, and touches no more than ${growth} buffers more among 100,000 runs than among 1,000`, async () => {
    const touched: Record<string, number>[] = [];
    for (const count of [1_000, 100_000]) {
      await database?.[Symbol.asyncDispose]();
      database = await closed(count);
      await indexWeeks(database);
      if (statistics === "with") await database.query("vacuum analyze");
      touched.push(await touchFirstPages(needleFilters(NOW.getTime(), MONDAY - 2 * WEEK_MS)));
    }
    const [few, many] = touched as [Record<string, number>, Record<string, number>];
    measured.push(`buffers of a page, closed weeks, ${statistics} statistics: ${JSON.stringify({ few, many })}`);
    expect(Object.keys(many).filter((name) => many[name]! > few[name]! + growth)).toEqual([]);
  });

  test(`one match in the current week, the last of 50,000, comes within as many pages as the week has 20,000 runs, ${statistics} statistics`, async () => {
    database = await current(50_000);
    if (statistics === "with") await database.query("vacuum analyze");
    await using session = await explainingSession(database.ownerUrl);
    for (const [name, filter] of Object.entries(needleFilters(NOW.getTime(), MONDAY))) {
      const { pages, most, found } = await look(session, filter);
      expect([name, pages <= Math.ceil(50_001 / ENTRIES), found]).toEqual([name, true, ["rare"]]);
      measured.push(`current week of 50,000 runs, ${statistics} statistics: ${name}: ${pages} pages, ${most} buffers`);
      // An entry, its run by a key of four levels, and for a failed node two keys more.
      expect([name, most <= ENTRIES * 6]).toEqual([name, true]);
    }
  });
}

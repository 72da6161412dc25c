import { afterAll, beforeAll, expect, test } from "vitest";
import type { ListAnswer, ListRequest } from "../../shared/domain/run-protocol.ts";
import { createClock } from "../support/clock.ts";
import { crowd, indexWeeks, needle, needleFilters } from "../support/crowded-weeks.ts";
import { createTestDatabase, type QueryAsOwner, type TestDatabase } from "../support/database.ts";
import { explainingSession } from "../support/plans.ts";

const RUNS = 1_000_000;
const ENTRIES = 20_000;
/** A Sunday, two weeks after the one with the runs. */
const NOW = new Date("2031-03-09T12:00:00Z");
const MONDAY = Date.parse("2031-02-17T00:00:00Z");
const LIMIT = 21;

let database: TestDatabase;
const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

beforeAll(async () => {
  database = await createTestDatabase();
  await createClock(database.query).setNow(NOW);
  await crowd(database.query, RUNS, [2]);
  await needle(database.query, 2);
});

type Session = Awaited<ReturnType<typeof explainingSession>>;

/** Pages until the first run, or the last: how many, and the most buffers and ms that one took. */
async function look(session: Session, filter: Partial<ListRequest>, limit = LIMIT) {
  let [pages, buffers, ms, before]: [number, number, number, string | undefined] = [0, 0, 0, undefined];
  for (;;) {
    const request = JSON.stringify({ ...filter, limit, paged: true, ...(before && { before }) });
    const began = performance.now();
    const page = await session.call("baton.list_runs($1)", request);
    ms = Math.max(ms, performance.now() - began);
    const { runs, next } = page.answer as ListAnswer;
    [pages, buffers, before] = [pages + 1, Math.max(buffers, page.buffers), next ?? undefined];
    if (runs.length > 0 || before === undefined) return { pages, buffers, ms, runs };
  }
}

async function measure(what: string, filters: Record<string, Partial<ListRequest>>, mostPages: number): Promise<void> {
  await using session = await explainingSession(database.ownerUrl);
  for (const [name, filter] of Object.entries(filters)) {
    await look(session, filter);
    const { pages, buffers, ms, runs } = await look(session, filter);
    measured.push(`${what}: ${name}: ${pages} pages, at most ${buffers} buffers and ${ms.toFixed(1)} ms a page`);
    expect([name, runs.map(({ workflow }) => workflow), pages <= mostPages, buffers <= ENTRIES * 6]).toEqual([name, ["rare"], true, true]);
  }
}

const filters = needleFilters(NOW.getTime(), MONDAY);

test("a week of 1,000,000 runs that no maintenance has indexed is walked, 20,000 runs a page", async () => {
  await measure("walked", filters, Math.ceil((RUNS + 1) / ENTRIES));
});

test("one match among 1,000,000 finished runs of a closed week is on the first page, by each filter, without statistics", async () => {
  const began = performance.now();
  await indexWeeks(database);
  measured.push(
    `indexes of ${RUNS} runs: ${((performance.now() - began) / 1000).toFixed(1)} s, ${await indexBytes(database.query)} bytes a run`,
  );
  await measure("indexed", filters, 1);
});

test("and with them", async () => {
  await database.query("vacuum analyze");
  await measure("indexed, analysed", filters, 1);
});

async function indexBytes(query: QueryAsOwner): Promise<number> {
  const [row] = await query<{ bytes: number }>(
    `select (sum(pg_relation_size(oid)) / ${RUNS})::integer as bytes from pg_class
     where relnamespace = 'baton'::regnamespace and relname ~ '_20310217_(workflow|version|at|error|node)$'`,
  );
  return row!.bytes;
}

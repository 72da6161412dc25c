import { afterAll, afterEach, expect, test } from "vitest";
import type { ListAnswer, ListRequest, RunStatus } from "../../shared/domain/run-protocol.ts";
import { createTestDatabase, type QueryAsOwner, type TestDatabase } from "../support/database.ts";
import { clonesOf } from "../support/filled.ts";
import { newIdOf } from "../support/new-ids.ts";
import { explainingSession } from "../support/plans.ts";

/** `npm run test:long` adds a million. */
const SIZES = [1_000, 100_000, ...(process.env["BATON_TEST_LONG"] === "1" ? [1_000_000] : [])];
const STATUSES: (RunStatus | undefined)[] = [undefined, "done", "failed", "cancelled", "ready", "waiting", "running", "blocked"];
/**
 * What a page may look at: 20,000 entries, and for each a run by its key in an index of four levels
 * at most.
 */
const MOST_BUFFERS = 20_000 * 6;

const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

let database: TestDatabase;
afterEach(() => database[Symbol.asyncDispose]());

/** Runs in an order that ids keep; each ends, waits, or is due, as its place is written. */
async function grow(query: QueryAsOwner, workflow: string, count: number, place: string): Promise<void> {
  await query(
    `with stored as (
       insert into baton.run select ${newIdOf("n")}, $1, 1, 2, '{}', now(), now() from generate_series(1, $2::integer) as n returning id)
     insert into baton.${place}`,
    [workflow, count],
  );
}

const ended = (status: string) => `ending select id, '${status}', null, now() from stored`;
const queued = (ahead: string) =>
  `ready select id, 2, now() + interval '${ahead}' + row_number() over () * interval '1 microsecond', 20, false from stored`;
const leased =
  "lease select gen_random_uuid(), 0, now() + '1 hour', now(), 0, repeat('0', count(*)::integer)::varbit, 0, repeat('1', count(*)::integer)::varbit, null, array_agg(id) from stored";

/** Three runs of a rare workflow in each status, behind as many others as are asked for. */
async function fill(query: QueryAsOwner, count: number, crowd: string): Promise<void> {
  await query("select baton.ensure_partitions()");
  for (const place of [
    ...["done", "failed", "cancelled"].map(ended),
    queued("1 day"),
    queued("-1 hour"),
    leased,
    "blocked select id, 'rare', 1, '', 'unknown', now() from stored",
  ]) {
    await grow(query, "rare", 3, place);
  }
  await grow(query, "frequent", count, crowd);
}

type List = (request: ListRequest) => Promise<{ answer: ListAnswer; buffers: number; rows: number; ms: number }>;

function listOf(session: Awaited<ReturnType<typeof explainingSession>>): List {
  return async (request) => {
    const began = performance.now();
    const { answer, buffers, ran } = await session.call("baton.list_runs($1)", JSON.stringify({ ...request, paged: true }));
    const rows = Math.max(0, ...ran.flatMap(({ scans }) => scans.map((scan) => scan.rows)));
    return { answer: answer as ListAnswer, buffers, rows, ms: performance.now() - began };
  };
}

/** Every list but for its cursor. */
const requests = STATUSES.flatMap((status) =>
  [undefined, "rare", "frequent", "nowhere"].map((workflow) => ({
    limit: 101,
    ...(status !== undefined && { status }),
    ...(workflow !== undefined && { workflow }),
  })),
);

/** Follows a list page by page: all ids in order, and the most that one page touched and took. */
async function walk(
  list: List,
  request: ListRequest,
  pages = Infinity,
): Promise<{ ids: string[]; most: number; rows: number; ms: number }> {
  const ids: string[] = [];
  let [most, rows, ms, before]: [number, number, number, string | undefined] = [0, 0, 0, undefined];
  for (let page = 0; page < pages; page++) {
    const { answer, ...took } = await list({ ...request, ...(before !== undefined && { before }) });
    ids.push(...answer.runs.map(({ id }) => id));
    [most, rows, ms] = [Math.max(most, took.buffers), Math.max(rows, took.rows), Math.max(ms, took.ms)];
    before = answer.runs.length === request.limit ? answer.runs.at(-1)!.id : (answer.next ?? undefined);
    if (before === undefined) break;
  }
  return { ids, most, rows, ms };
}

const crowds = [
  ["done", ended("done")],
  ["failed", ended("failed")],
  ["waiting", queued("1 day")],
  ["ready", queued("-1 hour")],
] as const;

/** Behind more than two pages may look at. */
const behind = clonesOf((query, place: string) => fill(query, 25_000, place));

for (const [crowd, place] of crowds) {
  for (const size of SIZES) {
    test(
      `behind ${size} ${crowd} runs, every page of every list looks at a bounded number of rows, with and without statistics`,
      { timeout: 600_000 },
      async () => {
        database = await createTestDatabase();
        await using session = await explainingSession(database.ownerUrl);
        const list = listOf(session);
        // Plans and statistics of empty tables are what a session has that was there before.
        await database.query("analyze");
        for (const request of requests) await list(request);
        await fill(database.query, size, place);
        for (const statistics of ["no", "fresh"]) {
          if (statistics === "fresh") await database.query("analyze");
          for (const request of requests) {
            const { most, rows, ms, ids } = await walk(list, request, 3);
            expect([request, statistics, most <= MOST_BUFFERS, rows <= 20_000]).toEqual([request, statistics, true, true]);
            if (size === SIZES.at(-1)) {
              const { status = "any", workflow = "any" } = request;
              measured.push(
                `${size} ${crowd}, ${statistics} statistics: ${status} of ${workflow}: ${ids.length} runs, ${most} buffers, ${ms.toFixed(1)} ms`,
              );
            }
          }
        }
      },
    );
  }
}

test("the few runs of a status are on the first page behind any crowd, but for those of another workflow that has ended", async () => {
  for (const [crowd, place] of crowds) {
    database = await behind(place);
    const session = await explainingSession(database.ownerUrl);
    for (const status of ["failed", "cancelled", "ready", "waiting", "running", "blocked"] as const) {
      if (status === crowd) continue;
      const { answer } = await listOf(session)({ limit: 101, status });
      expect([crowd, status, answer.runs.length, answer.next]).toEqual([crowd, status, 3, null]);
    }
    await session[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
});

test("pages that hold less than they may lead to every run once, newest first, and end", async () => {
  for (const [crowd, place] of crowds) {
    database = await behind(place);
    const session = await explainingSession(database.ownerUrl);
    for (const status of STATUSES) {
      const { ids } = await walk(listOf(session), { limit: 101, workflow: "rare", ...(status !== undefined && { status }) });
      expect([crowd, status, ids.length]).toEqual([crowd, status, status === undefined ? 21 : 3]);
      expect(ids).toEqual([...new Set(ids)].toSorted().toReversed());
    }
    await session[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
});

test("a list over many weeks, some of them empty, shows every run once, newest first, from any cursor", async () => {
  database = await createTestDatabase();
  await database.query("select baton.make_partitions(now() - interval '80 weeks', now() + interval '3 weeks', false)");
  // On the first and the last moment of weeks too, in places and at their ends; and one ahead of
  // the clock, by which another went before.
  await database.query(
    `create table public.made as
     select baton.id_at(date_trunc('week', now() at time zone 'UTC') at time zone 'UTC' - interval '1 week' * week + moment) as id,
       ((week + nth) % 3)::integer as kind
     from unnest(array[-1, 0, 1, 2, 3, 4, 7, 20, 50, 79]) as w (week),
       unnest(array['0', '1 millisecond', '6 days 23:59:59.999']::interval[]) with ordinality as m (moment, nth)`,
  );
  await database.query("insert into baton.run select id, 'w', 1, 2, '{}', now(), now() from public.made");
  await database.query("insert into baton.ending select id, 'failed', null, now() from public.made where kind = 0");
  await database.query("insert into baton.ready select id, 2, now(), 2, false from public.made where kind = 1");
  await database.query("insert into baton.blocked select id, 'w', 1, '', 'unknown', now() from public.made where kind = 2");
  const made = await database.query<{ id: string; kind: number }>("select id, kind from public.made order by id desc");
  await using session = await explainingSession(database.ownerUrl);
  for (const [status, kind] of [[undefined], ["failed", 0], ["ready", 1], ["blocked", 2]] as const) {
    const ids = made.filter((run) => kind === undefined || run.kind === kind).map(({ id }) => id);
    for (const workflow of [undefined, "w"])
      for (const limit of [1, 4, 101]) {
        const request = { limit, ...(status !== undefined && { status }), ...(workflow !== undefined && { workflow }) };
        expect([request, (await walk(listOf(session), request)).ids]).toEqual([request, ids]);
      }
  }
});

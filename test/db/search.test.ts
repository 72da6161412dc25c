import { afterAll, expect, test } from "vitest";
import { withClient } from "../../infra/migrate/connection.ts";
import { migrate } from "../../infra/migrate.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { SearchAnswer, SearchRequest } from "../../shared/domain/run-protocol.ts";
import { createTestDatabase, type QueryAsOwner, type TestDatabase } from "../support/database.ts";
import { engineOf, failure, leaseOf, member, newRun } from "../support/engine-calls.ts";
import { newIdOf } from "../support/new-ids.ts";
import { explainingSession } from "../support/plans.ts";

const database = await createTestDatabase();
await migrate({ url: database.ownerUrl, roles: true, search: true });
const engine = engineOf(database);
/** `npm run test:long` adds a million. */
const SIZES = [30_000, ...(process.env["BATON_TEST_LONG"] === "1" ? [1_000_000] : [])];
const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

const searchIn =
  (from: TestDatabase) =>
  (text: string, more: Partial<SearchRequest> = {}) =>
    runRepository(from.connect("reader")).searchRuns({ text, limit: 20, ...more });
const search = searchIn(database);

/** A run that failed with this message. */
async function failedRun(message: string, facts: Parameters<typeof newRun>[0] = {}): Promise<string> {
  const { token, runs } = await leaseOf(engine, [newRun(facts)]);
  const run = runs[0]!;
  const error = { name: "Error", message };
  await engine.advance(token, 1, { failures: [failure(run, { delay_ms: null, error })], failed: [{ ...member(run), error }] });
  await engine.release(token);
  return run.id;
}

test("a run is found by its failure's message and by its attributes, in any case and by words much like it; the very text comes first", async () => {
  const refused = await failedRun("connect ECONNREFUSED to payments.example");
  const named = newRun({ attributes: { customer: { name: "Ada Lovelace" }, tags: ["payments"], n: 4711 } });
  await engine.enqueue([named, newRun({ attributes: { note: "nothing" } })]);
  expect(await search("econnrefused")).toMatchObject({
    runs: [{ id: refused, status: "failed", workflow: "fulfil-order", score: 1, found: "connect ECONNREFUSED to payments.example" }],
    ranked: 1,
    next: null,
  });
  expect((await search("lovelace")).runs).toMatchObject([{ id: named.id, status: "ready", score: 1 }]);
  expect((await search("4711")).runs).toMatchObject([{ id: named.id }]);
  expect((await search("Ada Lovelac")).runs.map(({ id }) => id)).toEqual([named.id]);
  const [typo] = (await search("lovlace")).runs;
  expect(typo).toMatchObject({ id: named.id });
  expect(typo!.score).toBeLessThan(1);
  expect((await search("payments")).runs.map(({ id }) => id)).toEqual([named.id, refused]);
  // A key is no text.
  expect((await search("customer")).runs).toEqual([]);
});

test("signs that mean something to LIKE mean themselves", async () => {
  const id = await failedRun("disk at 100% of quota_left \\\\share");
  expect((await search("100% of")).runs).toMatchObject([{ id, score: 1 }]);
  expect((await search("quota_left")).runs).toMatchObject([{ id, score: 1 }]);
  for (const text of ["100_", "quot%left", "quotaXleft \\"]) {
    expect((await search(text)).runs.filter(({ score }) => score === 1)).toEqual([]);
  }
});

test("a text in the second thousand characters of a message is not looked for", async () => {
  await failedRun(`${"x ".repeat(500)}beyond`);
  expect((await search("beyond")).runs).toEqual([]);
});

test("a text without three letters or digits in a row is refused", async () => {
  for (const text of ["", "ab", "a-b-c-d", "!!!", "   "]) await expect(search(text)).rejects.toMatchObject({ sqlstate: "BT061" });
});

test("the threshold of the login or the transaction decides nothing, and stays what it was", async () => {
  const id = await failedRun("the zeppelin has landed");
  await database.query(`alter database ${database.name} set pg_trgm.word_similarity_threshold = 0.99`);
  await withClient(database.ownerUrl, async (client) => {
    const call = `select baton.search_runs('{"text": "zepelin", "limit": 1}') #>> '{runs,0,id}' as id`;
    expect((await client.query(call)).rows).toEqual([{ id }]);
    expect((await client.query("show pg_trgm.word_similarity_threshold")).rows).toEqual([{ "pg_trgm.word_similarity_threshold": "0.99" }]);
  });
  await database.query(`alter database ${database.name} reset pg_trgm.word_similarity_threshold`);
});

/** Runs that failed with a message, of a week that began so many weeks ago. */
async function crowd(query: QueryAsOwner, count: number, message: string): Promise<void> {
  await query("select baton.ensure_partitions()");
  await query(
    `with stored as (
       insert into baton.run select ${newIdOf("n")}, 'crowd', 1, 2, '{}', now(), now() from generate_series(1, $1::integer) as n returning id
     ), ended as (
       insert into baton.ending select id, 'failed', null, now() from stored
     )
     insert into baton.failure (run_id, node, attempt, started_at, finished_at, error)
     select id, 'a', 1, now(), now(), jsonb_build_object('name', 'Error', 'message', replace($2, '#', (row_number() over ())::text)) from stored`,
    [count, message],
  );
}

test.each(SIZES)(
  "one among %i is found by the index alone, also by a typo, and a text that all share looks at 20,000 rows",
  async (size) => {
    await using many = await createTestDatabase();
    await migrate({ url: many.ownerUrl, roles: true, search: true });
    await crowd(many.query, 1, "needle in the haystack");
    await crowd(many.query, size, "straw number # of the same harvest");
    {
      await using session = await explainingSession(many.ownerUrl);
      for (const text of ["needle", "haystac"]) {
        const { answer, ran, buffers } = await session.call("baton.search_runs($1)", JSON.stringify({ text, limit: 20 }));
        expect(answer).toMatchObject({ ranked: 1, next: null });
        const scans = ran.flatMap((one) => one.scans).filter(({ relation }) => /^(failure|attribute)_\d/.test(relation));
        const looking = scans.filter(({ type }) => type === "Bitmap Heap Scan");
        expect(looking.map(({ index }) => index?.replace(/_\d+_/, "_"))).toEqual(
          expect.arrayContaining(["attribute_attribute_text_idx", "failure_left_idx"]),
        );
        expect(Math.max(...scans.map(({ rows }) => rows))).toBe(1);
        measured.push(`"${text}" among ${size}: ${buffers} buffers`);
      }
      const [row] = await many.query<{ known: boolean }>("select show_trgm('日') <> '{}' as known");
      if (row!.known) {
        const text = "日本語";
        const { answer, buffers } = await session.call("baton.search_runs($1)", JSON.stringify({ text, limit: 20 }));
        expect(answer).toMatchObject({ ranked: 0, next: null });
        measured.push(`"${text}" among ${size}: ${buffers} buffers`);
      }
      const { answer, ran, buffers } = await session.call("baton.search_runs($1)", JSON.stringify({ text: "same harvest", limit: 20 }));
      measured.push(`"same harvest" in ${size}: ${buffers} buffers`);
      expect(answer).toMatchObject({ ranked: 1_000, next: expect.any(String), runs: { length: 20 } });
      expect(Math.max(...ran.flatMap((one) => one.scans).map(({ rows }) => rows))).toBeLessThanOrEqual(20_001);
    }
    // Page by page, the newest thousand of what is left, each run once.
    const newest = await many.query<{ id: string }>("select id from baton.run order by id desc limit 3000");
    const seen: string[] = [];
    let before: string | null = null;
    for (let page = 0; page < 3; page++) {
      const { runs, next }: SearchAnswer = await searchIn(many)("straw number", { limit: 1_000, ...(before && { before }) });
      seen.push(...runs.map(({ id }) => id));
      before = next;
    }
    expect(seen.toSorted().toReversed()).toEqual(newest.map(({ id }) => id));
  },
  1_200_000,
);

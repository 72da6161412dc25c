import { beforeAll, expect, test } from "vitest";
import type { ListRequest } from "../../shared/domain/run-protocol.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { createTestDatabase } from "../support/database.ts";
import { fits, type FilteredRun, makeFilter, makeRuns, storeRuns } from "../support/filtered-runs.ts";
import { seededRandom } from "../support/random.ts";

const WEEKS = 4;
const { random, seed } = seededRandom();
console.log(`seed ${seed}`);

const database = await createTestDatabase();
const reader = runRepository(database.connect("reader", "pg"));
let runs: FilteredRun[];

/** Every other closed week has its indexes; the others wait for the maintenance. */
beforeAll(async () => {
  await database.query(
    "select baton.ensure_partitions(), baton.make_partitions(baton.now() - interval '1 week' * $1, baton.now(), false)",
    [WEEKS + 1],
  );
  runs = makeRuns(200, WEEKS, Date.now(), random).toSorted((a, b) => (a.id < b.id ? 1 : -1));
  await storeRuns(database.query, runs);
  const [row] = await database.query<{ missing: { name: string; statements: string[] }[] }>("select baton.missing_indexes() as missing");
  const weeks = [...new Set(row!.missing.map(({ name }) => /\d{8}/.exec(name)![0]))].filter((_, nth) => nth % 2 === 0);
  for (const { name, statements } of row!.missing)
    if (weeks.some((week) => name.includes(week))) for (const statement of statements) await database.query(statement);
});

/** All pages of a list, and the most entries that it may take for them. */
async function listAll(filter: Partial<ListRequest>, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let before: string | undefined; ;) {
    const page = await reader.listRuns({ ...filter, limit, ...(before && { before }) });
    ids.push(...page.runs.map(({ id }) => id));
    before = page.runs.length === limit ? ids.at(-1) : (page.next ?? undefined);
    expect(page.more).toBe(before !== undefined);
    if (before === undefined) return ids;
  }
}

for (const [most, limit] of [
  [20_000, 101],
  [20_000, 15],
  [30, 10],
  [3, 5],
] as const) {
  test(`filters, alone and together, show each run that fits once, newest first, where a page of ${limit} looks at ${most} entries`, async () => {
    await database.query(`create or replace function baton.most_entries() returns integer language sql immutable as 'select ${most}'`);
    for (let n = 0; n < (most < 10 ? 5 : 25); n++) {
      const filter = makeFilter(runs, random);
      const fitting = runs.filter((run) => fits(run, filter)).map(({ id }) => id);
      expect({ seed, filter, ids: await listAll(filter, limit) }).toEqual({ seed, filter, ids: fitting });
    }
  });
}

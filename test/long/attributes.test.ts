import { afterAll, beforeAll, expect, test } from "vitest";
import type { ListAnswer } from "../../shared/domain/run-protocol.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { newIdOf } from "../support/new-ids.ts";
import { explainingSession } from "../support/plans.ts";

const RUNS = 1_000_000;
const LIMIT = 1_001;

let database: TestDatabase;
const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

/** Which runs contain what is decided by the chance in their ids. */
beforeAll(async () => {
  database = await createTestDatabase();
  await database.query("select baton.ensure_partitions()");
  await database.query(
    `with stored as (
       insert into baton.run select ${newIdOf("n")}, 'w', 1, 2, '{}', now(), now() from generate_series(1, ${RUNS}) as n returning id
     ), numbered as (
       select id, row_number() over (order by substr(id::text, 16)) as n from stored
     )
     insert into baton.attribute
     select id, jsonb_build_object('of900000', n <= 900000, 'of1000', n <= 1000, 'of1', n = 1) from numbered order by id`,
  );
});

/** Each of a page of 1,001 runs is looked up in three tables. */
const most = 30_000;

for (const statistics of ["without", "with"]) {
  test(`attributes that 1, 1,000 and 900,000 of 1,000,000 runs contain are on the first page, each once, ${statistics} statistics, for ${most} buffers at most`, async () => {
    if (statistics === "with") await database.query("vacuum analyze");
    await using session = await explainingSession(database.ownerUrl);
    for (const count of [1, 1_000, 900_000]) {
      const request = JSON.stringify({ limit: LIMIT, paged: true, attributes: { [`of${count}`]: true } });
      await session.call("baton.list_runs($1)", request);
      const began = performance.now();
      const { answer, buffers } = await session.call("baton.list_runs($1)", request);
      measured.push(`${count} of ${RUNS}, ${statistics} statistics: ${buffers} buffers, ${(performance.now() - began).toFixed(1)} ms`);
      const ids = (answer as ListAnswer).runs.map(({ id }) => id);
      expect([count, ids.length, new Set(ids).size, buffers <= most]).toEqual([count, Math.min(count, LIMIT), ids.length, true]);
      expect(ids).toEqual(ids.toSorted().toReversed());
    }
  });
}

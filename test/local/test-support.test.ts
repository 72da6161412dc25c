import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { InvariantsBrokenError } from "../support/invariants.ts";

const database = await createTestDatabase();

for (const driver of ["neon", "pg"] as const) {
  test(`a role's login reaches its clone of the migrated database through ${driver}`, async () => {
    const rows = await database
      .connect("poller", driver)
      .query("select current_user, current_database(), pg_has_role('baton_poller', 'member') as member");
    expect(rows).toEqual([{ current_user: expect.stringMatching(/_poller$/), current_database: database.name, member: true }]);
  });
}

test("a clone made for one test is gone afterwards", async () => {
  let name: string;
  {
    await using clone = await createTestDatabase();
    name = clone.name;
    expect(await clone.query("select count(*)::int as runs from baton.run")).toEqual([{ runs: 0 }]);
  }
  expect(await database.query("select from pg_database where datname = $1", [name])).toHaveLength(0);
});

test("the database's time stops where a test puts it, moves by what a test adds, and runs on afterwards", async () => {
  const now = async (): Promise<Date> =>
    ((await database.database.query<{ now: Date }>("select baton.now() as now"))[0] as { now: Date }).now;
  await database.setNow(new Date("2030-01-01T00:00:00Z"));
  expect(await now()).toEqual(new Date("2030-01-01T00:00:00Z"));
  await database.advance("90 seconds");
  expect(await now()).toEqual(new Date("2030-01-01T00:01:30Z"));
  await database.setNow(null);
  await database.advance("1 day");
  const [real] = await database.query<{ apart: number }>("select extract(epoch from baton.now() - clock_timestamp())::float8 as apart");
  expect(real?.apart).toBeCloseTo(86_400, 1);
});

test("a broken invariant is listed with its run", async () => {
  await using clone = await createTestDatabase();
  await clone.assertInvariants();
  await clone.query("insert into baton.ready select baton.new_id(), 2, baton.now(), 0, false");
  await expect(clone.assertInvariants()).rejects.toThrow(InvariantsBrokenError);
  await expect(clone.assertInvariants()).rejects.toThrow(/belongs to a run: run [0-9a-f-]{36}: place/);
});

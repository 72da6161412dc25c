import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();

const kill = (what: string) => database.query("select pg_terminate_backend(pid) from pg_stat_activity where query = $1", [what]);

test("a connection that the server kills in the middle of a query is an unknown outcome, and the next call has a new one", async () => {
  const pg = database.connect("owner", "pg");
  const slow = pg.query("select pg_sleep(20)");
  const killed = until("the query has begun and was killed", async () => (await kill("select pg_sleep(20)")).length > 0);
  await expect(slow).rejects.toMatchObject({ name: "DatabaseUnknownOutcomeError" });
  await killed;
  expect(await pg.query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("a connection that is killed while it is idle is replaced without a word", async () => {
  const pg = database.connect("owner", "pg");
  await pg.query("select 'idle'");
  await until("the idle connection was killed", async () => (await kill("select 'idle'")).length > 0);
  await until("a new one answers", async () => {
    const rows = await pg.query<{ one: number }>("select 1 as one").catch(() => []);
    return rows.length === 1;
  });
});

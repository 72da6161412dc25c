import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase();
const session = new pg.Client({ connectionString: database.ownerUrl });
await session.connect();
afterAll(() => session.end());

const PARENT = "018f0000-0000-7000-8000-000000000001";
const ITEMS = 20_000;

/** How many rows of a table this session has read by an index, and not reported yet. */
async function countRead(table: string): Promise<number> {
  const { rows } = await session.query("select idx_tup_fetch::integer as n from pg_stat_xact_user_tables where relname = $1", [table]);
  return rows[0].n;
}

/** How many a call reads. Nobody has analysed the table, as after its first large map. */
async function rowsRead(table: string, call: string): Promise<number> {
  await session.query("begin");
  await session.query("set local enable_seqscan = off");
  const before = await countRead(table);
  await session.query(`select ${call}`);
  const after = await countRead(table);
  await session.query("rollback");
  return after - before;
}

test("a page of a map's items reads these alone, however many it has", async () => {
  await session.query("alter table baton.child set (autovacuum_enabled = off)");
  await session.query("alter table baton.waiting_item set (autovacuum_enabled = off)");
  const each = `from (select gen_random_uuid() as id, n from generate_series(0, ${ITEMS - 1}) as n) as i`;
  await session.query(
    `insert into baton.child (run_id, parent_id, path, detached, depth, item) select id, '${PARENT}', 'parts', false, 1, n ${each}`,
  );
  await session.query(
    `insert into baton.waiting_item (parent_id, path, item, run_id, again) select '${PARENT}', 'parts', n, id, false ${each} where n >= 10`,
  );
  await session.query(
    `insert into baton.awaited (parent_id, path, open, failed, tolerated, most) values ('${PARENT}', 'parts', 0, 0, 0, 10)`,
  );
  expect(await rowsRead("child", `baton.find_open_children('{${PARENT}}', 10)`)).toBeLessThanOrEqual(1_000);
  expect(await rowsRead("child", `baton.gather_items('${PARENT}', 'parts', 1000000)`)).toBeLessThanOrEqual(1_000);
  expect(await rowsRead("child", `baton.find_first_failed('${PARENT}', 'parts')`)).toBeLessThanOrEqual(3_000);
  // Read, and deleted.
  expect(await rowsRead("waiting_item", `baton.release_items('${PARENT}', 'parts', baton.now())`)).toBeLessThanOrEqual(20);
  await session.query("delete from baton.child; delete from baton.waiting_item; delete from baton.awaited");
});

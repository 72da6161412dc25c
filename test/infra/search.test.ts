import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { migrate } from "../../infra/migrate.ts";
import { checkSchema } from "../../infra/migrate/check-schema.ts";
import { SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { asUser, type EmptyServer, query, startEmptyServer } from "../db/empty-server.ts";

let server: EmptyServer;
let url: string;
let lines: string[];
const log = (line: string) => void lines.push(line);

beforeAll(async () => {
  server = await startEmptyServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.createDatabase();
  lines = [];
});

const search = (text: string) => query(url, `select baton.search_runs('{"text": "${text}", "limit": 1}') ->> 'ranked' as ranked`);
const invalid = () => query(url, "select indexrelid::regclass::text as name from pg_index where not indisvalid");
const indexes = async () =>
  (
    await query(
      url,
      `select indrelid::regclass::text as of from pg_index i join pg_am a on true join pg_class c on c.oid = i.indexrelid and c.relam = a.oid
       where amname = 'gin' and pg_get_indexdef(indexrelid) like '%gin_trgm_ops%' order by 1`,
    )
  ).map(({ of }) => of);

// First: the roles of this server are those that this owner makes.
test("an owner who is no superuser makes it, with roles and without", async () => {
  for (const roles of [true, false]) {
    url = await server.createOwner(roles ? "createrole" : "");
    await migrate({ url, sqlDir: SQL_DIR, roles, search: true, log });
    expect(await search("payments")).toEqual([{ ranked: "0" }]);
  }
});

test("without search a database says so, and has neither the extension nor an index; with it, it keeps both through every migration", async () => {
  await migrate({ url, sqlDir: SQL_DIR, roles: true, log });
  await expect(search("payments")).rejects.toMatchObject({ code: "BT060", hint: expect.stringContaining("--search") });
  expect([await indexes(), await query(url, "select from pg_extension where extname = 'pg_trgm'")]).toEqual([[], []]);
  await query(url, "select baton.ensure_partitions()");
  await migrate({ url, sqlDir: SQL_DIR, roles: true, search: true, log });
  expect(lines).toContain("built 10 search indexes");
  expect(await search("payments")).toEqual([{ ranked: "0" }]);
  expect(await checkSchema(url, SQL_DIR)).toBe("current");
  const before = await indexes();
  expect(before).toHaveLength(12);
  lines = [];
  await migrate({ url, sqlDir: SQL_DIR, roles: true, log });
  expect([await indexes(), lines.filter((line) => line.includes("search"))]).toEqual([before, []]);
});

test("a week that is made later has the indexes too", async () => {
  await migrate({ url, sqlDir: SQL_DIR, roles: true, search: true, log });
  await query(url, "select baton.make_partitions('2030-01-07', '2030-01-07', false)");
  expect(await indexes()).toEqual(expect.arrayContaining(["baton.failure_20300107", "baton.attribute_20300107"]));
  expect(await invalid()).toEqual([]);
});

test("an index whose build was killed is built again, by any migration from then on, and till then search is not there", async () => {
  await migrate({ url, sqlDir: SQL_DIR, roles: true, search: true, log });
  await query(url, "select baton.ensure_partitions()");
  // What a killed build leaves: the index of one week is there, not valid, and not attached.
  const [week] = await query(url, "select relname as name from pg_class where relname ~ '^failure_\\d+$' order by 1 limit 1");
  const name = week!["name"] as string;
  await query(
    url,
    `drop index baton.failure_search; create index failure_search on only baton.failure using gin ((left(error ->> 'message', 1000)) gin_trgm_ops);
     create index ${name}_search on baton.${name} using gin ((left(error ->> 'message', 1000)) gin_trgm_ops);
     update pg_index set indisvalid = false where indexrelid = 'baton.${name}_search'::regclass`,
  );
  await expect(search("payments")).rejects.toMatchObject({ code: "BT060" });
  await migrate({ url, sqlDir: SQL_DIR, roles: true, log });
  expect([await invalid(), await search("payments")]).toEqual([[], [{ ranked: "0" }]]);
});

test("it works where the extension is in a schema of somebody else's, by the rights of the groups alone", async () => {
  await query(url, "create schema extensions; create extension pg_trgm schema extensions");
  await migrate({ url, sqlDir: SQL_DIR, roles: true, search: true, log });
  const [found] = await query(
    url,
    `with stored as (select baton.enqueue(jsonb_build_object('runs', jsonb_build_array(jsonb_build_object('id', baton.new_id(),
       'workflow', 'w', 'version', 1, 'priority', 2, 'input', 1, 'attributes', '{"name": "Lovelace"}'::jsonb)))))
     select count(*)::int as n from stored`,
  );
  expect(found).toEqual({ n: 1 });
  await query(url, "create role somebody login password 'secret' in role baton_reader");
  url = asUser(url, "somebody", "secret");
  expect(await search("lovelce")).toEqual([{ ranked: "1" }]);
});

test("three who make it at once all succeed, and each week has its indexes once", async () => {
  await migrate({ url, sqlDir: SQL_DIR, roles: true, log });
  await query(url, "select baton.ensure_partitions()");
  await Promise.all([1, 2, 3].map(() => migrate({ url, sqlDir: SQL_DIR, roles: true, search: true, log })));
  expect([(await indexes()).length, await invalid()]).toEqual([12, []]);
});

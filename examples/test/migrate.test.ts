import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { dumpSchema } from "../../infra/dump-schema.ts";
import { SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { type EmptyServer, query, startEmptyServer } from "../../test/db/empty-server.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { ROLES } from "../../test/support/global-setup.ts";

const EXAMPLES = fileURLToPath(new URL("../sql", import.meta.url));

let server: EmptyServer;
let url: string;

beforeAll(async () => {
  server = await startEmptyServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.createDatabase();
});

const dump = (of: string) => dumpSchema(of, ["baton", "example"]);

/** The SQLSTATE with which a statement is refused, or "allowed"; what it does is rolled back. */
async function outcome(session: pg.Client, statement: string): Promise<string> {
  await session.query("begin");
  const outcome = await session.query(statement).then(
    () => "allowed",
    (error: { code: string }) => error.code,
  );
  await session.query("rollback");
  return outcome;
}

test("the tables are the poller's to write and the reader's to read, and nobody else's", async () => {
  await using database = await createTestDatabase();
  const write = "insert into example.videos values (gen_random_uuid(), null, 't', 's', 1, 1, now(), null)";
  const outcomes: string[][] = [];
  for (const role of ROLES) {
    const session = new pg.Client(database.url(role));
    await session.connect();
    outcomes.push([role, await outcome(session, "select from example.videos"), await outcome(session, write)]);
    await session.end();
  }
  expect(outcomes).toEqual([
    ["producer", "42501", "42501"],
    ["signaller", "42501", "42501"],
    ["poller", "allowed", "allowed"],
    ["reader", "allowed", "42501"],
    ["operator", "42501", "42501"],
    ["maintainer", "42501", "42501"],
    ["archiver", "42501", "42501"],
  ]);
});

test("what was migrated without roles may be migrated with them later", async () => {
  await migrate({ url, roles: false });
  await migrate({ url, roles: true });
  const whole = await server.createDatabase();
  await migrate({ url: whole, roles: true });
  expect(await dump(url)).toBe(await dump(whole));
  expect(await dump(url)).toContain("-- owner: baton_migrator\ncreate table example.videos (");
});

test("in a service of another name they are its poller's to write, and its reader's to read", async () => {
  await migrate({ url, roles: true, schema: "runs", service: "shop" });
  const found = await dumpSchema(url, ["example"]);
  expect(found).toContain("grant delete, insert, select, update on table example.videos to shop_poller;");
  expect(found).toContain("grant select on table example.videos to shop_reader;");
  expect(found).not.toContain("baton");
});

test("a database that was migrated when the file lay in sql/migrations has it already", async () => {
  await migrate({ url, roles: true });
  const [row] = await query(url, "select checksum from baton.migration where name = '0100_example'");
  expect(row).toEqual({ checksum: "46f0653d3a2879271cda4dedc6448f350b7b5f8006fa1bae811ffbf36e54a53a" });
});

test("a database keeps the tables when the folder is deleted, and takes it back when it returns", async () => {
  await migrate({ url, roles: true });
  const [before, lines] = [await dump(url), [] as string[]];
  const log = (line: string) => void lines.push(line);
  expect(await checkSchema(url, SQL_DIR)).toBe("current");
  await migrate({ url, roles: true, sqlDir: SQL_DIR, log });
  expect(lines).toContain("applied here before and not in this code: 0100_example, 0101_documents; what it made stays as it is");
  expect(await dump(url)).toBe(before);
  await migrate({ url, roles: true, log });
  expect(lines).not.toContain("applied 0100_example");
  expect(await dump(url)).toBe(before);
});

test("what one asks of the documents is the poller's and the reader's to ask", async () => {
  await using database = await createTestDatabase();
  const outcomes: string[][] = [];
  for (const role of ROLES) {
    const session = new pg.Client(database.url(role));
    await session.connect();
    outcomes.push([role, await outcome(session, "select from example.find_chunks('lease')")]);
    await session.end();
  }
  expect(outcomes).toEqual([
    ["producer", "42501"],
    ["signaller", "42501"],
    ["poller", "allowed"],
    ["reader", "allowed"],
    ["operator", "42501"],
    ["maintainer", "42501"],
    ["archiver", "42501"],
  ]);
});

test("a schema that was dropped by hand before it got the documents gets them, and stops no deployment", async () => {
  const older = await mkdtemp(join(tmpdir(), "baton-sql-"));
  await cp(SQL_DIR, older, { recursive: true });
  await cp(join(EXAMPLES, "migrations/0100_example.sql"), join(older, "migrations/0100_example.sql"));
  await migrate({ url, roles: true, sqlDir: older });
  await query(url, "drop schema example cascade");
  await migrate({ url, roles: true });
  expect(await query(url, "select from example.find_chunks('lease')")).toEqual([]);
});

test("pg_trgm is taken from where an administrator has put it, whatever the schema is called", async () => {
  await query(url, `create schema "Odd one"; grant usage on schema "Odd one" to public; create extension pg_trgm schema "Odd one"`);
  await migrate({ url, roles: true });
  await query(
    url,
    "insert into example.documents (url, title, format, sha256, size_bytes, fetched_at) values ('u', 't', 'text', '', 1, now())",
  );
  await query(url, "insert into example.chunks (document_id, position, body) select id, 1, 'a lamplighter' from example.documents");
  await query(url, "insert into example.words values ('lamplighter')");
  expect(await query(url, "select url, snippet from example.find_chunks('lamplihgter')")).toEqual([{ url: "u", snippet: "*lamplighter*" }]);
});

test("a schema that was dropped by hand stops no deployment", async () => {
  await migrate({ url, roles: true });
  await query(url, "drop schema example cascade");
  await migrate({ url, roles: true, sqlDir: SQL_DIR });
  await migrate({ url, roles: true });
  expect(await checkSchema(url)).toBe("current");
});

test.each([true, false])("a schema example of somebody else is left alone with a sentence; with roles: %s", async (roles) => {
  await using fresh = await startEmptyServer();
  url = await fresh.createDatabase();
  await query(url, "create role painter");
  await query(url, "create schema example authorization painter");
  await query(url, "create table example.picture (id int); alter table example.picture owner to painter");
  const facts = `select n.nspowner::regrole::text as schema, c.relowner::regrole::text as owner, n.nspacl::text as acl, c.relacl::text as rights
    from pg_namespace as n join pg_class as c on c.relnamespace = n.oid where n.nspname = 'example'`;
  const before = await query(url, facts);
  await expect(migrate({ url, roles })).rejects.toThrow(
    /^examples\/sql\/migrations\/0100_example\.sql was refused: .*42P06\)\. None of this code's other files makes that schema, so it was left as it is\. /,
  );
  await migrate({ url, roles, sqlDir: SQL_DIR });
  expect(await checkSchema(url, SQL_DIR)).toBe("current");
  expect(await query(url, facts)).toEqual(before);
});

import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RefusedSqlError, UnlawfulFileError, WrongEncodingError } from "../../infra/migrate/errors.ts";
import { readSqlFiles } from "../../infra/migrate/sql-files.ts";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { appliedMigrations, type EmptyServer, query, startEmptyServer } from "./empty-server.ts";

let server: EmptyServer;
let url: string;
let sqlDir: string;

beforeAll(async () => {
  server = await startEmptyServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.createDatabase();
  sqlDir = server.copySql();
});

const next = () => join(sqlDir, "migrations/9999_next.sql");
const migrateWith = (text: string | Buffer) => {
  writeFileSync(next(), text);
  return migrate({ url, roles: true, sqlDir });
};
const made = async () => (await query(url, "select from pg_tables where tablename in ('first', 'second')")).length;
const isApplied = async () => (await appliedMigrations(url)).includes("9999_next");

test.each([
  ["commit", "create table baton.first (id int); commit; select 1 / 0;"],
  ["commit and chain", "create table baton.first (id int); COMMIT AND CHAIN; select 1 / 0;"],
  ["end", "create table baton.first (id int);\n/* now /* really */ */ end; select 1 / 0;"],
  ["rollback", "create table baton.first (id int); rollback; create table baton.second (id int);"],
  ["abort", "create table baton.first (id int); abort; create table baton.second (id int);"],
  ["begin", "begin; create table baton.first (id int); commit;"],
  ["start transaction", "start\ntransaction; create table baton.first (id int);"],
  ["prepare transaction ''", "create table baton.first (id int); prepare transaction 'mine';"],
])("a migration that holds %s is refused before anything of it is sent, also the next time", async (statement, text) => {
  for (let tries = 1; tries <= 2; tries++) {
    const refused = migrateWith(text);
    await expect(refused).rejects.toThrow(UnlawfulFileError);
    await expect(refused).rejects.toThrow(`sql/migrations/9999_next.sql holds "${statement}" on line `);
  }
  expect([await made(), await isApplied(), await checkSchema(url, sqlDir)]).toEqual([0, false, "older"]);
});

test("a migration that ends its transaction by a way that its text does not show does not count as applied", async () => {
  // With this setting of before 2010 the backslash hides the quote behind it, and what looks like a
  // string is a commit.
  await query(url, "do $$ begin execute format('alter database %I set standard_conforming_strings = off', current_database()); end $$");
  const hidden = String.raw`create table baton.first (id int); select 'a\' || '; commit; --';`;
  await expect(migrateWith(hidden)).rejects.toThrow(/^sql\/migrations\/9999_next\.sql ended the transaction .* does not count as applied/);
  expect([await made(), await isApplied()]).toEqual([1, false]);
  await query(url, "drop table baton.first");
  await expect(migrateWith(`${hidden}\nselect 1 / 0;`)).rejects.toThrow(RefusedSqlError);
  expect([await made(), await isApplied()]).toEqual([1, false]);
});

test("words of transactions in comments, strings, names, bodies of routines and savepoints are no transactions", async () => {
  await migrateWith(`
    -- commit;
    /* rollback; /* begin; */ commit; */
    create table baton.first ("commit" text default 'a; commit;', note text default E'it\\'s; commit;', at text default $$; commit;$$);
    create function baton.one() returns int language sql begin atomic select case when true then 1 end; select 2; end;
    create function baton.two() returns int language plpgsql as $body$ begin perform 1; return 2; end $body$;
    do $$ begin perform 1; end; $$;
    savepoint here; create table baton.second (id int); rollback to savepoint here; release savepoint here;
  `);
  expect([await made(), await isApplied()]).toEqual([1, true]);
});

test.each([
  [
    "copy … from stdin",
    "create table baton.first (id int);\ncopy baton.first from stdin with (format csv);\n1\n\\.\n",
    'holds "copy baton.first from stdin with (format csv)" on line 2: a file has no data',
  ],
  [
    "\\connect",
    "create table baton.first (id int);\n\\connect other\ncreate table baton.second (id int);",
    'holds "\\connect other" on line 2: that is a command of psql',
  ],
  ["\\i after a statement", "select 1; \\i more.sql", 'holds "\\i more.sql" on line 1: that is a command of psql'],
  ["nothing", " \r\n", "is empty: write its statements"],
  ["a NUL", "create table baton.first (id int);\0 select 1 / 0;", "holds a NUL character"],
])("a migration with %s is refused with a sentence that says what to do", async (_what, text, sentence) => {
  await expect(migrateWith(text)).rejects.toThrow(`sql/migrations/9999_next.sql ${sentence}`);
  expect([await made(), await isApplied()]).toEqual([0, false]);
});

test.each([
  ["0101_shop", "0101_store", /0101_store\.sql has the number of sql\/migrations\/0101_shop\.sql\. Give the newer one the next number\.$/],
  ["0101_shop", "shop", /^sql\/migrations\/shop\.sql has no number of four digits to be applied by\. /],
  ["0101_shop", "10101_shop", /^sql\/migrations\/10101_shop\.sql has no number of four digits to be applied by\. /],
])("migrations %s and %s are refused by their names, and nothing is done", async (first, second, sentence) => {
  for (const name of [first, second]) writeFileSync(join(sqlDir, `migrations/${name}.sql`), "select 1;");
  await expect(migrate({ url, roles: true, sqlDir })).rejects.toThrow(sentence);
  expect(await appliedMigrations(url)).toEqual([]);
});

test("of a migration that was copied it is said which other one makes its schema", async () => {
  writeFileSync(join(sqlDir, "migrations/0101_shop.sql"), "create schema shop; create table shop.sale (id int);");
  await expect(migrateWith("create schema shop; create table shop.refund (id int);")).rejects.toThrow(
    /^sql\/migrations\/9999_next\.sql was refused: .*\(42P06\)\. sql\/migrations\/0101_shop\.sql makes that schema too, so it was left as it is\. Take another/,
  );
  await query(url, "create schema aside");
  await expect(migrateWith("create schema aside;")).rejects.toThrow(/ None of this code's other files makes that schema, so /);
});

test("a file that is not UTF-8 is refused, and nothing is done", async () => {
  await expect(migrateWith(Buffer.from("\uFEFFcreate table baton.first (id int);", "utf16le"))).rejects.toThrow(
    `${next()} is not UTF-8 text. Save it as UTF-8.`,
  );
  expect(await appliedMigrations(url)).toEqual([]);
});

test("a byte order mark and line ends of Windows change neither what a file does nor its checksum", async () => {
  const text = "create table baton.first (id int);\n-- done\n";
  await migrateWith(`\uFEFF${text.replaceAll("\n", "\r\n")}`);
  const file = join(sqlDir, "functions/now.sql");
  writeFileSync(file, `\uFEFF${readFileSync(file, "utf8").replaceAll("\n", "\r\n")}`);
  expect([await made(), await checkSchema(url, sqlDir)]).toEqual([1, "current"]);
  await migrateWith(text);
  expect(await checkSchema(url, sqlDir)).toBe("current");
});

test("a migration may hold comments alone", async () => {
  await migrateWith("-- What stood here went into 9998.\n");
  expect(await checkSchema(url, sqlDir)).toBe("current");
});

test("what cannot run in a transaction is refused with what to do instead", async () => {
  const refused = migrateWith("create table baton.first (id int); create index concurrently on baton.first (id);");
  await expect(refused).rejects.toThrow(RefusedSqlError);
  await expect(refused).rejects.toThrow(
    /^sql\/migrations\/9999_next\.sql was refused: .*\(25001\)\. .* run that statement with psql first/,
  );
  expect([await made(), await isApplied()]).toEqual([0, false]);
});

test("functions and grants may not control transactions either", async () => {
  appendFileSync(join(sqlDir, "functions/now.sql"), "\ncommit;\n");
  await expect(migrate({ url, roles: true, sqlDir })).rejects.toThrow('sql/functions/now.sql holds "commit" on line ');
  expect(await query(url, "select from pg_proc where pronamespace = 'baton'::regnamespace")).toEqual([]);
});

test("what a migration sets for its session is not handed on to the next one", async () => {
  writeFileSync(join(sqlDir, "migrations/9998_before.sql"), "create schema aside; set search_path = aside; set timezone = 'Asia/Tokyo';");
  await migrateWith("create table baton.first as select current_schemas(false)::text as path, current_setting('timezone') as zone;");
  expect(await query(url, "select path, zone = current_setting('timezone') as same from baton.first")).toEqual([
    { path: "{public}", same: true },
  ]);
});

test.each(["LATIN1", "SQL_ASCII", "EUC_JP"])(
  "a database with the encoding %s is refused with a sentence by everything that meets it",
  async (encoding) => {
    const name = `baton_${encoding.toLowerCase()}`;
    await query(url, `create database ${name} encoding '${encoding}' locale 'C' template template0`);
    const other = Object.assign(new URL(url), { pathname: `/${name}` }).href;
    const sentence = `The database ${name} has the encoding ${encoding}, `;
    for (const meet of [() => migrate({ url: other, roles: true }), () => checkSchema(other)]) {
      await expect(meet).rejects.toThrow(WrongEncodingError);
      await expect(meet).rejects.toThrow(sentence);
    }
    expect(await appliedMigrations(other)).toEqual([]);
  },
);

describe("a folder with SQL beside Baton's", () => {
  const shop = () => ({ path: join(sqlDir, "shop"), name: "shop/sql" });
  const put = (file: string) => {
    mkdirSync(join(shop().path, "migrations"), { recursive: true });
    writeFileSync(join(shop().path, file), "select 1;");
  };

  test("has its migrations applied by number among the others, and its roles and grants after Baton's", () => {
    put("migrations/0101_shop.sql");
    put("grants.sql");
    writeFileSync(join(sqlDir, "migrations/0102_own.sql"), "select 1;");
    const { migrations, roles, grants } = readSqlFiles(sqlDir, [shop()]);
    expect(migrations.slice(-2).map(({ file }) => file)).toEqual(["shop/sql/migrations/0101_shop.sql", "sql/migrations/0102_own.sql"]);
    expect([roles, grants].map((files) => files.map(({ file }) => file))).toEqual([
      ["sql/roles.sql"],
      ["sql/grants.sql", "shop/sql/grants.sql"],
    ]);
  });

  test("may not have a migration of the name of another", () => {
    put("migrations/0001_run.sql");
    expect(() => readSqlFiles(sqlDir, [shop()])).toThrow(
      /0001_run\.sql has the name of a migration in another folder\. Rename one of them/,
    );
  });

  test("changes what is to be granted, and not what is to be migrated, when its grants change", () => {
    const before = readSqlFiles(sqlDir, [shop()]);
    put("grants.sql");
    const { rolesChecksum, functionsChecksum } = readSqlFiles(sqlDir, [shop()]);
    expect(functionsChecksum).toBe(before.functionsChecksum);
    expect(rolesChecksum).not.toBe(before.rolesChecksum);
  });
});

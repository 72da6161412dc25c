import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withClient } from "../../infra/migrate/connection.ts";
import { checkSchema } from "../../infra/migrate/index.ts";
import { emptyDatabase } from "../package/empty-database.ts";
import { createTestDatabase } from "../support/database.ts";
import { projectFolder } from "../support/project-folder.ts";
import { pgbaton } from "./pgbaton.ts";

test("migrate makes the schema, says so again, and doctor finds an empty database unhealthy before and well after", async () => {
  await using database = await emptyDatabase();
  const env = { DATABASE_URL: database.url };
  const before = await pgbaton(["doctor"], { env });
  expect([before.code, before.stdout]).toEqual([5, expect.stringContaining("FIX  schema: none\n     run pgbaton migrate")]);
  expect((await pgbaton(["migrate", "--no-roles"], { env })).stdout).toMatch(/applied 0001_run\n[^]*The schema is up to date.\n$/);
  expect((await pgbaton(["migrate", "--no-roles"], { env })).code).toBe(0);
  const after = await pgbaton(["doctor", "--json"], { env });
  const { findings } = JSON.parse(after.stdout) as { findings: { about: string; advice?: string }[] };
  expect(findings).toContainEqual({ about: "schema: current" });
  // The tests' server works without fsync, which doctor must notice.
  expect(findings.filter(({ advice }) => advice !== undefined).map(({ about }) => about)).toEqual([
    expect.stringMatching(/^durability: .*, fsync off$/),
  ]);
  expect(after.code).toBe(5);
});

test("a schema that is newer than the command stays as it is", async () => {
  await using database = await createTestDatabase();
  await database.query("insert into baton.migration (name, checksum) values ('0099_later', 'x')");
  const ended = await pgbaton(["migrate"], { env: { DATABASE_URL: database.ownerUrl } });
  expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, "", expect.stringContaining("newer than this version and stays as it is")]);
});

test.each([["--no-roles"], []])("the SQL that migrate --print %s prints makes the schema that migrate makes", async (...flags) => {
  await using database = await emptyDatabase();
  const { code, stdout } = await pgbaton(["migrate", "--print", ...flags]);
  expect(code).toBe(0);
  await withClient(database.url, (client) => client.query(`begin; ${stdout}; commit`));
  expect(await checkSchema(database.url)).toBe("current");
  const { rows } = await withClient(database.url, (client) =>
    client.query<{ owner: string }>(
      "select distinct pg_get_userbyid(proowner) as owner from pg_proc where pronamespace = 'baton'::regnamespace and prosecdef order by 1",
    ),
  );
  const owners = rows.map(({ owner }) => owner);
  if (flags.length === 0) expect(owners).toEqual(["baton_engine", "baton_migrator"]);
  else expect(owners).not.toContain("baton_engine");
});

test("init writes two files, prints the snippet of the tool, changes nothing else and overwrites nothing", async () => {
  const folder = projectFolder();
  writeFileSync(join(folder, "package.json"), '{ "name": "shop", "type": "module", "dependencies": { "pg": "8.0.0" } }');
  writeFileSync(join(folder, "serverless.yml"), "service: shop\n");
  const first = await pgbaton(["init"], { cwd: folder });
  expect([first.code, first.stdout]).toEqual([0, expect.stringContaining("batonPoll:")]);
  expect(first.stderr).toContain("npm install zod @middy/core");
  expect(readdirSync(folder).sort()).toEqual(["baton", "package.json", "serverless.yml"]);
  expect(readFileSync(join(folder, "serverless.yml"), "utf8")).toBe("service: shop\n");
  const before = readFileSync(join(folder, "baton/index.js"), "utf8");
  const again = await pgbaton(["init"], { cwd: folder });
  expect([again.code, again.stderr]).toEqual([1, "baton/greet.js and baton/index.js are there already: nothing was written.\n"]);
  expect(readFileSync(join(folder, "baton/index.js"), "utf8")).toBe(before);
});

test("init outside of a project says so and writes nothing", async () => {
  const folder = projectFolder();
  const ended = await pgbaton(["init"], { cwd: folder });
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(/^There is no package.json here/)]);
  expect(existsSync(join(folder, "baton"))).toBe(false);
});

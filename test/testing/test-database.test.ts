import { existsSync } from "node:fs";
import { expect, inject, onTestFinished, test } from "vitest";
import * as z from "zod";
import { testRuntime, TestServerRefusedError } from "../../infra/testing.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { uniqueName } from "../support/cluster.ts";
import { firstLine, killed, startScript } from "../support/processes.ts";
import { until } from "../support/until.ts";

const { adminUrl } = inject("testServer");
const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({}) }).step("say", () => "hello");
const asAdmin = async (text: string, values: unknown[] = []) =>
  (await withClient(adminUrl, (client) => client.query<{ name: string }>(text, values))).rows.map(({ name }) => name);
const databasesLike = (prefix: string) => asAdmin("select datname as name from pg_database where starts_with(datname, $1)", [prefix]);

test("tests that begin together share one template, and each has a database of its own, which goes with it", async () => {
  const runtimes = await Promise.all([1, 2, 3].map(() => testRuntime({ workflows: [greet], url: adminUrl })));
  const names = runtimes.map(({ url }) => new URL(url).pathname.slice(1));
  expect(new Set(names).size).toBe(3);
  const [first, ...others] = runtimes;
  const run = await first!.enqueue(greet, {});
  for (const other of others) await expect(other.run(run)).rejects.toMatchObject({ name: "RunNotFoundError" });
  const from = performance.now();
  await using late = await testRuntime({ workflows: [greet], url: adminUrl });
  console.log(`A test after the first starts in ${Math.round(performance.now() - from)} ms`);
  for (const runtime of runtimes) await runtime[Symbol.asyncDispose]();
  const there = await databasesLike("pgbaton_test_");
  expect(names.filter((name) => there.includes(name))).toEqual([]);
  expect(there).toContain(new URL(late.url).pathname.slice(1));
  const templates = await asAdmin(
    "select datname as name from pg_database where starts_with(datname, 'pgbaton_template_') and pg_get_userbyid(datdba) = current_user",
  );
  expect(templates).toHaveLength(1);
});

test("half a template that a killed process has left is made anew", async () => {
  // Another user has another template.
  const user = await makeUser("createdb");
  const url = asUser(user);
  await using first = await testRuntime({ workflows: [greet], url });
  const [template] = await asAdmin(
    "select datname as name from pg_database where starts_with(datname, 'pgbaton_template_') and pg_get_userbyid(datdba) = $1",
    [user],
  );
  await asAdmin(`alter database ${template!} rename to ${template!}_half`);
  // Under another spelling of its URL the server is one that this process does not know yet.
  await using t = await testRuntime({ workflows: [greet], url: `${url}?application_name=again` });
  const run = await t.enqueue(greet, {});
  await t.idle();
  expect(await t.run(run)).toMatchObject({ status: "done" });
  expect(await databasesLike(template!)).toEqual([template]);
  expect(first.url).not.toBe(t.url);
});

test("a user who may not create databases is told what to do", async () => {
  const user = await makeUser("nocreatedb");
  const refused = await testRuntime({ workflows: [greet], url: asUser(user) }).catch((thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(TestServerRefusedError);
  expect((refused as Error).message).toBe(
    `The user ${user} may not create databases on the server for tests: let a superuser run ALTER ROLE ${user} CREATEDB, ` +
      "name another server in TEST_DATABASE_URL, or unset it for an embedded Postgres. permission denied to create database",
  );
});

test("workflows that nobody could run are refused before a database is made", async () => {
  const url = "postgresql://nobody@127.0.0.1:1/nowhere";
  await expect(testRuntime({ workflows: [greet, greet], url })).rejects.toMatchObject({ name: "InvalidWorkflowError" });
});

test.each(["end", "stay"])("an embedded server's data goes with its process, by its end or by kill -9: %s", async (how) => {
  const child = startScript(new URL("hold-runtime.ts", import.meta.url), how);
  const { status, dataDir } = JSON.parse(await firstLine(child)) as { status: string; dataDir: string };
  expect([status, existsSync(dataDir)]).toEqual(["done", true]);
  if (how === "stay") await killed(child);
  await until("its data is gone", () => !existsSync(dataDir) && !existsSync(`${dataDir}.log`));
});

const password = "in-a-test";

async function makeUser(right: "createdb" | "nocreatedb"): Promise<string> {
  const user = uniqueName("pgbaton_user");
  await asAdmin(`create role ${user} login password '${password}' ${right}`);
  onTestFinished(async () => {
    const owned = await asAdmin("select datname as name from pg_database where pg_get_userbyid(datdba) = $1", [user]);
    for (const name of owned) await asAdmin(`drop database ${name} with (force)`);
    await asAdmin(`drop role ${user}`);
  });
  return user;
}

const asUser = (user: string) => Object.assign(new URL(adminUrl), { username: user, password }).href;

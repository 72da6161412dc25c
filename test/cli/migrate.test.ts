import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import { schemaOf } from "../../infra/cli/context.ts";
import { exitCodeOf } from "../../infra/cli/exit-codes.ts";
import { sqlWords } from "../../infra/cli/sql-words.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { checkSchema, migrate, type ServiceNames } from "../../infra/migrate/index.ts";
import { SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { connect } from "../../shared/db/connect.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { query, startEmptyServer } from "../db/empty-server.ts";
import { poll } from "../support/poller.ts";
import { pgbaton } from "./pgbaton.ts";

const server = await startEmptyServer();
afterAll(() => server[Symbol.asyncDispose]());

test("the SQL that migrate --print prints for another schema and service runs in one transaction, and a run goes through", async () => {
  const url = await server.createDatabase();
  const names = ["--schema", "my_x", "--service", "my-shop"];
  const { stdout } = await pgbaton(["migrate", "--print", ...names]);
  await withClient(url, (client) => client.query(`begin; ${stdout}; commit`));
  expect([await checkSchema(url, undefined, "my_x"), await checkSchema(url)]).toEqual(["current", "none"]);
  const env = { DATABASE_URL: url, BATON_SCHEMA: "my_x" };
  expect((await pgbaton(["doctor", ...names], { env })).stdout).toContain("ok   schema: current\n");
  const id = (await pgbaton(["trigger", "greet", "--workflow-version", "1"], { env })).stdout.trim();
  await using connection = connect({ url, driver: "pg", schema: "my_x" });
  await poll(connection, [defineWorkflow({ name: "greet", version: 1, input: z.object({}) }).step("only", () => null)]);
  expect((await pgbaton(["runs", "tail", id], { env })).code).toBe(0);
});

test("a second schema that takes the group roles of another one is told so, and one with a service of its own is not", async () => {
  const url = await server.createDatabase();
  const saying = async (names: ServiceNames) => {
    const said: string[] = [];
    await migrate({ url, roles: true, sqlDir: SQL_DIR, log: (line) => said.push(line), ...names });
    return said.filter((line) => line.includes("group roles"));
  };
  expect([await saying({}), await saying({ schema: "apart", service: "apart" })]).toEqual([[], []]);
  expect(await saying({ schema: "second" })).toEqual([
    "The schema second has the group roles of baton, baton_poller and so on: a login of one may do the same in the other. " +
      "Give each service a name of its own before its schema is made: --service <name>, or service in serverless.yml.",
  ]);
});

test("a word that SQL keeps for itself is known before any server is asked", async () => {
  const rows = await query(server.url, "select word from pg_get_keywords() where catcode in ('R', 'T')");
  expect(rows.map(({ word }) => word).filter((word) => !sqlWords.has(word as string))).toEqual([]);
  expect([...sqlWords].length).toBeLessThanOrEqual(rows.length + 1);
});

test.each(['A"b', "PG_X", "pg_x", "", "a".repeat(64), "order", "information_schema", "public"])(
  "%j is no name of a schema, which is a slip of whoever asks: 2",
  (schema) => {
    const thrown = thrownBy(() => schemaOf({ schema }));
    expect([exitCodeOf(thrown), thrown.message]).toEqual([2, expect.stringContaining(`"${schema}" cannot be the name of a schema: it `)]);
  },
);

test.each([["migrate"], ["migrate", "--print"], ["trigger", "greet"], ["runs", "list"], ["doctor"]])(
  "%s %s with such a name ends with one sentence, and says nothing of what it would do",
  async (...command) => {
    const { code, stdout, stderr } = await pgbaton([...command, "--schema", "order"], { env: { DATABASE_URL: server.url } });
    expect([code, stdout, stderr]).toEqual([2, "", '"order" cannot be the name of a schema: it is a word of SQL.\n']);
  },
);

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error("It threw nothing.");
}

test("a schema that somebody else has filled ends with 2, before anything is said to be done", async () => {
  const url = await server.createDatabase();
  await query(url, "create schema shop; create table shop.sale ()");
  expect(await pgbaton(["migrate", "--schema", "shop"], { env: { DATABASE_URL: url } })).toEqual({
    code: 2,
    stdout: "",
    stderr: "The schema shop cannot be taken: it holds what somebody else has made. Take another one with --schema <name>.\n",
  });
});

test("a login that may not make the group roles ends with 3, and is told of --no-roles for whatever way it came by", async () => {
  const url = await server.createOwner("nocreaterole");
  const { code, stderr } = await pgbaton(["migrate", "--service", "nobody"], { env: { DATABASE_URL: url } });
  expect([code, stderr]).toEqual([3, expect.stringMatching(/or without roles, with --no-roles\.\n$/)]);
});

test.each([
  ["runs", "list"],
  ["trigger", "greet"],
])("%s %s in a database without the schema ends with 5 and says how to make it", async (...command) => {
  const env = { DATABASE_URL: await server.createDatabase() };
  expect(await pgbaton([...command, "--schema", "nope"], { env })).toEqual({
    code: 5,
    stdout: "",
    stderr:
      "Schema nope is missing in the database: as its owner, run pgbaton migrate --schema nope, or npm run migrate -- --schema nope in a clone of the repository.\n",
  });
});

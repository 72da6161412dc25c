import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../../infra/root.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { projectFolder } from "../support/project-folder.ts";
import { pgbaton } from "./pgbaton.ts";

/** A service with two versions of a workflow, the older one last, in TypeScript. */
const SERVICE = `
  import * as z from "zod";
  import { defineWorkflow } from "pgbaton";
  const greet = (version: number) =>
    defineWorkflow({ name: "greet", version, input: z.object({ name: z.string() }) }).step("only", ({ input }) => input.name);
  export const workflows = [greet(2), greet(1)];`;

let database: TestDatabase;
let cwd: string;
beforeAll(async () => {
  database = await createTestDatabase();
  cwd = projectFolder();
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(ROOT, join(cwd, "node_modules/pgbaton"));
  mkdirSync(join(cwd, "baton"));
  writeFileSync(join(cwd, "package.json"), '{ "name": "user", "type": "module" }');
  writeFileSync(join(cwd, "baton/index.ts"), SERVICE);
});
afterAll(() => database[Symbol.asyncDispose]());

const trigger = (name: string, data: string, ...more: string[]) =>
  pgbaton(["trigger", name, "--data", data, ...more], { cwd, env: { DATABASE_URL: database.url("owner") } });

test("the newest version of the entry is taken, though all runs are of an older one, and its schema checks the input", async () => {
  const before = await trigger("greet", '{"name":"Ada"}', "--workflow-version", "1");
  expect(before.code).toBe(0);
  const ended = await trigger("greet", '{"name":"Bob"}', "--entry", "baton/index.ts");
  expect([ended.code, ended.stderr]).toEqual([0, "greet, version 2: of baton/index.ts\n"]);
  expect(await database.query("select version from baton.run where id = $1", [ended.stdout.trim()])).toEqual([{ version: 2 }]);
  const wrong = await trigger("greet", '{"name":7}', "--entry", "baton/index.ts");
  expect([wrong.code, wrong.stdout, wrong.stderr]).toEqual([
    2,
    "",
    expect.stringContaining('"/input/name": Invalid input: expected string'),
  ]);
  expect(readdirSync(join(cwd, ".baton"))).toEqual([]);
});

test.each([
  [["--entry", "baton/index.ts"], "nobody", "baton/index.ts has no workflow nobody; it has greet."],
  [["--entry", "baton/index.ts", "--workflow-version", "3"], "greet", "baton/index.ts has no version 3 of greet; it has 2, 1."],
  [["--entry", "none.ts"], "greet", "There is no file none.ts: --entry takes the module that exports workflows."],
  [["--entry", "package.json"], "greet", "package.json exports no list of workflows: export const workflows = [ … ]."],
])("trigger %s %s is refused with 2: %s", async (flags, name, sentence) => {
  const { code, stdout, stderr } = await trigger(name, "{}", ...flags);
  expect([code, stdout, stderr]).toEqual([2, "", `${sentence}\n`]);
});

test("beside a dev, the entry that dev takes is taken", async () => {
  mkdirSync(join(cwd, ".baton"), { recursive: true });
  writeFileSync(join(cwd, ".baton/database-url"), `${database.url("owner")}\n`);
  const { code, stderr } = await pgbaton(["trigger", "greet", "--data", '{"name":"Cy"}'], { cwd });
  expect([code, stderr]).toEqual([0, "greet, version 2: of baton/index.ts\n"]);
});

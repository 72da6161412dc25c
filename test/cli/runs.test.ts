import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { projectFolder } from "../support/project-folder.ts";
import { pgbaton } from "./pgbaton.ts";

const greet = defineWorkflow({ name: "greet", version: 2, input: z.object({ name: z.string() }) }).step(
  "compose",
  { retry: { maxAttempts: 1 } },
  ({ input }) => {
    if (input.name === "") throw new Error("nobody to greet");
    return `Hello ${input.name}`;
  },
);
const nowhere = "00000000-0000-7000-8000-000000000000";

let database: TestDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  database = await createTestDatabase();
  env = { DATABASE_URL: database.url("owner") };
});
afterAll(() => database[Symbol.asyncDispose]());

const trigger = async (name: string, ...more: string[]) =>
  (await pgbaton(["trigger", "greet", "--workflow-version", "2", "--data", JSON.stringify({ name }), ...more], { env })).stdout.trim();
const work = () => poll(database.database, [greet]);

test("a run is stored, listed, looked at, followed, and ends with 0 where it is done", async () => {
  const id = await trigger("Ada");
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  await work();
  const followed = await pgbaton(["runs", "tail", id], { env });
  expect([followed.code, followed.stdout]).toEqual([0, expect.stringMatching(/compose .* attempt 1 {2}done[^]* done\n$/)]);
  const listed = await pgbaton(["runs", "list", "--workflow", "greet", "--status", "done", "--json"], { env });
  expect(JSON.parse(listed.stdout)).toMatchObject({ runs: [{ id, version: 2, status: "done" }], more: false });
  expect(JSON.parse((await pgbaton(["runs", "get", id], { env })).stdout)).toMatchObject({ output: "Hello Ada" });
  expect((await pgbaton(["runs", "list"], { env })).stdout).toContain(id);
});

test("a run that failed ends a follower with 6, and is redriven with a yes only", async () => {
  const id = await trigger("");
  await work();
  const followed = await pgbaton(["runs", "tail", id, "--json"], { env });
  expect([followed.code, JSON.parse(followed.stdout)]).toEqual([6, expect.objectContaining({ status: "failed" })]);
  const unasked = await pgbaton(["runs", "redrive", id], { env });
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringMatching(/^redrive run .* of .*\nNothing was done: say --yes/)]);
  expect(await database.query("select from baton.redrive")).toEqual([]);
  const redriven = await pgbaton(["runs", "redrive", id, "--yes"], { env });
  expect([redriven.code, redriven.stdout]).toEqual([0, `${id}  ready\n`]);
  const [row] = await database.query("select actor from baton.audit where run_id = $1", [id]);
  expect(row).toBeDefined();
});

const many = defineWorkflow({ name: "many", version: 1, input: z.object({}) }).map(
  "pages",
  { over: () => Array.from({ length: 130 }, (_, n) => n), concurrency: 5 },
  (chain) => chain.step("zip", ({ item }) => item).step("get", ({ zip }) => "x".repeat(1_000 + zip)),
);
const stored = async (workflow: string) => (await pgbaton(["trigger", workflow, "--workflow-version", "1"], { env })).stdout.trim();

test("a follower tells every attempt, also of steps that a run only counts, in the order in which they ended", async () => {
  const id = await stored("many");
  await poll(database.database, [many]);
  const { code, stdout } = await pgbaton(["runs", "tail", id], { env });
  const lines = stdout.trim().split("\n");
  expect([code, lines.length, lines.at(-1)]).toEqual([0, 261, expect.stringMatching(/ done$/)]);
  const told = lines.slice(0, -1).map((line) => /pages\/\S+/.exec(line)![0]);
  const ended = await database.query<{ node: string; at: number }>(
    "select node, floor(extract(epoch from finished_at) * 1000)::float8 as at from baton.checkpoint where run_id = $1 and attempt > 0",
    [id],
  );
  const endOf = new Map(ended.map(({ node, at }) => [node, at]));
  expect(new Set(told)).toEqual(new Set(endOf.keys()));
  const times = told.map((path) => endOf.get(path)!);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});

test("a follower gives up with 124 when its time is over", async () => {
  const id = await stored("many");
  const { code, stderr } = await pgbaton(["runs", "tail", id, "--timeout", "0 seconds"], { env });
  expect([code, stderr]).toEqual([124, `The run ${id} is ready and goes on; look again with runs tail ${id}.\n`]);
  expect((await pgbaton(["runs", "tail", id, "--timeout", "soon"], { env })).code).toBe(2);
  await poll(database.database, [many]);
});

test.each(["get", "tail"])("runs %s ends quietly with 141 once nobody reads what it prints", async (command) => {
  const id = await stored("many");
  await poll(database.database, [many]);
  const { code, stderr } = await pgbaton(["runs", command, id], { env, closed: true });
  expect([code, stderr]).toEqual([141, ""]);
});

const paid = defineWorkflow({ name: "pay", version: 1, input: z.object({}) })
  .waitFor("paid", { output: z.int(), timeout: "1 day", key: () => "o-1" })
  .waitFor("again", { output: z.int(), timeout: "1 day" });

test("a run is sent what it waits for, by its id or its key, with a yes only, and once for one id", async () => {
  const id = (await pgbaton(["trigger", "pay", "--workflow-version", "1"], { env })).stdout.trim();
  await poll(database.database, [paid]);
  const byKey = ["runs", "signal", "pay", "paid", "5", "--key", "o-1", "--id", "a"];
  const unasked = await pgbaton(byKey, { env });
  expect([unasked.code, unasked.stderr]).toEqual([
    2,
    expect.stringMatching(/^signal "paid" to key o-1 of pay of .*\nNothing was done: say --yes/),
  ]);
  const sent = [await pgbaton([...byKey, "--yes"], { env }), await pgbaton([...byKey, "--yes", "--json"], { env })];
  expect([sent[0]!.code, sent[0]!.stdout, JSON.parse(sent[1]!.stdout)]).toEqual([0, `${id}  accepted\n`, { status: "repeated", run: id }]);
  await poll(database.database, [paid]);
  const direct = await pgbaton(["runs", "signal", id, "again", "6", "--yes"], { env });
  expect([direct.code, direct.stdout]).toEqual([0, `${id}  accepted\n`]);
  await poll(database.database, [paid]);
  expect(JSON.parse((await pgbaton(["runs", "get", id], { env })).stdout)).toMatchObject({ status: "done", output: 6 });
  const codes = [
    await pgbaton(["runs", "signal", nowhere, "paid", "--yes"], { env }),
    await pgbaton(["runs", "signal", id, "Paid", "--yes"], { env }),
    await pgbaton(["runs", "signal", id, "paid", "{", "--yes"], { env }),
  ];
  expect(codes.map(({ code }) => code)).toEqual([4, 2, 2]);
});

test("ids come from standard input too, and one that cannot be cancelled gives its code and leaves the others", async () => {
  const [one, other] = [await trigger("Bob"), await trigger("Cy")];
  const cancelled = await pgbaton(["runs", "cancel", "-", "--yes", "--json"], { env, input: `${one}\n${nowhere}\n${other}\n` });
  const lines = cancelled.stdout.trim().split("\n");
  expect([cancelled.code, lines.map((line) => JSON.parse(line) as object)]).toEqual([
    4,
    [one, other].map((id) => ({ id, status: "cancelled" })),
  ]);
  expect(cancelled.stderr).toContain("1 of 3 could not be done.");
});

test("a cancel with --undo says that it is cancelling until what the run has done is undone", async () => {
  const undone: unknown[] = [];
  const workflow = defineWorkflow({ name: "rent", version: 1, input: z.object({}) })
    .step("untie", { undo: (output) => void undone.push(output) }, () => "boat 7")
    .sleep("row", "1 day");
  const [id] = await enqueue(database.database, workflow, [{}]);
  await poll(database.database, [workflow]);
  const cancelled = await pgbaton(["runs", "cancel", id!, "--undo", "--yes"], { env });
  expect([cancelled.code, cancelled.stdout]).toEqual([0, `${id}  cancelling\n`]);
  expect(undone).toEqual([]);
  const again = await pgbaton(["runs", "cancel", id!, "--yes"], { env });
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("it is being undone, which goes on to its end")]);
  await poll(database.database, [workflow]);
  expect(undone).toEqual(["boat 7"]);
  expect(JSON.parse((await pgbaton(["runs", "get", id!], { env })).stdout)).toMatchObject({
    status: "cancelled",
    undo: { status: "complete", because: "cancelled" },
  });
});

test("a file and standard input are data as well, a key makes a repeat harmless, and a wait that is over gives 124", async () => {
  const file = join(projectFolder(), "input.json");
  writeFileSync(file, '{"name":"Eve"}');
  const first = await pgbaton(["trigger", "greet", "--workflow-version", "2", "--data", `@${file}`, "--key", "k-1"], { env });
  const again = await pgbaton(["trigger", "greet", "--workflow-version", "2", "--data", "-", "--key", "k-1"], {
    env,
    input: '{"name":"Eve"}',
  });
  expect([again.code, again.stdout]).toEqual([0, first.stdout]);
  const waited = await pgbaton(["trigger", "greet", "--data", '{"name":"Flo"}', "--delay", "1 hour", "--wait", "--timeout", "0 seconds"], {
    env,
  });
  expect([waited.code, waited.stderr]).toEqual([
    124,
    expect.stringMatching(/^greet, version 2: that of its newest run here; --entry [^]*is waiting and goes on/),
  ]);
});

test.each<[string, string[], number, RegExp]>([
  ["an unknown command", ["walk"], 2, /unknown command/],
  ["an unknown flag", ["runs", "list", "--colour"], 2, /unknown option/],
  ["a filter that is none", ["runs", "list", "--status", "gone"], 2, /"status": give one of/],
  ["data that are no JSON", ["trigger", "greet", "--data", "{"], 2, /--data is not JSON/],
  [
    "a number that JavaScript does not give back",
    ["trigger", "greet", "--data", '{"n":12345678901234567890}'],
    2,
    /^--data would not come back as it is, at "\/n": this number/,
  ],
  [
    "an attribute like that",
    ["runs", "list", "--attributes", '{"n":0.10000000000000000001}'],
    2,
    /^--attributes would not come back as it is/,
  ],
  [
    "a workflow that never had a run",
    ["trigger", "nobody"],
    2,
    /^This database has no run of nobody yet.* say --entry <module>.* or --workflow-version/,
  ],
  ["a file that is not there", ["trigger", "greet", "--data", "@none.json"], 2, /cannot be read: none.json/],
  ["an id that no run has", ["runs", "get", nowhere], 4, /^No run of .* has the id 0{8}/],
  ["a run to follow that is not there", ["runs", "tail", nowhere], 4, /^No run of /],
  [
    "a migration that is not there",
    ["migrate", "--print", "--from", "0000_none"],
    2,
    /There is no migration 0000_none; there are 0001_run/,
  ],
  ["a first migration without --print", ["migrate", "--from", "0001_run"], 2, /^--from goes with --print/],
  ["a URL that is none", ["runs", "list", "--url", "notaurl"], 2, /^--url is not a connection string/],
])("%s ends with a sentence and the code of its kind", async (_what, args, code, said) => {
  const ended = await pgbaton(args, { env });
  expect([ended.code, ended.stdout]).toEqual([code, ""]);
  expect(ended.stderr).toMatch(said);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
});

test.each([
  ["no database at all", {}, 2, /^Say which database/],
  ["what is no connection string", { DATABASE_URL: "shop" }, 2, /^DATABASE_URL is not a connection string/],
  ["a server that is not there", { DATABASE_URL: "postgresql://x:y@127.0.0.1:1/z" }, 3, /ECONNREFUSED/],
])("%s is told from a run that is not there", async (_what, settings, code, said) => {
  const ended = await pgbaton(["doctor"], { env: settings });
  expect([ended.code, ended.stdout]).toEqual([code, ""]);
  expect(ended.stderr).toMatch(said);
});

test("a wrong password ends with 3 and shows none", async () => {
  const url = new URL(database.url("reader"));
  url.password = "s3cret";
  const ended = await pgbaton(["runs", "list"], { env: { DATABASE_URL: url.href } });
  expect(ended.code).toBe(3);
  expect(ended.stdout + ended.stderr).not.toContain("s3cret");
});

const pay = defineWorkflow({ name: "pay", version: 1, input: z.object({}) }).step("charge", () => 1);
const family = defineWorkflow({ name: "family", version: 1, input: z.object({}) })
  .child("survey", { detach: true }, pay, () => ({}))
  .child("payment", pay, () => ({}));

test("the children of a run are listed as a table or as JSON, page by page, those of one node alone, and none of a run that is none", async () => {
  const id = await stored("family");
  await poll(database.database, [family, pay]);
  const children = (...flags: string[]) => pgbaton(["runs", "children", id, ...flags], { env });
  const table = await children();
  expect([table.code, table.stdout]).toEqual([
    0,
    expect.stringMatching(/path +id +awaited[^]*payment +[\w-]{36} +yes +pay +1 +done[^]*survey +[\w-]{36} +no +pay/),
  ]);
  const [, cursor] = /There are more: --cursor (\S+)/.exec((await children("--limit", "1")).stderr)!;
  const last = await children("--limit", "1", "--cursor", cursor!, "--json");
  expect(JSON.parse(last.stdout)).toMatchObject({ children: [{ path: "survey", detached: true, status: "done" }], more: false });
  expect(JSON.parse((await children("--path", "payment", "--json")).stdout)).toMatchObject({ children: [{ path: "payment" }] });
  expect(await children("--cursor", "payment")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("give the cursor of the page before"),
  });
  expect(await pgbaton(["runs", "children", nowhere], { env })).toMatchObject({ code: 4, stderr: expect.stringContaining(nowhere) });
});

import { expect, test } from "vitest";
import * as z from "zod";
import { handler } from "../../functions/control-runs.http.ts";
import { createClient, type RunFilter } from "../../shared/client.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { poll } from "../support/poller.ts";

const database = await deployFunctions("operator");
const client = createClient({ database: database.database });
const list = (query: Record<string, string>) => call(handler, { path: "/runs", query: String(new URLSearchParams(query)) });
const ids = async (query: Record<string, string>) => (await list(query)).body.runs.map(({ id }) => id);

const pay = defineWorkflow({ name: "pay", version: 3, input: z.object({ fails: z.boolean() }) }).step("charge", ({ input }) => {
  if (input.fails) throw Object.assign(new NonRetryableError("no funds"), { name: "PaymentError" });
  return null;
});

test("runs that a poller ended are found by what became of them, over HTTP and by the client", async () => {
  const start = new Date(Date.now() - 60_000).toISOString();
  const [failed, done] = (await client.enqueueMany(pay, [{ input: { fails: true } }, { input: { fails: false } }])).map(({ id }) => id);
  await poll(database.connect("poller"), [pay]);
  await database.query("insert into baton.attribute values ($1, $2)", [failed, { customerId: "c-1", tags: ["eu", "vip"] }]);
  const end = new Date(Date.now() + 60_000).toISOString();
  const found: [RunFilter, (string | undefined)[]][] = [
    [{ errorName: "PaymentError" }, [failed]],
    [{ failedNode: "charge" }, [failed]],
    [{ failedNode: "ship" }, []],
    [{ version: 3, status: "done" }, [done]],
    [{ version: 2 }, []],
    [{ attributes: { tags: ["eu"] } }, [failed]],
    [{ attributes: { tags: ["eu"], customerId: "c-2" } }, []],
    [{ createdAfter: start, createdBefore: end, endedAfter: start, endedBefore: end }, [done, failed]],
    [{ createdBefore: start }, []],
    [{ endedAfter: end }, []],
  ];
  for (const [filter, expected] of found) {
    const query = Object.entries(filter).map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]);
    expect([filter, await ids(Object.fromEntries(query))]).toEqual([filter, expected]);
    expect([filter, (await client.list(filter)).runs.map(({ id }) => id)]).toEqual([filter, expected]);
  }
  expect(await client.list({ createdAfter: new Date(start), limit: 1 })).toMatchObject({ runs: [{ id: done }], cursor: done, more: true });
  expect(await client.list({ limit: 1, cursor: done })).toMatchObject({ runs: [{ id: failed }], cursor: null, more: false });
});

test("a list takes whatever name SQL stored a run under", async () => {
  for (const workflow of ["Old name", "näme", "x".repeat(200)]) {
    const [rows] = await database.query<{ id: string }>(
      `with made as (select baton.new_id() as id)
       select id, baton.enqueue(jsonb_build_object('runs', jsonb_build_array(
         jsonb_build_object('id', id, 'workflow', $1::text, 'version', 1, 'priority', 2, 'input', '{}'::jsonb)))) from made`,
      [workflow],
    );
    expect(await ids({ workflow })).toEqual([rows!.id]);
  }
});

const deep = (levels: number): string => (levels === 0 ? "1" : `{"a":${deep(levels - 1)}}`);

test.each(["/runs", "/workflows", "/reports/slow-steps", `/runs/${crypto.randomUUID()}`])(
  "U+0000 in whatever parameter of GET %s is 400, which names the parameter",
  async (path) => {
    for (const name of ["search", "workflow", "cursor", "limit", "attributes", "node", "unknown"]) {
      const answer = await call(handler, { path, query: `${name}=a%00bc` });
      expect([name, answer.status, answer.body.errors]).toEqual([name, 400, [{ parameter: name, message: expect.any(String) }]]);
    }
  },
);

test("a containment may be nested eight deep", async () => {
  expect((await list({ attributes: deep(8) })).status).toBe(200);
});

test.each([
  [{ attributes: "{" }, "attributes", /give JSON/],
  [{ attributes: "[1]" }, "attributes", /JSON object/],
  [{ attributes: "null" }, "attributes", /JSON object/],
  [{ attributes: deep(9) }, "attributes", /deeper than 8/],
  [{ attributes: deep(65) }, "attributes", /deeper/],
  [{ attributes: '{"n":12345678901234567890}' }, "attributes/n", /as a string/],
  [{ attributes: '{"tags":["\\u0000"]}' }, "attributes/tags/0", /NUL/],
  [{ createdAfter: "yesterday" }, "createdAfter", /time with its zone/],
  [{ createdAfter: "2031-01-01" }, "createdAfter", /time with its zone/],
  [{ createdAfter: "2031-01-01T00:00Z" }, "createdAfter", /time with its zone/],
  [{ createdAfter: "2031-01-01T00:00:00+0200" }, "createdAfter", /time with its zone/],
  [{ createdAfter: "2031-01-01T00:00:00z" }, "createdAfter", /time with its zone/],
  [{ endedBefore: "2031-02-30T00:00:00Z" }, "endedBefore", /time with its zone/],
  [{ endedBefore: "0001-01-01T00:00:00Z" }, "endedBefore", /1970 to 9999/],
  [{ createdAfter: "2031-01-02T00:00:00Z", createdBefore: "2031-01-01T00:00:00Z" }, "createdBefore", /later than createdAfter/],
  [{ endedAfter: "2031-01-01T02:00:00+02:00", endedBefore: "2031-01-01T00:00:00Z" }, "endedBefore", /later than endedAfter/],
  [{ version: "0" }, "version", /whole number/],
  [{ version: "1.5" }, "version", /whole number/],
  [{ version: "9999999999" }, "version", /whole number from 1 to 2147483647$/],
  [{ version: "99999999999" }, "version", /whole number from 1 to 2147483647$/],
  [{ status: "over" }, "status", /^give one of ready, running, waiting, blocked, done, failed, cancelled$/],
  [{ workflow: "" }, "workflow", /name of a workflow/],
  [{ workflow: "x".repeat(201) }, "workflow", /at most 200/],
  [{ createdAfter: "2031-01-01T00:00Z" }, "createdAfter", /seconds/],
  [{ errorName: "" }, "errorName", /name of an error/],
  [{ errorName: "x".repeat(201) }, "errorName", /name of an error/],
  [{ failedNode: "a\0b" }, "failedNode", /U\+0000/],
  [{ error_name: "Error" }, "error_name", /not known/],
] as const)("the filter %o, where it is wrong, is refused by its name, with a sentence", async (query, parameter, message) => {
  const { status, body } = await list(query);
  expect(status).toBe(400);
  expect(body).toMatchObject({
    type: "urn:baton:problem:invalid-query",
    errors: expect.arrayContaining([{ parameter: expect.stringMatching(`^${parameter}`), message: expect.stringMatching(message) }]),
  });
});

test("the client refuses the same, names each filter that is wrong, and asks nothing", async () => {
  const wrong = { version: 0, createdAfter: new Date(Number.NaN), attributes: [] } as unknown as RunFilter;
  await expect(client.list(wrong)).rejects.toMatchObject({
    name: "InvalidFilterError",
    issues: [{ parameter: "version" }, { parameter: "attributes" }, { parameter: "createdAfter" }],
  });
});

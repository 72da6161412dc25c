import { expect, test } from "vitest";
import { handler } from "../../functions/control-runs.http.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { newRuns } from "../support/engine-calls.ts";

const database = await deployFunctions("operator");
await database.query("select baton.enqueue($1)", [JSON.stringify({ runs: newRuns(3, { priority: 1 }) })]);

interface Body {
  readonly rows: readonly Record<string, unknown>[];
  readonly detail: string;
}

const get = (name: string, query = "") => call<Body>(handler, { path: `/reports/${name}`, parameters: { name }, query });

test("a report is answered with its name, from where it is, and rows", async () => {
  const { status, body } = await get("storage", "since=7d&workflow=fulfil-order&limit=1");
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      report: "storage",
      from: "runs",
      rows: [{ workflow: "fulfil-order", runs: 3, steps: 0, input_bytes: 69, output_bytes: 0, bytes: 69, bytes_a_run: 23 }],
    },
  });
  expect((await get("storage", "since=4w")).body).toEqual({
    report: "storage",
    from: "rollup",
    rows: [{ workflow: "fulfil-order", runs: 3, steps: 0, input_bytes: null, output_bytes: null, bytes: 69, bytes_a_run: 23 }],
  });
  expect((await get("backlog-age")).body.rows).toMatchObject([{ priority: 1, ready: 3 }]);
});

test("an unknown report is 404, with the names of those that there are", async () => {
  const { status, body } = await get("slowest");
  expect(status).toBe(404);
  expect(body).toMatchObject({
    type: "urn:baton:problem:unknown-report",
    detail: expect.stringContaining("There are slow-steps, failures,"),
  });
});

test.each([
  ["since=1day", "since", "give a number and m, h, d or w"],
  ["since=7d&since=8d", "since", "give it once"],
  ["limit=1000", "limit", "give a whole number from 1 to 100"],
  ["workflow=%00", "workflow", "give text without U+0000"],
  ["depth=1", "depth", "there is no such option; there are since, workflow, node and limit"],
  ["__proto__=1", "__proto__", "there is no such option"],
])("the query %s is refused with a sentence that says what to give", async (query, parameter, message) => {
  const { status, body } = await get("slow-steps", query);
  expect(status).toBe(400);
  expect(body).toMatchObject({
    type: "urn:baton:problem:invalid-query",
    errors: [{ parameter, message: expect.stringContaining(message) }],
  });
});

/** Has every look at a failure do something, in the place of its fingerprint. */
const replaceFingerprint = (statement: string) =>
  database.query(`create or replace function baton.fingerprint(name text, message text) returns text language plpgsql immutable
    as $$ begin ${statement}; end $$`);

test("the database ends a report after ten seconds: 504, with the command that may take longer", async () => {
  await database.query("insert into baton.failure select id, 'charge', 1, now(), now(), null, '{}' from baton.run");
  await replaceFingerprint("return current_setting('statement_timeout')");
  expect((await get("failures", "since=2d")).body.rows).toMatchObject([{ fingerprint: "10s" }]);
  await replaceFingerprint("raise exception 'canceling statement due to statement timeout' using errcode = '57014'");
  const { status, body } = await get("failures", "since=2d&node=charge");
  expect(status).toBe(504);
  expect(body).toMatchObject({
    type: "urn:baton:problem:report-too-long",
    detail:
      "The report failures took longer than 10 seconds: look at a shorter time. " +
      "Or make it where it may take longer: npm run report -- failures --since 2d --node charge",
  });
});

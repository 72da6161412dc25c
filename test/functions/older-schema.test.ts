import { expect, test, vi } from "vitest";
import { handler as controlRuns } from "../../functions/control-runs.http.ts";
import { handler as enqueueRun } from "../../functions/enqueue-run.http.ts";
import { call, deployFunctions } from "../support/http-functions.ts";

const database = await deployFunctions("owner");
const logged = vi.spyOn(enqueueRun.app().logger, "error");

const post = () =>
  call(enqueueRun, {
    method: "POST",
    path: "/workflows/fulfil-order/runs",
    parameters: { name: "fulfil-order" },
    body: { input: { orderId: "o-1", amountCents: 1 } },
  });

const refusesNames = `create or replace function baton.require_keys(what text, given jsonb, required text[], known text[]) returns void
  language plpgsql as $$ begin if given ? 'by' then raise '% has the unknown key "by"', what using errcode = 'BT040'; end if; end $$`;

test("over functions that keep no audit yet, a cancel is unavailable and does not pass unnoticed", async () => {
  const id = (await post()).body.id;
  const before = await database.query<{ text: string }>("select pg_get_functiondef('baton.require_keys'::regproc) as text");
  await database.query(refusesNames);
  for (const action of ["cancel", "redrive"]) {
    const { status, body } = await call(controlRuns, { method: "POST", path: `/runs/${id}/${action}`, parameters: { id } });
    expect([status, body.type]).toEqual([503, "urn:baton:problem:unavailable"]);
  }
  await database.query(before[0]!.text);
});

test("over a database that is not migrated yet, the API is unavailable and not broken, and the log says what to run", async () => {
  for (const statement of ["alter function baton.enqueue(jsonb) rename to enqueue_gone", "drop schema baton cascade"]) {
    await database.query(statement);
    const { status, headers, body } = await post();
    expect(status).toBe(503);
    expect(headers).toMatchObject({ "retry-after": "30" });
    expect(body).toMatchObject({
      type: "urn:baton:problem:unavailable",
      detail: expect.stringMatching(/^Nothing was stored: .* not migrated yet/),
    });
    const [, fields] = logged.mock.lastCall!;
    expect(fields).toMatchObject({ error: { name: "OlderSchemaError", message: expect.stringContaining("npm run migrate") } });
  }
  expect((await call(controlRuns, { method: "GET", path: "/runs" })).status).toBe(503);
});

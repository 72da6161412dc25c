import { afterEach, expect, test } from "vitest";
import { v7 } from "uuid";
import * as z from "zod";
import { handler } from "../../functions/control-runs.http.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createClient, type RunView } from "../../shared/client.ts";
import { call, deployFunctions, type AnswerBody } from "../support/http-functions.ts";
import { poll } from "../support/poller.ts";
import { fulfilOrder } from "../support/workflows.ts";

const database = await deployFunctions("operator");
const client = createClient({ database: database.database });
const order = { orderId: "o-1", amountCents: 1250 };
const moody = defineWorkflow({ name: "moody", version: 1, input: z.object({ well: z.boolean() }) })
  .step("begin", () => "begun")
  .step("decide", { retry: { maxAttempts: 1 } }, ({ input }) => {
    if (!input.well && process.env["MOOD"] !== "better") throw new NonRetryableError("not in the mood");
    return "decided";
  })
  .step("end", () => "ended");

const get = <Body = RunView>(path: string, query = "") => {
  const id = path.split("/")[2];
  return call<Body>(handler, { path, query, ...(id !== undefined && { parameters: { id } }) });
};
const post = (path: string, query = "") => call(handler, { method: "POST", path, query });
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

afterEach(async () => {
  delete process.env["MOOD"];
  await database.assertInvariants();
});

test("a run is shown from the day it is accepted to its end, every node of the chain in order", async () => {
  const { id } = await client.enqueue(fulfilOrder, order);
  const { status, body } = await get(`/runs/${id}`);
  expect(status).toBe(200);
  expect(Object.keys(body)).toEqual([
    "id",
    "workflow",
    "version",
    "parent",
    "follows",
    "followedBy",
    "status",
    "input",
    "attributes",
    "output",
    "error",
    "waiting",
    "steps",
    "undo",
    "redrives",
    "crashes",
    "createdAt",
    "finishedAt",
  ]);
  expect(body).toMatchObject({
    id,
    workflow: "fulfil-order",
    version: 1,
    status: "ready",
    input: order,
    createdAt: time,
    finishedAt: null,
  });
  expect(body.steps).toEqual(
    ["charge", "ship", "cooling-off", "notify"].map((name) => ({ name, path: name, status: "pending", output: null, attempts: [] })),
  );

  await poll(database.database, [fulfilOrder]);
  const { body: asleep } = await get(`/runs/${id}`);
  expect(asleep.status).toBe("waiting");
  expect(asleep.waiting).toEqual({ for: "sleep", until: time, reason: '"cooling-off" sleeps' });
  expect(asleep.steps.map((step) => step.status)).toEqual(["done", "done", "waiting", "pending"]);
  expect(asleep.steps[0]).toEqual({
    name: "charge",
    path: "charge",
    status: "done",
    output: { chargeId: expect.stringContaining(id) },
    attempts: [
      {
        number: 1,
        startedAt: time,
        finishedAt: time,
        error: { name: "Error", message: expect.stringContaining("on purpose"), stack: expect.any(String) },
      },
      { number: 2, startedAt: time, finishedAt: time, error: null },
    ],
  });

  await database.advance("10 seconds");
  await poll(database.database, [fulfilOrder]);
  const { body: done } = await get(`/runs/${id}`);
  expect(done).toMatchObject({ status: "done", waiting: null, error: null, crashes: 0, finishedAt: time });
  expect(done.output).toEqual(done.steps.at(-1)!.output);
  expect(done.steps.every((step) => step.status === "done")).toBe(true);
  await database.setNow(null);
});

test.each(["nonsense", "__proto__", v7(), "00000000-0000-0000-0000-000000000000", "%00", "' or 1=1 --"])(
  "there is no run %j",
  async (id) => {
    for (const answered of [await get<AnswerBody>(`/runs/${id}`), await post(`/runs/${id}/cancel`), await post(`/runs/${id}/redrive`)]) {
      expect(answered.status).toBe(404);
      expect(answered.body).toMatchObject({ type: "urn:baton:problem:unknown-run", status: 404 });
    }
  },
);

test("a parked run is cancelled at once, also when asked again, and its nodes are skipped", async () => {
  const { id } = await client.enqueue(moody, { well: true }, { delay: "1 hour" });
  for (let times = 0; times < 2; times++) {
    const { status, body } = await post(`/runs/${id}/cancel`);
    expect(status).toBe(202);
    expect(body).toEqual({ id, status: "cancelled" });
  }
  const { body: run } = await get(`/runs/${id}`);
  expect(run).toMatchObject({ status: "cancelled", waiting: null, finishedAt: time });
});

test("a leased run is cancelling until its poller hears of it", async () => {
  const { id } = await client.enqueue(moody, { well: true });
  await database.query("select baton.claim(gen_random_uuid(), $1)", [
    { columns: true, ttl_ms: 30_000, max: 100, max_bytes: 1e6, low: {}, manifest: [{ name: "moody", version: 1, shape: "" }] },
  ]);
  expect((await post(`/runs/${id}/cancel`)).body).toEqual({ id, status: "cancelling" });
  expect((await get(`/runs/${id}`)).body.status).toBe("running");
});

test("a run that is over cannot be cancelled, and one that has not failed cannot be redriven", async () => {
  const { id } = await client.enqueue(moody, { well: true });
  const early = await post(`/runs/${id}/redrive`);
  expect(early.status).toBe(409);
  await poll(database.database, [moody]);
  for (const action of ["cancel", "redrive"]) {
    const { status, body } = await post(`/runs/${id}/${action}`);
    expect(status).toBe(409);
    expect(body).toMatchObject({ type: "urn:baton:problem:wrong-status", detail: expect.stringContaining("done") });
  }
});

test("a failed run is redriven where it stopped, once, however often it is asked", async () => {
  const { id } = await client.enqueue(moody, { well: false });
  await poll(database.database, [moody]);
  const { body: failed } = await get(`/runs/${id}`);
  expect(failed).toMatchObject({ status: "failed", error: { name: "NonRetryableError", message: "not in the mood" } });
  expect((await post(`/runs/${id}/cancel`)).status).toBe(409);
  for (let times = 0; times < 2; times++) {
    const { status, body } = await post(`/runs/${id}/redrive`);
    expect(status).toBe(202);
    expect(body).toEqual({ id, status: "ready" });
  }
  expect((await get(`/runs/${id}`)).body).toMatchObject({ status: "ready", error: null, finishedAt: null });
  process.env["MOOD"] = "better";
  await poll(database.database, [moody]);
  const { body: done } = await get(`/runs/${id}`);
  expect(done.status).toBe("done");
  expect(done.steps.map(({ name, attempts }) => [name, attempts.length])).toEqual([
    ["begin", 1],
    ["decide", 2],
    ["end", 1],
  ]);
});

test("a lost answer of cancel and redrive changes nothing: the call is repeated", async () => {
  const { id } = await client.enqueue(moody, { well: false });
  await poll(database.database, [moody]);
  let faults = 1;
  database.neon.inject(({ text }) => (text.includes("baton.redrive") && faults-- > 0 ? { kind: "drop-after" } : undefined));
  expect(await post(`/runs/${id}/redrive`)).toMatchObject({ status: 202, body: { id, status: "ready" } });
  faults = 1;
  database.neon.inject(({ text }) => (text.includes("baton.cancel") && faults-- > 0 ? { kind: "drop-after" } : undefined));
  expect(await post(`/runs/${id}/cancel`)).toMatchObject({ status: 202, body: { id, status: "cancelled" } });
  database.neon.inject(undefined);
});

test("a cancel and a redrive that say which life of the run they mean leave the others alone", async () => {
  const { id } = await client.enqueue(moody, { well: false });
  await poll(database.database, [moody]);
  expect(await post(`/runs/${id}/redrive`, "redrives=0")).toMatchObject({ status: 202, body: { id, status: "ready" } });
  expect((await get(`/runs/${id}`)).body).toMatchObject({ status: "ready", redrives: 1 });
  expect(await post(`/runs/${id}/cancel`, "redrives=0")).toMatchObject({ status: 409, body: { type: "urn:baton:problem:wrong-status" } });
  await poll(database.database, [moody]);
  expect(await post(`/runs/${id}/redrive`, "redrives=0")).toMatchObject({ status: 202, body: { id, status: "failed" } });
  expect(await post(`/runs/${id}/redrive`, "redrives=1")).toMatchObject({ status: 202, body: { id, status: "ready" } });
  expect(await post(`/runs/${id}/cancel`, "redrives=2")).toMatchObject({ status: 202, body: { id, status: "cancelled" } });
  for (const query of ["redrives=-1", "redrives=", "redrives=one", "lives=1", "redrives=1&redrives=1"]) {
    expect(await post(`/runs/${id}/redrive`, query)).toMatchObject({ status: 400, body: { type: "urn:baton:problem:invalid-query" } });
  }
});

test.each([
  ["POST", "/cancel"],
  ["POST", "/redrive"],
  ["DELETE", ""],
])("%s /runs/{id}%s refuses a body that would not be heard, and does nothing", async (method, path) => {
  const { id } = await client.enqueue(fulfilOrder, order);
  for (const body of ['{"redrives":0}', "text", "[]"]) {
    expect(await call(handler, { method, path: `/runs/${id}${path}`, body })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "" }] },
    });
  }
  expect((await call(handler, { path: `/runs/${id}` })).body.status).toBe("ready");
  expect((await call(handler, { method, path: `/runs/${id}${path}`, body: " {} " })).status).not.toBe(422);
});

test("an unknown route and method are 404, a missing key is 401 on every route, without touching the database", async () => {
  const requests = database.neon.stats.requests;
  for (const [method, path] of [
    ["DELETE", "/runs"],
    ["GET", "/"],
    ["GET", "/runs/a/b"],
    ["PUT", "/runs/a"],
    ["OPTIONS", "/runs"],
  ] as const) {
    expect(await call(handler, { method, path })).toMatchObject({ status: 404, body: { type: "urn:baton:problem:unknown-route" } });
  }
  for (const [method, path] of [
    ["GET", "/runs"],
    ["GET", `/runs/${v7()}`],
    ["POST", `/runs/${v7()}/cancel`],
    ["POST", `/runs/${v7()}/redrive`],
    ["GET", "/x"],
  ] as const) {
    expect((await call(handler, { method, path, headers: { authorization: undefined } })).status).toBe(401);
  }
  expect(database.neon.stats.requests).toBe(requests);
});

test("while the database is away, looking and steering are answered with 503 and Retry-After", async () => {
  database.neon.inject(() => ({ kind: "status-before", status: 500 }));
  for (const { status, headers } of await Promise.all([get(`/runs`), get(`/runs/${v7()}`), post(`/runs/${v7()}/cancel`)])) {
    expect(status).toBe(503);
    expect(headers["retry-after"]).toMatch(/^\d+$/);
  }
  database.neon.inject(undefined);
});

test("while the database is away, a GET is told that nothing was changed, and a POST that it may have been stored", async () => {
  database.neon.inject(() => ({ kind: "status-before", status: 500 }));
  const [list, run, cancel] = await Promise.all([get(`/runs`), get(`/runs/${v7()}`), post(`/runs/${v7()}/cancel`)]);
  database.neon.inject(undefined);
  for (const { body } of [list, run]) {
    expect(body).toMatchObject({ detail: expect.stringContaining("Nothing was changed") });
    expect(body).not.toMatchObject({ detail: expect.stringContaining("stored") });
  }
  expect(cancel.body.detail).toContain("may or may not have been stored");
});

test("what an operator does is noted with the name of the key, once", async () => {
  const { id } = await client.enqueue(fulfilOrder, order);
  for (let n = 0; n < 2; n++) await post(`/runs/${id}/cancel`);
  expect(await database.query("select action, run_id, actor from baton.actions where run_id = $1", [id])).toEqual([
    { action: "cancel", run_id: id, actor: "environment" },
  ]);
});

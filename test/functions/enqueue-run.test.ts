import { expect, test } from "vitest";
import { context, httpEvent } from "../support/http-event.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { handler } from "../../functions/enqueue-run.http.ts";

const database = await deployFunctions("producer");

const order = { orderId: "o-1", amountCents: 1250 };
const post = (body: unknown, headers: Record<string, string> = {}) =>
  call(handler, { method: "POST", path: "/workflows/fulfil-order/runs", parameters: { name: "fulfil-order" }, body, headers });
const stored = async () => (await database.query<{ runs: number }>("select count(*)::int as runs from baton.run"))[0]!.runs;

test("one run is answered with 202, its id and its Location, and is stored with its parsed input", async () => {
  const { status, headers, body } = await post({ input: order });
  expect(status).toBe(202);
  expect(body).toEqual({ id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/), status: "ready" });
  expect(headers["location"]).toBe(`/runs/${body.id}`);
  const rows = await database.query("select workflow, version, priority, input from baton.run where id = $1", [body.id]);
  expect(rows).toEqual([{ workflow: "fulfil-order", version: 1, priority: 2, input: order }]);
});

test("a batch is answered in its order, with the place, time and priority that each run asks for", async () => {
  const { status, headers, body } = await post({
    runs: [
      { input: { ...order, orderId: "a" } },
      { input: { ...order, orderId: "b" }, delay: "10 seconds", priority: 0 },
      { input: { ...order, orderId: "c" }, runAt: "2035-01-01T01:00:00+02:00", priority: 3 },
    ],
  });
  expect(status).toBe(202);
  expect(headers["location"]).toBeUndefined();
  expect(body.runs.map((run) => run.status)).toEqual(["ready", "waiting", "waiting"]);
  const rows = await database.query(
    `select r.input ->> 'orderId' as "order", r.priority, date_trunc('second', r.start_at - r.created_at)::text as wait, r.start_at
     from unnest($1::uuid[]) with ordinality as asked (id, place) join baton.run r using (id) order by place`,
    [body.runs.map(({ id }) => id)],
  );
  expect(rows).toMatchObject([
    { order: "a", priority: 2, wait: "00:00:00" },
    { order: "b", priority: 0, wait: "00:00:10" },
    { order: "c", priority: 3 },
  ]);
  expect(rows[2]!["start_at"]).toEqual(new Date("2034-12-31T23:00:00.000Z"));
});

test("a time may have any zone that ISO 8601 allows, also those that Postgres does not", async () => {
  const { status, body } = await post({ input: order, runAt: "2035-01-02T00:00:00+23:00" });
  expect(status).toBe(202);
  const rows = await database.query<{ start_at: Date }>("select start_at from baton.run where id = $1", [body.id]);
  expect(rows).toEqual([{ start_at: new Date("2035-01-01T01:00:00.000Z") }]);
});

test("a thousand runs are stored by one request, a thousand and one are refused", async () => {
  const runs = Array.from({ length: 1_000 }, () => ({ input: order }));
  const { status, body } = await post({ runs });
  expect(status).toBe(202);
  expect(new Set(body.runs.map(({ id }) => id)).size).toBe(1_000);
  const before = await stored();
  const refused = await post({ runs: [...runs, { input: order }] });
  expect(refused.status).toBe(422);
  expect(refused.body.errors).toEqual([{ pointer: "/runs", message: "give 1 to 1000 runs" }]);
  expect(await stored()).toBe(before);
});

test("a batch with one bad run stores none of them", async () => {
  const before = await stored();
  const good = { input: order };
  const { status, body } = await post({ runs: [good, good, good, { input: { orderId: 7, amountCents: 1250 } }] });
  expect(status).toBe(422);
  expect(body.errors).toEqual([{ pointer: "/runs/3/input/orderId", message: expect.any(String) }]);
  expect(await stored()).toBe(before);
});

test("the same Idempotency-Key and body give the same answer, with keys in any order", async () => {
  const headers = { "idempotency-key": "request-1" };
  const first = await post({ input: order, priority: 1 }, headers);
  const again = await post('{ "priority": 1, "input": { "amountCents": 1250, "orderId": "o-1" } }', headers);
  expect(first.status).toBe(202);
  expect(again).toEqual(first);
});

test("the same Idempotency-Key with another body is refused, also with the same runs in another form", async () => {
  const headers = { "idempotency-key": "request-2" };
  await post({ input: order }, headers);
  const before = await stored();
  for (const body of [{ input: { ...order, amountCents: 1 } }, { input: order, priority: 2 }, { runs: [{ input: order }] }]) {
    const refused = await post(body, headers);
    expect(refused.status).toBe(422);
    expect(refused.body.type).toBe("urn:baton:problem:idempotency-conflict");
  }
  expect(await stored()).toBe(before);
});

test("an Idempotency-Key belongs to its workflow and is forgotten after 7 days", async () => {
  const headers = { "idempotency-key": "request-3" };
  const first = await post({ input: order }, headers);
  await database.query("update baton.dedup set expires_at = expires_at - interval '6 days 23 hours' where key = 'request-3'");
  expect((await post({ input: order }, headers)).body.id).toBe(first.body.id);
  await database.query("update baton.dedup set expires_at = expires_at - interval '1 hour' where key = 'request-3'");
  const later = await post({ input: { ...order, amountCents: 2 } }, headers);
  expect(later.status).toBe(202);
  expect(later.body.id).not.toBe(first.body.id);
});

test("twenty requests with the same Idempotency-Key at once make one run", async () => {
  const before = await stored();
  const answers = await Promise.all(Array.from({ length: 20 }, () => post({ input: order }, { "idempotency-key": "twenty" })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(await stored()).toBe(before + 1);
});

test("a run's own idempotencyKey stands for one run, alone, in a batch and twice in a batch", async () => {
  const before = await stored();
  const run = { input: order, idempotencyKey: "run-1" };
  const { body: first } = await post(run);
  const { body: batch } = await post({ runs: [run, { input: order }, run] });
  expect([batch.runs[0]?.id, batch.runs[2]?.id]).toEqual([first.id, first.id]);
  expect(batch.runs[1]?.id).not.toBe(first.id);
  expect(await stored()).toBe(before + 2);
});

test("a run's idempotencyKey with another body refuses the whole batch and says which run it is", async () => {
  await post({ input: order, idempotencyKey: "run-2" });
  const before = await stored();
  const refused = await post({ runs: [{ input: order }, { input: { ...order, amountCents: 1 }, idempotencyKey: "run-2" }] });
  expect(refused.status).toBe(422);
  expect(refused.body).toMatchObject({ type: "urn:baton:problem:idempotency-conflict", errors: [{ pointer: "/runs/1/idempotencyKey" }] });
  expect(await stored()).toBe(before);
});

for (const kind of ["drop-after", "garble", "truncate", "no-code-after", "repeat-concurrently"] as const) {
  test(`an answer of enqueue under the fault ${kind} still makes one run`, async () => {
    const before = await stored();
    let faults = 1;
    database.neon.inject(({ text }) => (text.includes("baton.enqueue") && faults-- > 0 ? { kind } : undefined));
    const { status, body } = await post({ input: order });
    database.neon.inject(undefined);
    expect(status).toBe(202);
    expect(await stored()).toBe(before + 1);
    expect(await database.query("select 1 as one from baton.run where id = $1", [body.id])).toHaveLength(1);
  });
}

test("while the database is away the answer is 503 with Retry-After, and shows nothing internal", async () => {
  const before = await stored();
  database.neon.inject(() => ({ kind: "status-before", status: 503, body: "compute is asleep at ep-secret-host" }));
  const { status, headers, body, text } = await post({ input: order });
  database.neon.inject(undefined);
  expect(status).toBe(503);
  expect(headers["retry-after"]).toMatch(/^\d+$/);
  expect(body.type).toBe("urn:baton:problem:unavailable");
  expect(text).not.toContain("secret");
  expect(await stored()).toBe(before);
});

test("an invocation whose time is nearly up answers 503 instead of nothing", async () => {
  database.neon.inject(() => ({ kind: "delay-before", ms: 300 }));
  const event = httpEvent({ path: "/workflows/fulfil-order/runs", parameters: { name: "fulfil-order" }, body: { input: order } });
  const { statusCode, headers } = await handler(event, { ...context, getRemainingTimeInMillis: () => 550 });
  database.neon.inject(undefined);
  await database.neon.idle();
  expect(statusCode).toBe(503);
  expect(headers).toMatchObject({ "retry-after": "2", "content-type": "application/problem+json" });
});

test("a refusal that this code did not expect is an opaque 500", async () => {
  await database.query("revoke execute on function baton.enqueue from baton_producer");
  const { status, body, text } = await post({ input: order });
  await database.query("grant execute on function baton.enqueue to baton_producer");
  expect(status).toBe(500);
  expect(body).toMatchObject({ type: "urn:baton:problem:internal", instance: expect.any(String) });
  expect(text).not.toMatch(/baton\.enqueue|does not exist|permission|42501/);
});

test("everything that was accepted is stored and in its place", async () => {
  await database.assertInvariants();
});

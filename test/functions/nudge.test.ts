import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeEach, expect, test } from "vitest";
import { handler as controlRuns } from "../../functions/control-runs.http.ts";
import { handler as enqueueRun } from "../../functions/enqueue-run.http.ts";
import { createClient } from "../../shared/client.ts";
import { mayRest, readHint } from "../../shared/domain/wake-hint.ts";
import { createNudge } from "../../shared/lambda/nudge.ts";
import { call, deployFunctions } from "../support/http-functions.ts";

const invocations: { url: string | undefined; type: unknown; body: string }[] = [];
let answerWith = 202;
const lambda = createServer((request, response) => {
  void request.toArray().then((chunks) => {
    const body = Buffer.concat(chunks as Buffer[]).toString();
    invocations.push({ url: request.url, type: request.headers["x-amz-invocation-type"], body });
    response.writeHead(answerWith).end();
  });
}).listen(0, "127.0.0.1");
await once(lambda, "listening");
const database = await deployFunctions("owner", {
  POLLER_FUNCTION_NAME: "poll-queue",
  AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
});
afterAll(() => void lambda.close());
beforeEach(() => {
  invocations.length = 0;
  answerWith = 202;
});

const nudged = { url: "/2015-03-31/functions/poll-queue/invocations", type: "Event", body: '{"nudged":true}' };
const order = { orderId: "o-1", amountCents: 1 };
const post = (body: unknown, headers = {}) =>
  call(enqueueRun, { method: "POST", path: "/workflows/fulfil-order/runs", parameters: { name: "fulfil-order" }, body, headers });

test("a stored run wakes the poller by an asynchronous Invoke before the answer is given", async () => {
  expect((await post({ input: order })).status).toBe(202);
  expect(invocations).toEqual([nudged]);
});

test("runs for later and requests that are refused wake nobody", async () => {
  await post({ input: order, delay: "1 hour" });
  await post({ input: 7 });
  expect(invocations).toEqual([]);
});

test("a poller that cannot be woken fails no request", async () => {
  answerWith = 500;
  expect((await post({ input: order })).status).toBe(202);
  expect(invocations.length).toBeGreaterThan(0);
});

test("the poller is woken when the answer of enqueue was lost, though the repeat stored nothing", async () => {
  let faults = 1;
  database.neon.inject(({ text }) => (text.includes("baton.enqueue") && faults-- > 0 ? { kind: "drop-after" } : undefined));
  expect((await post({ input: order })).status).toBe(202);
  database.neon.inject(undefined);
  expect(invocations).toEqual([nudged]);
});

test("a redriven run wakes the poller, and one that cannot be woken fails no redrive", async () => {
  const { body } = await post({ input: order });
  const redrive = () => call(controlRuns, { method: "POST", path: `/runs/${body.id}/redrive` });
  await database.query(
    "with placed as (delete from baton.ready where run_id = $1) insert into baton.ending select $1, 'failed', null, baton.now()",
    [body.id],
  );
  invocations.length = 0;
  expect((await redrive()).status).toBe(202);
  expect(invocations).toEqual([nudged]);
  answerWith = 500;
  expect((await redrive()).status).toBe(202);
});

test("a large batch wakes one poller for every 250 of its runs, four at most", async () => {
  const batch = (count: number) => post({ runs: Array.from({ length: count }, () => ({ input: order })) });
  for (const [runs, pollers] of [
    [250, 1],
    [251, 2],
    [1_000, 4],
  ] as const) {
    invocations.length = 0;
    expect((await batch(runs)).status).toBe(202);
    expect(invocations).toHaveLength(pollers);
  }
});

test("behind an idle gate runs for later wake the poller too, which publishes their time", async () => {
  const client = createClient({ database: database.database, idleGate: true, nudge: createNudge("poll-queue", enqueueRun.app().logger) });
  await client.enqueue({ name: "fulfil-order", version: 1 }, order, { delay: "1 hour" });
  expect(invocations).toEqual([nudged]);
});

test("a nudge that fails opens the idle gate itself, so that the next tick polls", async () => {
  answerWith = 500;
  const written: string[] = [];
  const board = { read: async () => null, write: async (text: string) => void written.push(text) };
  await createNudge("poll-queue", enqueueRun.app().logger, board)(1);
  expect(written).toHaveLength(1);
  const hint = readHint(written[0]!)!;
  expect(mayRest(hint, { now: hint.saidAt, aheadMs: 0, knows: "this code" })).toBe(false);
});

test("a gate that cannot be opened either fails no request", async () => {
  answerWith = 500;
  const board = { read: async () => null, write: async () => Promise.reject(new Error("SSM is away")) };
  await createNudge("poll-queue", enqueueRun.app().logger, board)(1);
});

test("without the name of a poller nothing is invoked", async () => {
  await createNudge(undefined, enqueueRun.app().logger)(1);
  expect(invocations).toEqual([]);
});

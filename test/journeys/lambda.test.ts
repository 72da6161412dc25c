import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { httpEvent } from "../support/http-event.ts";
import { answerOf } from "../support/lambda/outcome.ts";
import { deployPollers, expectDone, nudge, reportOf, type Scene, stored, tick } from "../support/lambda/pollers.ts";
import { startTcpRelay } from "../support/tcp-relay.ts";
import { until } from "../support/until.ts";

const setScene = await deployPollers();

/** Lambda's Invoke API as the SDK in a function reaches it: it takes what comes, or does not. */
const invokeApi = { status: 202, payloads: [] as string[] };
const server = createServer((request, response) => {
  void request.toArray().then((chunks) => {
    invokeApi.payloads.push(Buffer.concat(chunks as Buffer[]).toString());
    response.writeHead(invokeApi.status).end();
  });
}).listen(0, "127.0.0.1");
await once(server, "listening");
afterAll(() => void server.close());
const producer = {
  POLLER_FUNCTION_NAME: "poll-queue",
  AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
};

/** How often the database was asked to tick from now on. */
function countTicks({ database }: Scene): () => number {
  let ticks = 0;
  database.neon.inject(({ text }) => void (ticks += text.includes("baton.tick") ? 1 : 0));
  return () => ticks;
}

/** Which process made the calls, and how many each run had of each step. */
function callsOf({ outside }: Scene) {
  const counts = Map.groupBy(outside.calls, ({ key }) => key);
  return { pids: new Set(outside.calls.map(({ pid }) => pid)), counts: [...counts.values()].map((calls) => calls.length) };
}

test("an invocation drains the queue and says what it did; a warm one keeps the memory of its process and need not tick again", async () => {
  await using scene = await setScene();
  const first = await scene.enqueue(30);
  const instance = await scene.start();
  const ticks = countTicks(scene);
  expect(reportOf(await instance.invoke(nudge))).toMatchObject({ leases: 1, crashed: 0, steps: 90, leaseExpiresInMs: null });
  await expectDone(scene, first);
  const second = await scene.enqueue(1);
  expect(reportOf(await instance.invoke(nudge))).toMatchObject({ leases: 1 });
  expect(ticks()).toBe(1);
  await expectDone(scene, [...first, ...second]);
  const [{ served } = {}] = await scene.database.query("select max((output ->> 'served')::int) as served from baton.checkpoint");
  expect(served).toBe(62);
  expect([...callsOf(scene).pids]).toEqual([instance.pid]);
  expect(instance.log).not.toMatch(/"level":"(WARN|ERROR)"/);
});

test("a poller that was frozen between invocations works after its thaw, though its connections are gone", async () => {
  await using scene = await setScene();
  await using relay = await startTcpRelay(scene.database.neon.port);
  const instance = await scene.start({ BATON_NEON_ENDPOINT: `http://127.0.0.1:${relay.port}/sql` });
  const first = await scene.enqueue(3);
  reportOf(await instance.invoke(tick));
  await until("it is frozen", () => instance.frozen);
  expect(relay.open).toBeGreaterThan(0);
  relay.cut();
  const second = await scene.enqueue(3);
  expect(reportOf(await instance.invoke(tick))).toMatchObject({ leases: 1, crashed: 0 });
  await expectDone(scene, [...first, ...second]);
  expect(callsOf(scene).counts).toEqual(Array.from({ length: 12 }, () => 1));
});

test("near its deadline a poller begins no step, and gives back what it has not begun, with nothing counted against it", async () => {
  await using scene = await setScene();
  const { database, outside } = scene;
  const ids = await scene.enqueue(40);
  outside.hold();
  const instance = await scene.start({ BATON_CONCURRENCY: "1" });
  const invoked = instance.invoke(tick);
  await until("its first step calls", () => outside.calls.length > 0);
  await instance.nearDeadline();
  outside.answerAfter(0);
  outside.calls[0]!.answer();
  reportOf(await invoked);
  expect(outside.calls).toHaveLength(1);
  const [left] = await database.query(`select (select count(*)::int from baton.checkpoint where node <> 'book') as stored,
    (select count(*)::int from baton.failure) as failures, (select count(*)::int from baton.lease) as leases,
    (select count(*)::int from baton.ready) as ready, (select count(*)::int from baton.ending) as ended`);
  expect(left).toEqual({ stored: 1, failures: 0, leases: 0, ready: 40, ended: 0 });
  await database.assertInvariants();
  reportOf(await (await scene.start()).invoke(tick));
  await expectDone(scene, ids);
  expect(callsOf(scene).counts).toEqual(Array.from({ length: 80 }, () => 1));
});

test("nudges and ticks at the same moment run every step once, and one that comes when all is done changes nothing", async () => {
  await using scene = await setScene();
  const ids = await scene.enqueue(60);
  const instances = await Promise.all([nudge, tick, nudge, tick].map(() => scene.start({ BATON_BATCH: "5" })));
  const outcomes = await Promise.all(instances.map((instance, n) => instance.invoke([nudge, tick][n % 2])));
  for (const outcome of outcomes) expect(reportOf(outcome)).toMatchObject({ crashed: 0 });
  await expectDone(scene, ids);
  const before = await stored(scene);
  for (const event of [nudge, tick, nudge]) expect(reportOf(await instances[0]!.invoke(event))).toMatchObject({ leases: 0, crashed: 0 });
  expect(await stored(scene)).toBe(before);
  expect(callsOf(scene).counts).toEqual(Array.from({ length: 120 }, () => 1));
});

test("a producer's nudge wakes a poller; one that is lost fails no request, and the schedule's tick finds the runs", async () => {
  await using scene = await setScene();
  const [enqueueRun, poller] = await Promise.all([scene.startProducer(producer), scene.start()]);
  const request = httpEvent({ method: "POST", path: "/workflows/errand/runs", parameters: { name: "errand" }, body: { input: { n: 1 } } });
  const accepted = async () => JSON.parse(answerOf(await enqueueRun.invoke(request)).body) as { id: string };

  const woken = await accepted();
  expect(invokeApi.payloads).toHaveLength(1);
  expect(reportOf(await poller.invoke(JSON.parse(invokeApi.payloads[0]!)))).toMatchObject({ leases: 1 });
  await expectDone(scene, [woken.id]);

  invokeApi.status = 500;
  const unheard = await accepted();
  await until("the producer has said so", () => enqueueRun.log.includes("the poller could not be nudged"));
  expect(reportOf(await poller.invoke(tick))).toMatchObject({ leases: 1 });
  await expectDone(scene, [woken.id, unheard.id]);
});

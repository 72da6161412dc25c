import { v7 } from "uuid";
import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import type { Driver } from "../../shared/db/connect.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { createPoller, enqueue, poll } from "../support/poller.ts";

const database = await createTestDatabase();
const client = createClient({ database: database.database, stacks: false });
afterAll(() => database.assertInvariants());

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const throws = (): never => {
  throw new Error("no");
};
const circular = (): object => {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
};

/** What handlers throw, and the message that is stored and shown. */
const thrown: Record<string, [() => unknown, string]> = {
  revoked: [revoked, "Something was thrown that cannot be shown."],
  getters: [() => new Proxy({}, { get: throws, getPrototypeOf: throws }), "Something was thrown that cannot be shown."],
  nothing: [() => undefined, "undefined"],
  text: [() => "a\0b\ud800", "a\uFFFDb\uFFFD"],
  symbol: [() => Symbol("s"), "Symbol(s)"],
  bare: [() => Object.create(null), "{}"],
  caused: [
    () => new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }),
    "fetch failed (caused by Error: connect ECONNREFUSED)",
  ],
  parts: [() => new AggregateError([new Error("a"), new TypeError("b")], "all"), "all (Error: a) (TypeError: b)"],
  silent: [() => new Error(""), "This Error has no message."],
};

/** What handlers return that is no JSON, and the pointer to it. */
const returned: Record<string, [() => unknown, string]> = {
  circular: [circular, "/self"],
  getter: [() => ({ a: Object.defineProperty({}, "b", { enumerable: true, get: throws }) }), "/a/b"],
  json: [() => ({ toJSON: throws }), "/toJSON"],
  proxy: [() => [revoked()], "/0"],
  map: [() => ({ map: new Map() }), "/map"],
  date: [() => ({ at: new Date(0) }), "/at"],
  call: [() => [throws], "/0"],
  symbols: [() => ({ s: Symbol("s") }), "/s"],
};

const workflow = defineWorkflow({ name: "hostile", version: 1, input: z.json() }).step("act", { retry: { maxAttempts: 1 } }, (({
  input,
}: {
  input: unknown;
}) => {
  const what = String(input);
  if (Object.hasOwn(thrown, what)) throw thrown[what]![0]();
  return Object.hasOwn(returned, what) ? returned[what]![0]() : null;
}) as () => null);

test.each<Driver>(["neon", "pg"])(
  "whatever a handler throws or returns is one failed run, and its neighbours are done (%s)",
  async (driver) => {
    const names = [...Object.keys(thrown), ...Object.keys(returned)];
    const ids = await enqueue(database.database, workflow, [...names, ...Array.from({ length: 50 }, (_, n) => n)]);
    const report = await poll(database.connect("poller", driver), [workflow]);
    expect(report).toMatchObject({ failedRuns: names.length });
    for (const [n, name] of names.entries()) {
      const { status, error } = (await client.get(ids[n]!))!;
      const expected = thrown[name]?.[1] ?? expect.stringMatching(`^The value at "${returned[name]![1]}.*" cannot be stored as JSON: `);
      expect([name, status, error?.message]).toEqual([name, "failed", expected]);
    }
    for (const id of ids.slice(names.length)) expect(await client.get(id)).toMatchObject({ status: "done" });
  },
);

test.each<Driver>(["neon", "pg"])(
  "a run that JavaScript cannot walk, and one whose failure cannot be stored, fail alone (%s)",
  async (driver) => {
    const [deep, worn] = [v7(), v7()];
    const nested = '{"a":'.repeat(3_000) + "[".repeat(3_000) + "]".repeat(3_000) + "}".repeat(3_000);
    const run = (id: string, input: string) => `{"id":"${id}","workflow":"hostile","version":1,"priority":2,"input":${input}}`;
    await database.query("select baton.enqueue($1::jsonb)", [`{"checked":true,"runs":[${run(deep, nested)},${run(worn, '"silent"')}]}`]);
    await database.query(
      `insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
     select $1, 'act', n, now(), now(), now(), '{"name":"E","message":"m"}' from generate_series(1, 32767) as n`,
      [worn],
    );
    await database.query("update baton.ready set begun = true where run_id = $1", [worn]);
    const healthy = await enqueue(database.database, workflow, [1, 2, 3]);
    // A busy machine needs longer for 32,767 failures than a third of the usual lease.
    const poller = createPoller(database.connect("poller", driver), [workflow], { settings: { ttlMs: 300_000 } });
    expect(await pollQueue(poller)).toMatchObject({ failedRuns: 2 });
    for (const id of healthy) expect(await client.get(id)).toMatchObject({ status: "done" });
    expect((await client.get(deep))!.error).toMatchObject({
      name: "UnreadableRunError",
      message: expect.stringContaining("cannot be read"),
    });
    expect(await client.get(worn)).toMatchObject({ status: "failed" });
  },
);

test("a sleep until a time that has passed is over at once, and one of more than ten years fails with a sentence", async () => {
  const until = defineWorkflow({ name: "until", version: 1, input: z.object({ at: z.string() }) })
    .sleep("wait", ({ input }) => `${Date.parse(input.at) - Date.now()} milliseconds`)
    .step("after", () => "over");
  const [past, far] = await enqueue(database.database, until, [{ at: "2001-01-01T00:00:00Z" }, { at: "2199-01-01T00:00:00Z" }]);
  for (let n = 0; n < 2; n++) await poll(database.database, [until]);
  expect(await client.get(past!)).toMatchObject({ status: "done", output: "over" });
  expect(await client.get(far!)).toMatchObject({
    status: "failed",
    error: { message: expect.stringContaining("is too long for a sleep: use at most ten years") },
  });
});

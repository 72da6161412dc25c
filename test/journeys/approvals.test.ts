import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { beat, complete, decide, fail, type WaitAnswerer } from "../../shared/engine/produce/answer-wait.ts";
import { readTicket } from "../../shared/engine/tickets.ts";
import { defineWorkflow, type AnyWorkflow } from "../../shared/index.ts";
import { createClock } from "../support/clock.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { ticketKeys } from "../support/tickets.ts";

const DAY = 86_400_000;
const choices = ["approve", "reject"] as const;
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) });
const tickets = { keys: async () => ticketKeys, publicUrl: "https://orders.example.com" };
const work = ({ database }: TestDatabase, workflow: AnyWorkflow) => poll(database, [workflow], { tickets });
const find = ({ database }: TestDatabase, id: string) => createClient({ database }).get(id);

/** Whoever has a link or a token. */
function stranger(database: TestDatabase, workflow: AnyWorkflow) {
  const queue = runRepository(database.connect("signaller"));
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const answerer: WaitAnswerer = { queue, workflows: [workflow], clock: systemClock, random: Math.random, logger };
  const read = (text: string, at: number) => readTicket(ticketKeys, text.split("/").at(-1)!, at) as never;
  return {
    decide: (link: string, at = 0) => decide(answerer, read(link, at), { by: "Ada", comment: null }),
    complete: (token: string, output: number) => complete(answerer, read(token, 0), output),
    fail: (token: string) => fail(answerer, read(token, 0), { name: "Crash", message: "it is broken", retryable: true }),
    beat: (token: string) => beat(answerer, read(token, 0), { percent: 50 }),
  };
}

/** A workflow that asks, and the links that it has sent. */
function asking() {
  const sent: { approve: string; reject: string; deadline: string }[] = [];
  const workflow = order
    .approval("sign-off", { choices, timeout: "3 days", ask: (_, { links, deadline }) => void sent.push({ ...links, deadline }) })
    .step("after", ({ "sign-off": { decision } }) => decision);
  return { workflow, sent };
}

test("a run asks once, waits for the decision without a place in a lease, and goes on with it", async () => {
  await using database = await createTestDatabase();
  const { workflow, sent } = asking();
  const [id] = await enqueue(database.database, workflow, [{}]);
  await work(database, workflow);
  expect(sent).toEqual([
    {
      approve: expect.stringMatching(/^https:\/\/orders\.example\.com\/approvals\/b1\./),
      reject: expect.stringMatching(/^https:\/\/orders\.example\.com\/approvals\/b1\./),
      deadline: expect.any(String),
    },
  ]);
  expect(await find(database, id!)).toMatchObject({ status: "waiting", waiting: { for: "approval", path: "sign-off" } });
  await database.assertInvariants();
  expect(await stranger(database, workflow).decide(sent[0]!.approve)).toMatchObject({ status: "accepted" });
  await expect(stranger(database, workflow).decide(sent[0]!.reject)).rejects.toMatchObject({ name: "WaitOverError" });
  await work(database, workflow);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: "approve" });
  expect(await database.query("select * from baton.message")).toEqual([]);
  expect(sent).toHaveLength(1);
  await database.assertInvariants();
});

test("an approval expires at its deadline as an outcome of its own, and its links are dead", async () => {
  await using database = await createTestDatabase();
  const clock = createClock(database.query);
  const { workflow, sent } = asking();
  const [id] = await enqueue(database.database, workflow, [{}]);
  await work(database, workflow);
  await clock.setNow(new Date(Date.now() + 4 * DAY));
  await work(database, workflow);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: "expired" });
  await expect(stranger(database, workflow).decide(sent[0]!.approve)).rejects.toMatchObject({ name: "WaitOverError" });
  const { expires } = readTicket(ticketKeys, sent[0]!.approve.split("/").at(-1)!, 0);
  expect(new Date(expires!).toISOString()).toBe(sent[0]!.deadline);
});

test("a redrive asks anew: links of before are dead, those of now decide", async () => {
  await using database = await createTestDatabase();
  const sent: string[] = [];
  let isBroken = true;
  const workflow = order.all("sides", {
    ask: (chain) => chain.approval("sign-off", { choices, timeout: "3 days", ask: (_, { links }) => void sent.push(links.approve) }),
    work: (chain) =>
      chain.step("book", { retry: { maxAttempts: 1 } }, () => {
        if (isBroken) throw new Error("no");
      }),
  });
  const [id] = await enqueue(database.database, workflow, [{}]);
  await work(database, workflow);
  expect(await find(database, id!)).toMatchObject({ status: "failed" });
  await expect(stranger(database, workflow).decide(sent[0]!)).rejects.toMatchObject({ name: "WaitOverError" });
  isBroken = false;
  await runRepository(database.database).redrive(id!);
  await work(database, workflow);
  expect(sent).toHaveLength(2);
  await expect(stranger(database, workflow).decide(sent[0]!)).rejects.toMatchObject({ name: "WaitOverError" });
  await stranger(database, workflow).decide(sent[1]!);
  await work(database, workflow);
  expect(await find(database, id!)).toMatchObject({ status: "done" });
  await database.assertInvariants();
});

test("a cancel ends an approval, and its links", async () => {
  await using database = await createTestDatabase();
  const { workflow, sent } = asking();
  const [id] = await enqueue(database.database, workflow, [{}]);
  await work(database, workflow);
  await runRepository(database.database).cancel(id!);
  await expect(stranger(database, workflow).decide(sent[0]!.approve)).rejects.toMatchObject({ name: "WaitOverError" });
  expect(await find(database, id!)).toMatchObject({ status: "cancelled" });
});

test("without keys a node that hands something out fails with what to set", async () => {
  await using database = await createTestDatabase();
  const { workflow } = asking();
  const [id] = await enqueue(database.database, workflow, [{}]);
  await poll(database.database, [workflow]);
  expect(await find(database, id!)).toMatchObject({ status: "failed", error: { message: expect.stringContaining("BATON_TICKET_KEYS") } });
});

/** A workflow that hands out tokens, and those that it has. */
function calling(options: { heartbeat?: "10 minutes" } = {}) {
  const tokens: string[] = [];
  const retry = { maxAttempts: 2, backoff: "1 second", jitter: "none" } as const;
  const workflow = order
    .callback("encode", { output: z.int(), timeout: "6 hours", retry, ...options }, (_, { callback }) => void tokens.push(callback.token))
    .step("after", ({ encode }) => encode + 1);
  return { workflow, tokens };
}

test("a callback waits until it is completed from outside, and a copy of the call changes nothing", async () => {
  await using database = await createTestDatabase();
  const { workflow, tokens } = calling();
  const [id] = await enqueue(database.database, workflow, [{}]);
  await work(database, workflow);
  expect(await find(database, id!)).toMatchObject({ status: "waiting", waiting: { for: "callback", path: "encode" } });
  await database.assertInvariants();
  expect(await stranger(database, workflow).complete(tokens[0]!, 5)).toMatchObject({ status: "accepted" });
  expect(await stranger(database, workflow).complete(tokens[0]!, 5)).toMatchObject({ status: "repeated" });
  await work(database, workflow);
  expect(await stranger(database, workflow).complete(tokens[0]!, 5)).toMatchObject({ status: "repeated" });
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 6 });
});

test("a completion that comes before the handler has returned is kept", async () => {
  await using database = await createTestDatabase();
  const early = order.callback("encode", { output: z.int(), timeout: "6 hours" }, async (_, { callback }) => {
    await stranger(database, early).complete(callback.token, 5);
  });
  const [id] = await enqueue(database.database, early, [{}]);
  await work(database, early);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 5 });
});

test("an answer that came counts, though its handler failed after it", async () => {
  await using database = await createTestDatabase();
  let calls = 0;
  const early = order.callback("encode", { output: z.int(), timeout: "6 hours" }, async (_, { callback }) => {
    calls++;
    await stranger(database, early).complete(callback.token, 5);
    throw new Error("the connection broke after the job was taken");
  });
  const [id] = await enqueue(database.database, early, [{}]);
  await work(database, early);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 5 });
  expect(calls).toBe(1);
});

test("a failure from outside is a failed attempt; the next has a token of its own, and the old one is dead", async () => {
  await using database = await createTestDatabase();
  const clock = createClock(database.query);
  const { workflow, tokens } = calling();
  const [id] = await enqueue(database.database, workflow, [{}]);
  await work(database, workflow);
  await stranger(database, workflow).fail(tokens[0]!);
  await work(database, workflow);
  // A clock that stood would have steps start before what came before them ended.
  await clock.advance("5 seconds");
  await work(database, workflow);
  expect(tokens).toHaveLength(2);
  await expect(stranger(database, workflow).complete(tokens[0]!, 1)).rejects.toMatchObject({ name: "WaitOverError" });
  await stranger(database, workflow).complete(tokens[1]!, 2);
  await work(database, workflow);
  expect(await find(database, id!)).toMatchObject({ status: "done", output: 3 });
  await database.assertInvariants();
});

test("heartbeats prolong an attempt; one that does not come is a failed attempt", async () => {
  await using database = await createTestDatabase();
  const clock = createClock(database.query);
  const { workflow, tokens } = calling({ heartbeat: "10 minutes" });
  const [id] = await enqueue(database.database, workflow, [{}]);
  const start = Date.now();
  await work(database, workflow);
  for (const minutes of [9, 18]) {
    await clock.setNow(new Date(start + minutes * 60_000));
    await stranger(database, workflow).beat(tokens[0]!);
    await clock.setNow(new Date(start + (minutes + 1) * 60_000 + 5_000));
    await work(database, workflow);
    expect(await find(database, id!)).toMatchObject({ status: "waiting", waiting: { for: "callback" } });
  }
  await clock.setNow(new Date(start + 40 * 60_000));
  await work(database, workflow);
  expect((await find(database, id!))!.steps[0]!.attempts).toMatchObject([{ error: { name: "HeartbeatMissedError" } }]);
  expect(await database.query("select * from baton.message")).toEqual([]);
  await database.assertInvariants();
});

import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { beat, complete, decide, lookAtApproval, type WaitAnswerer } from "../../shared/engine/produce/answer-wait.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { readTicket } from "../../shared/engine/tickets.ts";
import { defineWorkflow, type AnyWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { bytesOf, measuredCalls, namesOf } from "../support/measured-calls.ts";
import { enqueue } from "../support/poller.ts";
import { ticketKeys } from "../support/tickets.ts";

const BATCH = 100;
const database = await createTestDatabase();
const { measure, during, poll: pollAll, end } = await measuredCalls(database);
const measured: string[] = [];
afterAll(async () => {
  await end();
  console.log(measured.join("\n"));
});

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const tickets = { keys: async () => ticketKeys, publicUrl: "https://orders.example.com" };
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) });
const choices = ["approve", "reject"] as const;

const poll = (workflow: AnyWorkflow) => pollAll([workflow], { tickets, settings: { batch: BATCH } });

/** Whoever has a link or a token; the database is told once, and again for the answer. */
function answerer(workflow: AnyWorkflow): WaitAnswerer {
  const store = runRepository(database.database);
  const queue = {
    ...store,
    answerWait: (request: Parameters<typeof store.answerWait>[0], options: Parameters<typeof store.answerWait>[1]) =>
      measure("answer_wait", JSON.stringify(request)).then(() => store.answerWait(request, options)),
  };
  return { queue, workflows: [workflow], clock: systemClock, random: Math.random, logger };
}

const handedOut: string[] = [];
const read = (text: string) => readTicket(ticketKeys, text.split("/").at(-1)!, 0) as never;

interface Kind {
  readonly workflow: AnyWorkflow;
  readonly answer: (id: string, nth: number) => Promise<unknown>;
}

const waited = order.waitFor("paid", { output: z.int(), timeout: "9 days" });
const approved = order.approval("sign-off", {
  choices,
  timeout: "3 days",
  ask: (_, { links }) => void handedOut.push(links.approve),
});
const called = order.callback("encode", { output: z.int(), timeout: "6 hours" }, (_, { callback }) => void handedOut.push(callback.token));
const KINDS: Readonly<Record<"signal" | "approval" | "callback", Kind>> = {
  signal: { workflow: waited, answer: (run, nth) => measure("signal", JSON.stringify({ run, name: "paid", body: 5, id: `o-${nth}` })) },
  approval: {
    workflow: approved,
    answer: (_, nth) => decide(answerer(approved), read(handedOut[nth]!), { by: "Ada", comment: null }),
  },
  callback: { workflow: called, answer: (_, nth) => complete(answerer(called), read(handedOut[nth]!), 5) },
};

/** Runs that wait, are looked at while they do, are answered, and end: the calls of each part. */
async function lifeOf({ workflow, answer }: Kind, runs: number) {
  handedOut.length = 0;
  const ids = await enqueue(
    database.database,
    workflow,
    Array.from({ length: runs }, () => ({})),
  );
  const parked = await during(() => poll(workflow));
  const waiting = await during(() => poll(workflow));
  const answered = await during(async () => {
    for (const [nth, id] of ids.entries()) await answer(id, nth);
  });
  const taken = await during(() => poll(workflow));
  const done = await database.query("select from baton.ending where status = 'done' and run_id = any ($1)", [ids]);
  expect(done).toHaveLength(runs);
  return { parked, waiting, answered, taken };
}

const look = ["tick", "claim"];

test.each([
  ["a signal", "signal", ["advance"], ["signal"]],
  ["an approval", "approval", ["advance", "advance"], ["answer_wait"]],
  ["a callback", "callback", ["advance", "advance"], ["answer_wait", "answer_wait"]],
] as const)("a run that waits for %s takes these statements, and none of its own while it waits", async (_, kind, rounds, answers) => {
  const life = await lifeOf(KINDS[kind], 1);
  // Each poll ends with a claim that finds nothing.
  expect(namesOf(life.parked)).toEqual([...look, ...rounds, "claim"]);
  expect(namesOf(life.waiting)).toEqual(look);
  expect(namesOf(life.answered)).toEqual(answers);
  expect(namesOf(life.taken)).toEqual([...look, "advance", "claim"]);
});

test("a page that is opened and a heartbeat are one statement each", async () => {
  handedOut.length = 0;
  for (const { workflow } of [KINDS.approval, KINDS.callback]) {
    await enqueue(database.database, workflow, [{}]);
    await poll(workflow);
  }
  const [link, token] = handedOut;
  expect(namesOf(await during(() => lookAtApproval(answerer(approved), read(link!))))).toEqual(["answer_wait"]);
  expect(namesOf(await during(() => beat(answerer(called), read(token!), { percent: 50 })))).toEqual(["answer_wait"]);
});

test.each([
  ["a signal", "signal", { parked: 1_150, answered: 1_050, taken: 650 }],
  ["an approval", "approval", { parked: 1_500, answered: 670, taken: 770 }],
  ["a callback", "callback", { parked: 1_500, answered: 620, taken: 680 }],
] as const)(
  "of 100 runs that wait for %s, each costs at most so many bytes of WAL until it waits, for its answer, and until it has ended",
  async (name, kind, most) => {
    const lives: Awaited<ReturnType<typeof lifeOf>>[] = [];
    for (let i = 0; i < 3; i++) lives.push(await lifeOf(KINDS[kind], BATCH));
    // A checkpoint makes the first change of each page dear, so the cheapest of three counts.
    const least = (part: keyof typeof most) => Math.round(Math.min(...lives.map((life) => bytesOf(life[part]))) / BATCH);
    const bytes = { parked: least("parked"), answered: least("answered"), taken: least("taken") };
    measured.push(`WAL bytes of ${name}: until it waits ${bytes.parked}, answer ${bytes.answered}, until it has ended ${bytes.taken}`);
    for (const life of lives) expect(namesOf(life.waiting)).toEqual(look);
    for (const part of ["parked", "answered", "taken"] as const) expect(bytes[part], part).toBeLessThanOrEqual(most[part]);
  },
);

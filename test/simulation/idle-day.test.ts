import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import type { ApprovalTicket } from "../../shared/domain/ticket.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { decide } from "../../shared/engine/produce/answer-wait.ts";
import { readTicket } from "../../shared/engine/tickets.ts";
import { type AnyWorkflow, defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ticketKeys } from "../support/tickets.ts";
import { type DayCost, VirtualDay } from "./virtual-day.ts";

const HOUR = 60;
const DAY = 24 * HOUR;
const short = defineWorkflow({ name: "short", version: 1, input: z.object({}) })
  .step("a", () => 1)
  .step("b", () => 2)
  .step("c", () => 3);
const sleeper = defineWorkflow({ name: "sleeper", version: 1, input: z.object({}) })
  .step("before", () => 1)
  .sleep("pause", "187 minutes")
  .step("after", () => 2);
const workflows = [short, sleeper];

const costs: Record<string, DayCost> = {};
afterAll(() => console.table(costs));

/** How long after its time, in milliseconds of the database, a step of a run started. */
async function lateness({ query }: TestDatabase, run: string): Promise<number> {
  const [row] = await query<{ late: number }>(
    `select extract(epoch from a.started_at - s.finished_at)::float8 * 1000 as late from baton.checkpoint a, baton.checkpoint s
     where a.run_id = $1 and s.run_id = $1 and a.node = 'after' and s.node = 'pause'`,
    [run],
  );
  return row!.late;
}

test("an idle day touches the database once an hour: 24 looks, 72 statements, awake for 2 hours", async () => {
  await using database = await createTestDatabase();
  const day = await VirtualDay.begin(database, workflows);
  await day.runTo(DAY);
  costs["idle"] = day.cost();
  expect(day.cost()).toEqual({ awakeMinutes: 120, statements: 72, reads: 1440, writes: 24 });
});

test("with the gate off, an idle day keeps the database awake all the time", async () => {
  await using database = await createTestDatabase();
  const day = await VirtualDay.begin(database, workflows, { gated: false });
  await day.runTo(2 * HOUR);
  expect(day.cost()).toEqual({ awakeMinutes: 124, statements: 240, reads: 0, writes: 0 });
});

test("a run an hour is done at once, and the database is awake for six minutes in the hour", async () => {
  await using database = await createTestDatabase();
  const day = await VirtualDay.begin(database, workflows);
  for (let hour = 0; hour < 24; hour++) {
    await day.runTo(hour * HOUR + 30.5);
    const { id } = await day.act(() => day.client.enqueue(short, {}));
    expect(await day.client.get(id)).toMatchObject({ status: "done" });
  }
  await day.runTo(DAY);
  const cost = (costs["one run an hour"] = day.cost());
  // The look at the run above is one statement of each hour.
  expect(cost.awakeMinutes).toBeLessThanOrEqual(24 * 5.5 + 5);
  expect(cost.statements).toBeLessThanOrEqual(24 * 13 + 3);
});

test.each([
  ["between two looks, at most a minute late", 20, 60_000],
  ["within the linger of a look, at most 1.5 s late", 10, 1_500],
])("a sleep of 3 h 7 min ends %s", async (_where, second, atMost) => {
  await using database = await createTestDatabase();
  const day = await VirtualDay.begin(database, workflows);
  await day.runTo(10 * HOUR + second / 60);
  const { id } = await day.act(() => day.client.enqueue(sleeper, {}));
  await day.runTo(10 * HOUR + 190);
  expect(await day.client.get(id)).toMatchObject({ status: "done" });
  const late = await lateness(database, id);
  // no guess: both times are the database's, which the test sets
  expect(late).toBeGreaterThanOrEqual(0);
  // no guess: as above
  expect(late).toBeLessThanOrEqual(atMost);
  await day.runTo(DAY);
  const cost = (costs[`sleep of 3 h 7 min, due at second ${second}`] = day.cost());
  expect(cost.awakeMinutes).toBeLessThanOrEqual(120 + 13);
  expect(cost.statements).toBeLessThanOrEqual(72 + 24);
});

test("a delayed run starts on time though nobody looks at the database until then", async () => {
  await using database = await createTestDatabase();
  const day = await VirtualDay.begin(database, workflows);
  await day.runTo(1 * HOUR + 10.5);
  const { id } = await day.act(() => day.client.enqueue(short, {}, { delay: "25 minutes" }));
  await day.runTo(1 * HOUR + 35);
  expect(await day.client.get(id)).toMatchObject({ status: "waiting" });
  await day.runTo(1 * HOUR + 36.5);
  expect(await day.client.get(id)).toMatchObject({ status: "done" });
});

test("a burst of 1,000 runs is done at once, and afterwards the database sleeps again", async () => {
  await using database = await createTestDatabase();
  const day = await VirtualDay.begin(database, workflows);
  await day.runTo(12 * HOUR + 0.25);
  await day.act(() =>
    day.client.enqueueMany(
      short,
      Array.from({ length: 1_000 }, () => ({ input: {} })),
    ),
  );
  const [row] = await database.query<{ done: number }>("select count(*)::int as done from baton.ending where status = 'done'");
  expect(row!.done).toBe(1_000);
  await day.runTo(DAY);
  const cost = (costs["burst of 1,000"] = day.cost());
  expect(cost.awakeMinutes).toBeLessThanOrEqual(120 + 7);
  await database.assertInvariants();
});

/** An approval that somebody has `timeout` for, and the links by run. */
function asking() {
  const links = new Map<string, string>();
  const workflow = defineWorkflow({ name: "order", version: 1, input: z.object({}) })
    .approval("sign-off", {
      choices: ["approve", "reject"],
      timeout: "311 minutes",
      ask: (_, context) => void links.set(context.runId, context.links.approve),
    })
    .step("after", ({ "sign-off": { decision } }) => decision);
  return { workflow, links };
}

const tickets = { keys: async () => ticketKeys, publicUrl: "https://orders.example.com" };

/** Decides as the function behind the link does. */
function decideBy(day: VirtualDay, workflow: AnyWorkflow, link: string): Promise<unknown> {
  const queue = runRepository(day.counted);
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const answerer = { queue, workflows: [workflow], clock: systemClock, random: Math.random, logger, nudge: day.nudge };
  const ticket = readTicket(ticketKeys, link.split("/").at(-1)!, day.now) as ApprovalTicket;
  return day.act(() => decide(answerer, ticket, { by: "Ada", comment: null }));
}

test("20 runs that wait for a person for hours keep no database awake; a decision wakes it, and so does the deadline of the others", async () => {
  await using database = await createTestDatabase();
  const { workflow, links } = asking();
  const day = await VirtualDay.begin(database, [workflow], { tickets });
  await day.runTo(9 * HOUR + 0.25);
  const inputs = Array.from({ length: 20 }, () => ({ input: {} }));
  const [first, ...others] = await day.act(() => day.client.enqueueMany(workflow, inputs));
  await day.runTo(9 * HOUR + 2);
  // An hour costs what an idle one does: a look.
  expect(await spent(day, () => day.runTo(12 * HOUR + 30.25))).toEqual({ statements: 3 * 3, awakeMinutes: 3 * 5, writes: 3 });
  await decideBy(day, workflow, links.get(first!.id)!);
  expect(await endings(database)).toEqual({ approve: 1 });
  await day.runTo(12 * HOUR + 32);
  // To a minute before the deadline of the others.
  expect(await spent(day, () => day.runTo(9 * HOUR + 310))).toEqual({ statements: 3, awakeMinutes: 5, writes: 1 });
  expect(await endings(database)).toEqual({ approve: 1 });
  await day.runTo(9 * HOUR + 312.5);
  expect(await endings(database)).toEqual({ approve: 1, expired: others.length });
  await day.runTo(DAY);
  const cost = (costs["20 approvals"] = day.cost());
  expect(cost.awakeMinutes).toBeLessThanOrEqual(120 + 13);
  expect(cost.statements).toBeLessThanOrEqual(72 + 30);
  await database.assertInvariants();
});

/** What a part of a day cost. */
async function spent(day: VirtualDay, part: () => Promise<unknown>) {
  const before = day.cost();
  await part();
  const { statements, awakeMinutes, writes } = day.cost();
  const minutes = Math.round((awakeMinutes - before.awakeMinutes) * 10) / 10;
  return { statements: statements - before.statements, awakeMinutes: minutes, writes: writes - before.writes };
}

async function endings({ query }: TestDatabase): Promise<Record<string, number>> {
  const rows = await query<{ decision: string; runs: number }>(
    `select c.output #>> '{}' as decision, count(*)::int as runs from baton.ending e join baton.checkpoint c on c.run_id = e.run_id
     where e.status = 'done' and c.node = 'after' group by 1`,
  );
  return Object.fromEntries(rows.map(({ decision, runs }) => [decision, runs]));
}

import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { QueueNudges } from "../../shared/engine/poll/queue-nudges.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { createClient } from "../../shared/client.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createOperator } from "../../shared/operator.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { createPoller } from "../support/poller.ts";

const database = await createTestDatabase();
checkAfterEach(database);
const input = z.object({});

/** Who has called what, in order. */
let calls: string[] = [];
/** Whom pollers and producers have woken. */
let woken: string[] = [];
/** Which poller works. */
let here = "";
const note = (node: string) => () => void calls.push(`${node} on ${here}`);

const film = defineWorkflow({ name: "film", version: 1, input })
  .step("probe", note("probe"))
  .step("render", { on: "heavy" }, note("render"))
  .step("publish", note("publish"));

type Overrides = Parameters<typeof createPoller>[2];

/** A poller of a queue, in a process of its own. */
function pollerOf(queue: string, workflows: readonly Parameters<typeof createPoller>[1][number][], overrides: Overrides = {}) {
  const poller = createPoller(database.database, workflows, {
    queue,
    others: new QueueNudges(async (other) => void woken.push(`${queue} wakes ${other}`)),
    ...overrides,
  });
  return async () => {
    here = queue;
    return pollQueue(poller);
  };
}

function begin(workflows: Parameters<typeof pollerOf>[1] = [film]) {
  [calls, woken] = [[], []];
  return { home: pollerOf("default", workflows), heavy: pollerOf("heavy", workflows) };
}

const client = ({ database: open }: TestDatabase) =>
  createClient({ database: open, nudge: async (_pollers, queue) => void woken.push(`a producer wakes ${queue}`) });
const viewOf = async (id: string) => (await createOperator({ database: database.database }).get(id))!;
const bandOf = async (id: string) => Number((await database.query("select band from baton.ready where run_id = $1", [id]))[0]?.["band"]);

test("a run goes from home to heavy and back, each node is called by its own poller alone, and each park wakes the other once", async () => {
  const { home, heavy } = begin();
  const { id } = await client(database).enqueue(film, {});
  await heavy();
  expect(calls).toEqual([]);
  await home();
  expect(await viewOf(id)).toMatchObject({ status: "ready", queue: "heavy" });
  await home();
  expect(calls).toEqual(["probe on default"]);
  await heavy();
  expect(await viewOf(id)).not.toHaveProperty("queue");
  await heavy();
  await home();
  expect(calls).toEqual(["probe on default", "render on heavy", "publish on default"]);
  expect(woken).toEqual(["a producer wakes default", "default wakes heavy", "heavy wakes default"]);
  expect((await viewOf(id)).status).toBe("done");
});

test("a round that parks many runs wakes the other poller once", async () => {
  const { home } = begin();
  await client(database).enqueueMany(
    film,
    Array.from({ length: 20 }, () => ({ input: {} })),
  );
  await home();
  expect(calls).toHaveLength(20);
  const rounds = await database.query("select count(distinct xmin::text) as n from baton.checkpoint");
  expect(woken.filter((one) => one === "default wakes heavy").length).toBeLessThanOrEqual(Number(rounds[0]!["n"]));
  await database.query("delete from baton.ready");
  await database.query("delete from baton.checkpoint");
  await database.query("delete from baton.run");
});

test("runs of a workflow that is on a queue begin there, and their producer wakes its poller", async () => {
  const heavyFilm = defineWorkflow({ name: "heavy-film", version: 1, input, on: "heavy" })
    .step("render", note("render"))
    .step("tell", { on: "default" }, note("tell"));
  const { home, heavy } = begin([heavyFilm]);
  // Its poller has been there once.
  await heavy();
  const { id } = await client(database).enqueue(heavyFilm, {});
  expect([await bandOf(id), woken]).toEqual([18, ["a producer wakes heavy"]]);
  await home();
  expect(calls).toEqual([]);
  await heavy();
  await home();
  expect(calls).toEqual(["render on heavy", "tell on default"]);
  expect((await viewOf(id)).status).toBe("done");
});

test("of a queue that no poller has claimed for, the default poller hands the first run on", async () => {
  const gpuFilm = defineWorkflow({ name: "gpu-film", version: 1, input, on: "gpu" }).step("render", note("render"));
  const { home } = begin([gpuFilm]);
  const { id } = await client(database).enqueue(gpuFilm, {});
  expect(await bandOf(id)).toBe(2);
  await home();
  expect([calls, woken]).toEqual([[], ["a producer wakes gpu", "default wakes gpu"]]);
  await pollerOf("gpu", [gpuFilm])();
  expect(calls).toEqual(["render on gpu"]);
});

test("a run that is redriven comes by the default poller to the one of its node", async () => {
  let broken = true;
  const flaky = defineWorkflow({ name: "flaky", version: 1, input })
    .step("probe", note("probe"))
    .step("render", { on: "heavy", retry: { maxAttempts: 1 } }, () => {
      note("render")();
      if (broken) throw new Error("no GPU");
    });
  const { home, heavy } = begin([flaky]);
  const { id } = await client(database).enqueue(flaky, {});
  await home();
  await heavy();
  expect((await viewOf(id)).status).toBe("failed");
  broken = false;
  await createOperator({ database: database.database }).redrive(id);
  await heavy();
  await home();
  await heavy();
  expect(calls).toEqual(["probe on default", "render on heavy", "render on heavy"]);
  expect((await viewOf(id)).status).toBe("done");
});

test("a run that waits on a heavy queue is cancelled where it is", async () => {
  const { home, heavy } = begin();
  const { id } = await client(database).enqueue(film, {});
  await home();
  await createOperator({ database: database.database }).cancel(id);
  await heavy();
  expect((await viewOf(id)).status).toBe("cancelled");
  expect(calls).toEqual(["probe on default"]);
});

test("two pollers whose code disagrees hand a run to and fro once in ten seconds", async () => {
  const before = defineWorkflow({ name: "moved", version: 1, input }).step("render", note("render"));
  const now = defineWorkflow({ name: "moved", version: 1, input }).step("render", { on: "heavy" }, note("render"));
  const { home } = begin([now]);
  const old = pollerOf("heavy", [before]);
  const { id } = await client(database).enqueue(now, {});
  for (let turn = 0; turn < 5; turn++) {
    await home();
    await old();
  }
  expect([calls, woken.slice(1)]).toEqual([[], ["default wakes heavy", "heavy wakes default"]]);
  expect((await viewOf(id)).status).toBe("waiting");
  await database.advance("11 seconds");
  await home();
  await pollerOf("heavy", [now])();
  expect(calls).toEqual(["render on heavy"]);
});

test("what waits for a signal waits at home, where a sender's nudge finds it", async () => {
  const asking = defineWorkflow({ name: "asking", version: 1, input, on: "heavy" })
    .waitFor("go", { output: z.object({}), timeout: "1 hour" })
    .step("render", note("render"));
  const { home, heavy } = begin([asking]);
  await heavy();
  const { id } = await client(database).enqueue(asking, {});
  await heavy();
  expect([await bandOf(id), woken]).toEqual([2, ["a producer wakes heavy", "heavy wakes default"]]);
  await client(database).signal(id, "go", {});
  await home();
  await heavy();
  expect(calls).toEqual(["render on heavy"]);
});

test("a queue of which nobody takes the runs is told by any other poller, and woken once more at its tick", async () => {
  const { home } = begin();
  const warnings: unknown[] = [];
  const logger = { debug() {}, info() {}, error() {}, warn: (message: string, fields?: object) => void warnings.push([message, fields]) };
  await client(database).enqueue(film, {});
  await home();
  woken = [];
  await database.advance("11 seconds");
  expect((await pollerOf("default", [film], { logger })()).oldestReadyMs).toBeGreaterThan(10_000);
  expect([woken, warnings]).toEqual([["default wakes heavy"], []]);
  await database.advance("3 minutes");
  expect((await pollerOf("default", [film], { logger })()).oldestReadyMs).toBeGreaterThan(180_000);
  expect(warnings).toMatchObject([[expect.stringContaining("is there a poller of it?"), { queue: "heavy" }]]);
});

test("a poller without a queue calls every handler, wherever its node is", async () => {
  begin();
  await client(database).enqueue(film, {});
  here = "all";
  await pollQueue(createPoller(database.database, [film]));
  expect(calls).toEqual(["probe on all", "render on all", "publish on all"]);
});

test("what has crashed on a queue is a suspect there, and the poller at home does not see it", async () => {
  const { home, heavy } = begin();
  const { id } = await client(database).enqueue(film, {});
  await home();
  const store = runRepository(database.database);
  const claims: RunStore["claim"] = async (token, request) => {
    const answer = await store.claim(token, request);
    if (answer.runs.length > 0) throw new Error("the process has died");
    return answer;
  };
  const dying = pollerOf("heavy", [film], { store: { ...store, claim: claims } });
  await expect(dying()).rejects.toThrow("the process has died");
  await database.advance("31 seconds");
  await home();
  expect(await bandOf(id)).toBe(16 + 6);
  await home();
  expect(calls).toEqual(["probe on default"]);
  await heavy();
  await home();
  expect((await viewOf(id)).status).toBe("done");
  expect(calls).toEqual(["probe on default", "render on heavy", "publish on default"]);
});

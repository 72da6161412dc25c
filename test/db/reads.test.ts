import { expect, test } from "vitest";
import type { ListedRun, ListRequest, RunStatus } from "../../shared/domain/run-protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import { block, checkAfterEach, engineOf, error, leaseOf, member, newRun, newRuns, sleep, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

/** One run in each status, by status. */
async function oneOfEach(): Promise<Record<RunStatus, string>> {
  const { token, runs } = await leaseOf(engine, 6);
  const [running, done, failed, cancelled, blocked, waiting] = runs;
  await engine.cancel(cancelled!.id);
  await engine.advance(token, 1, {
    done: [member(done!)],
    failed: [{ ...member(failed!), error }],
    blocked: [block(blocked!)],
    sleeps: [sleep(waiting!)],
  });
  const ready = newRun({ workflow: "other" });
  await engine.enqueue([ready]);
  return {
    running: running!.id,
    done: done!.id,
    failed: failed!.id,
    cancelled: cancelled!.id,
    blocked: blocked!.id,
    waiting: waiting!.id,
    ready: ready.id,
  };
}

async function allPages(request: ListRequest): Promise<(readonly ListedRun[])[]> {
  const pages: (readonly ListedRun[])[] = [];
  for (let before: string | undefined; ; before = pages.at(-1)!.at(-1)!.id) {
    const page = await engine.listRuns({ ...request, ...(before && { before }) });
    if (page.length === 0) return pages;
    pages.push(page);
  }
}

test("find_run tells everything that is stored of a run", async () => {
  const { token, runs } = await leaseOf(engine, [newRun({ priority: 1, input: { orderId: "o-7" } })]);
  await engine.advance(token, 1, { steps: [step(runs[0]!)] });
  await engine.advance(token, 2, {
    steps: [step(runs[0]!, { node: "charge", position: 1, output: [1, null, "ä"] })],
    done: runs.map(member),
  });
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\+00:00$/);
  expect(await engine.findRun(runs[0]!.id)).toEqual({
    id: runs[0]!.id,
    workflow: "fulfil-order",
    version: 1,
    priority: 1,
    input: { orderId: "o-7" },
    attributes: null,
    created_at: time,
    moment: time,
    status: "done",
    error: null,
    finished_at: time,
    run_at: null,
    queue: null,
    blocked: null,
    awaits: null,
    family: null,
    hooks: null,
    redrives: 0,
    crashes: 0,
    failures: [],
    forgiven: null,
    hidden: null,
    left_out: null,
    checkpoints: [
      { node: "reserve", position: 0, attempt: 1, output: { reserved: true }, started_at: time, finished_at: time, left_out: null },
      { node: "charge", position: 1, attempt: 1, output: [1, null, "ä"], started_at: time, finished_at: time, left_out: null },
    ],
  });
});

test("a run that does not exist is null", async () => {
  expect(await engine.findRun(crypto.randomUUID())).toBeNull();
  expect(await engine.state(crypto.randomUUID())).toBeNull();
});

test("a run has one status, in find_run and in list_runs", async () => {
  const ids = await oneOfEach();
  const listed = new Map((await engine.listRuns({ limit: 100 })).map(({ id, status }) => [id, status]));
  for (const [status, id] of Object.entries(ids)) {
    expect((await engine.findRun(id))!.status).toBe(status);
    expect(listed.get(id)).toBe(status);
    expect(await engine.listRuns({ status: status as RunStatus, limit: 100 })).toMatchObject([{ id, status }]);
  }
});

test("only what ended has a time of its end, only what failed an error, only what waits a time and what is blocked a reason", async () => {
  const ids = await oneOfEach();
  for (const [status, id] of Object.entries(ids)) {
    const facts = (await engine.findRun(id))!;
    expect([status, facts.finished_at !== null]).toEqual([status, ["done", "failed", "cancelled"].includes(status)]);
    expect([status, facts.error]).toEqual([status, status === "failed" ? error : null]);
    expect([status, facts.run_at !== null]).toEqual([status, ["waiting", "ready"].includes(status)]);
    expect([status, facts.blocked]).toEqual([status, status === "blocked" ? "no such workflow" : null]);
  }
});

test("pages follow one another, newest first, without gap or repeat, also while runs are added", async () => {
  const runs = newRuns(23);
  await engine.enqueue(runs);
  const first = await engine.listRuns({ limit: 5 });
  await engine.enqueue(newRuns(3));
  const second = await engine.listRuns({ limit: 5, before: first.at(-1)!.id });
  const newestFirst = runs.map(({ id }) => id).toReversed();
  expect([...first, ...second].map(({ id }) => id)).toEqual(newestFirst.slice(0, 10));
  const pages = await allPages({ limit: 7 });
  expect(pages.map((page) => page.length)).toEqual([7, 7, 7, 5]);
  expect(
    pages
      .flat()
      .slice(3)
      .map(({ id }) => id),
  ).toEqual(newestFirst);
});

test("pages by workflow and status hold only those", async () => {
  const { token, runs } = await leaseOf(engine, newRuns(9));
  await engine.enqueue(newRuns(9, { workflow: "other" }));
  await engine.advance(token, 1, { done: runs.filter((_, i) => i % 2 === 0).map(member) });
  const pages = await allPages({ workflow: "fulfil-order", status: "done", limit: 2 });
  expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
  expect(await engine.listRuns({ workflow: "other", status: "done", limit: 10 })).toEqual([]);
});

test("state is what the next claim hands out", async () => {
  const { token, runs } = await leaseOf(engine, [newRun({ input: { orderId: "o-9", cents: 1250 } })]);
  const run = runs[0]!;
  expect(await engine.state(run.id)).toEqual({ input: run.input });
  const outputs = [{ n: 1 }, null, [1.5, "x"], false];
  for (const [i, output] of outputs.entries()) {
    await engine.advance(token, i + 1, { steps: [step(run, { node: `s${i}`, position: i, output })] });
  }
  await engine.release(token);
  const [claimed] = (await engine.claim()).runs;
  expect(claimed!.outputs).toEqual({ s0: { n: 1 }, s1: null, s2: [1.5, "x"], s3: false });
  expect(await engine.state(run.id)).toEqual({ input: claimed!.input, ...claimed!.outputs });
});

test("JSON comes back as it was stored, however odd", async () => {
  const odd = { "": 0, "a/b~c": [[[]], {}], ä: "😀\n\"'\\", big: "9007199254740993", n: 1e-7, $1: "$1", __proto: null };
  const { token, runs } = await leaseOf(engine, [newRun({ input: odd })]);
  await engine.advance(token, 1, { steps: [step(runs[0]!, { output: odd })] });
  expect(await engine.state(runs[0]!.id)).toEqual({ input: odd, reserve: odd });
});

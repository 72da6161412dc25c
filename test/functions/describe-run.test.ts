import { describe, expect, test } from "vitest";
import type { CheckpointFacts, FailureFacts, RunFacts } from "../../shared/domain/run-protocol.ts";
import { describeRun, type RunView } from "../../shared/engine/operate/describe-run.ts";

const chain = ["probe", "rest", "publish"];
const moment = "2026-11-24T10:00:10.000000+00:00";

const facts = (some: Partial<RunFacts>): RunFacts => ({
  id: "018f0000-0000-7000-8000-000000000000",
  workflow: "demo",
  version: 1,
  priority: 2,
  input: { a: 1 },
  created_at: "2026-11-24T11:00:00.123456+01:00",
  moment,
  status: "ready",
  error: null,
  finished_at: null,
  run_at: null,
  blocked: null,
  redrives: 0,
  crashes: 0,
  checkpoints: [],
  failures: [],
  ...some,
});
const checkpoint = (node: string, position: number, finished_at = "2026-11-24T10:00:05+00:00"): CheckpointFacts => ({
  node,
  position,
  attempt: 1,
  started_at: "2026-11-24T10:00:04+00:00",
  finished_at,
  output: `${node}'s output`,
});
const failure = (node: string, attempt: number, retry_at: string | null): FailureFacts => ({
  node,
  attempt,
  started_at: "2026-11-24T10:00:06+00:00",
  finished_at: "2026-11-24T10:00:07+00:00",
  retry_at,
  error: { name: "Error", message: "oh", stack: "Error: oh\n  at somewhere" },
});
const view = (some: Partial<RunFacts>, nodes: readonly string[] | undefined = chain) => describeRun(facts(some), nodes, { stacks: true });
const statuses = (run: RunView) => run.steps.map(({ name, status }) => `${name} ${status}`);

test("times are shown as ISO 8601 in UTC, to the millisecond", () => {
  expect(view({}).createdAt).toBe("2026-11-24T10:00:00.123Z");
});

describe("the first node that is not done", () => {
  const checkpoints = [checkpoint("probe", 0)];
  test("is pending while the run is ready", () => {
    expect(statuses(view({ checkpoints }))).toEqual(["probe done", "rest pending", "publish pending"]);
  });
  test("is running while the run is in a lease, also between two attempts", () => {
    const run = view({ checkpoints, status: "running", failures: [failure("rest", 1, "2026-11-24T10:00:20+00:00")] });
    expect(statuses(run)).toEqual(["probe done", "rest running", "publish pending"]);
    expect(run.waiting).toBeNull();
  });
  test("is waiting while the run waits for its retry", () => {
    const run_at = "2026-11-24T10:00:20+00:00";
    const run = view({ checkpoints, status: "waiting", run_at, failures: [failure("rest", 1, run_at)] });
    expect(statuses(run)).toEqual(["probe done", "rest waiting", "publish pending"]);
    expect(run.waiting).toEqual({ for: "retry", until: "2026-11-24T10:00:20.000Z", reason: 'attempt 1 of "rest" failed' });
  });
  test("is waiting while it sleeps, and has no output yet", () => {
    const until = "2026-11-24T10:01:00+00:00";
    const run = view({ checkpoints: [...checkpoints, checkpoint("rest", 1, until)], status: "waiting", run_at: until });
    expect(statuses(run)).toEqual(["probe done", "rest waiting", "publish pending"]);
    expect(run.steps[1]).toMatchObject({ output: null, attempts: [{ number: 1, finishedAt: null }] });
    expect(run.waiting).toEqual({ for: "sleep", until: "2026-11-24T10:01:00.000Z", reason: '"rest" sleeps' });
  });
  test("is done when its sleep is over, to the moment", () => {
    expect(statuses(view({ checkpoints: [...checkpoints, checkpoint("rest", 1, moment)] }))[1]).toBe("rest done");
  });
  test("is pending while the run waits for the code that knows it", () => {
    const run = view({ checkpoints, status: "blocked", blocked: "deploy the code" });
    expect(statuses(run)[1]).toBe("rest pending");
    expect(run.waiting).toEqual({ for: "blocked", until: null, reason: "deploy the code" });
  });
  test("has failed when the run has, and the rest is skipped", () => {
    const run = view({
      checkpoints,
      status: "failed",
      finished_at: moment,
      error: { name: "E", message: "m" },
      failures: [failure("rest", 1, null)],
    });
    expect(statuses(run)).toEqual(["probe done", "rest failed", "publish skipped"]);
    expect(run.error).toEqual({ name: "E", message: "m" });
  });
  test("is skipped when the run was cancelled, also in its sleep, and stays so when the sleep would have ended", () => {
    const asleep = checkpoint("rest", 1, "2026-11-24T10:00:08+00:00");
    const run = view({ checkpoints: [...checkpoints, asleep], status: "cancelled", finished_at: "2026-11-24T10:00:07+00:00" });
    expect(statuses(run)).toEqual(["probe done", "rest skipped", "publish skipped"]);
  });
});

test("a run that was enqueued for later waits as asleep, with no step begun", () => {
  const run = view({ status: "waiting", run_at: "2026-11-25T00:00:00+00:00" });
  expect(run.waiting).toEqual({ for: "sleep", until: "2026-11-25T00:00:00.000Z", reason: "the run was enqueued to start then" });
  expect(statuses(run)).toEqual(["probe pending", "rest pending", "publish pending"]);
});

test("a done run has the output of its last node", () => {
  const checkpoints = chain.map((node, position) => checkpoint(node, position));
  expect(view({ checkpoints, status: "done", finished_at: moment })).toMatchObject({ output: "publish's output", waiting: null });
  expect(view({ checkpoints: checkpoints.slice(0, 2) }).output).toBeNull();
});

test("without its workflow a run shows the nodes that were seen, in their order", () => {
  const run = describeRun(facts({ checkpoints: [checkpoint("a", 0), checkpoint("b", 1)], failures: [failure("c", 1, null)] }), undefined, {
    stacks: true,
  });
  expect(statuses(run)).toEqual(["a done", "b done", "c pending"]);
});

test("what was stored under a name that the chain no longer has is shown after it", () => {
  expect(statuses(view({ checkpoints: [checkpoint("old", 0)] }))).toEqual(["probe pending", "rest pending", "publish pending", "old done"]);
});

test("every attempt is shown, the good one last", () => {
  const run = view({
    checkpoints: [{ ...checkpoint("probe", 0), attempt: 3 }],
    failures: [failure("probe", 1, moment), failure("probe", 2, moment)],
  });
  expect(run.steps[0]!.attempts.map(({ number, error }) => [number, error?.message])).toEqual([
    [1, "oh"],
    [2, "oh"],
    [3, undefined],
  ]);
});

test("in production no stack is shown", () => {
  const failed = facts({
    status: "failed",
    finished_at: moment,
    error: { name: "E", message: "m", stack: "secret" },
    failures: [failure("probe", 1, null)],
  });
  const run = describeRun(failed, chain, { stacks: false });
  expect(run.error).toEqual({ name: "E", message: "m" });
  expect(run.steps[0]!.attempts[0]!.error).toEqual({ name: "Error", message: "oh" });
});

test.each([
  ["infinity", "9999-12-31T23:59:59.999Z"],
  ["294276-12-31T23:59:59.999+00:00", "9999-12-31T23:59:59.999Z"],
  ["10000-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999Z"],
  ["-infinity", "0001-01-01T00:00:00.000Z"],
  ["0044-03-15T00:00:00+00:00 BC", "0001-01-01T00:00:00.000Z"],
  ["0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00.000Z"],
])("a time that cannot be, %s, is shown as the nearest that ISO 8601 can say", (time, shown) => {
  const broken = { ...checkpoint("probe", 0, time), started_at: time };
  const failed = { ...failure("rest", 1, time), started_at: time, finished_at: time };
  const run = describeRun(facts({ created_at: time, finished_at: time, run_at: time, checkpoints: [broken], failures: [failed] }), chain, {
    stacks: true,
  });
  expect([run.createdAt, run.finishedAt]).toEqual([shown, shown]);
  expect(describeRun(facts({ status: "waiting", run_at: time }), chain, { stacks: true }).waiting!.until).toBe(shown);
  expect(run.steps[1]!.attempts[0]).toMatchObject({ startedAt: shown, finishedAt: shown });
});

describe("a run that awaits children", () => {
  const never = "2036-11-24T10:00:10+00:00";
  const awaits = (path: string, open: number, failed = 0) => ({ path, open, failed });
  const waiting = (some: Partial<RunFacts>) => view({ status: "waiting", run_at: never, ...some }).waiting;

  test("says at which nodes, and how many have not ended", () => {
    const { others, ...first } = waiting({
      family: { parent: null, awaits: [awaits("probe", 1), awaits("rest", 3, 2), awaits("publish", 0, 1)] },
    })!;
    expect(first).toEqual({ for: "children", until: null, reason: '"probe" waits for its child', path: "probe", open: 1, failed: 0 });
    expect(others).toEqual([{ for: "children", until: null, reason: '"rest" waits for 3 children', path: "rest", open: 3, failed: 2 }]);
  });
  test("says first what goes on by itself, and when", () => {
    const run_at = "2026-11-24T10:00:20+00:00";
    const family = { parent: null, awaits: [awaits("probe", 1)] };
    const told = { for: "retry", until: "2026-11-24T10:00:20.000Z", others: [{ for: "children", until: null, path: "probe" }] };
    expect(waiting({ run_at, family, failures: [failure("rest", 1, run_at)] })).toMatchObject(told);
  });
  test("does not say of a sleep that was over that it waits for that", () => {
    const family = { parent: null, awaits: [awaits("probe", 1)] };
    expect(waiting({ family, failures: [failure("rest", 1, moment)] })).not.toHaveProperty("others");
  });
  test("says nothing of children once it goes on", () => {
    expect(view({ status: "running", family: { parent: null, awaits: [awaits("probe", 1)] } }).waiting).toBeNull();
  });
});

test("a run that another one has started says which, and older functions do not say it", () => {
  const parent = { id: "018f0000-0000-7000-8000-000000000001", path: "payment", detached: true };
  expect(view({ family: { parent, awaits: null } }).parent).toEqual({ runId: parent.id, node: "payment", detached: true });
  expect([view({}).parent, view({ family: null }).parent]).toEqual([null, null]);
});

import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Json } from "../../shared/domain/json.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createOperator } from "../../shared/operator.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const Input = z.object({ n: z.int() });
const once = { retry: { maxAttempts: 1 } } as const;
const quickly = { retry: { maxAttempts: 3, backoff: "1 millisecond" } } as const;

function refuse(): never {
  throw new NonRetryableError("no");
}

/** What was undone, in order. */
function notebook() {
  const notes: string[] = [];
  const undo =
    (name: string) =>
    (output: Json): void =>
      void notes.push(`${name} ${JSON.stringify(output)}`);
  return { notes, undo };
}

const viewOf = async ({ database }: TestDatabase, id: string) => (await createOperator({ database }).get(id))!;

test("a run that fails for good is undone in reverse order of completion, and then it has failed", async () => {
  await using database = await createTestDatabase();
  const { notes, undo } = notebook();
  const workflow = defineWorkflow({ name: "saga", version: 1, input: Input })
    .step("reserve", { undo: undo("reserve") }, () => "r-1")
    .step("plain", () => 1)
    .step("charge", { undo: undo("charge") }, () => ({ chargeId: "c-1" }))
    .step("ship", { ...once, undo: undo("ship") }, () => refuse())
    .step("tell", { undo: undo("tell") }, () => 1);
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  await poll(database.database, [workflow]);
  expect(notes).toEqual(['charge {"chargeId":"c-1"}', 'reserve "r-1"']);
  const run = await viewOf(database, id!);
  expect(run).toMatchObject({
    status: "failed",
    error: { message: "no" },
    undo: {
      status: "complete",
      because: "failed",
      steps: [
        { path: "charge", status: "done" },
        { path: "reserve", status: "done" },
      ],
    },
  });
  expect(run.steps.map(({ path, status }) => [path, status])).toEqual([
    ["reserve", "done"],
    ["plain", "done"],
    ["charge", "done"],
    ["ship", "failed"],
  ]);
  await database.assertInvariants();
  await expect(createOperator({ database: database.database }).redrive(id!)).rejects.toThrow("what it had done was undone");
});

test("branches, items and passes are undone, each with the state that it saw", async () => {
  await using database = await createTestDatabase();
  const seen: string[] = [];
  const note = (name: string) => (output: Json, state: object) =>
    void seen.push(`${name} ${JSON.stringify(output)} ${JSON.stringify(state)}`);
  const workflow = defineWorkflow({ name: "nested-saga", version: 1, input: Input })
    .step("first", () => "f")
    .map("items", { over: () => ["a", "b"], concurrency: 1, collect: (sum: number) => sum + 1, from: 0 }, (chain) =>
      chain.step("look", () => "l").step("take", { undo: note("take") }, ({ item }) => item),
    )
    .repeat("loop", { max: 5, until: ({ last }) => last.go === 2 }, (chain) =>
      chain.step("go", { undo: note("go") }, ({ index }) => index).step("then", ({ go }) => go * 10),
    )
    .choose("way", () => "left", { left: (chain) => chain.step("turn", { undo: note("turn") }, () => "t"), right: (chain) => chain })
    .step("maybe", { when: () => false, undo: note("maybe") }, () => 1)
    .all("both", {
      good: (chain) => chain.step("do", { undo: note("do") }, () => "d"),
      bad: (chain) => chain.sleep("pause", "1 millisecond").step("fail", once, () => refuse()),
    });
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  for (let n = 0; n < 3; n++) await poll(database.database, [workflow]);
  const before = { input: { n: 1 }, first: "f" };
  const after = { ...before, items: 2 };
  expect(seen.map((line) => line.replaceAll('"', "'"))).toEqual(
    [
      `do "d" ${JSON.stringify({ ...after, loop: 20, way: { case: "left", output: "t" }, maybe: null })}`,
      `turn "t" ${JSON.stringify({ ...after, loop: 20 })}`,
      `go 2 ${JSON.stringify({ ...after, index: 2, previous: 10 })}`,
      `go 1 ${JSON.stringify({ ...after, index: 1, previous: 0 })}`,
      `go 0 ${JSON.stringify({ ...after, index: 0, previous: null })}`,
      `take "b" ${JSON.stringify({ ...before, item: "b", index: 1, look: "l" })}`,
      `take "a" ${JSON.stringify({ ...before, item: "a", index: 0, look: "l" })}`,
    ].map((line) => line.replaceAll('"', "'")),
  );
  expect((await viewOf(database, id!)).undo).toMatchObject({ status: "complete", because: "failed" });
  await database.assertInvariants();
});

test("what has failed is undone where its undo says so, and an undo that fails is tried again as its node", async () => {
  await using database = await createTestDatabase();
  const { notes, undo } = notebook();
  let tries = 0;
  const workflow = defineWorkflow({ name: "even", version: 1, input: Input })
    .step("a", { ...quickly, undo: () => (++tries < 3 ? Promise.reject(new Error("not yet")) : undo("a")(null)) }, () => 1)
    .step("b", { ...once, undo: { run: undo("b"), evenIfFailed: true } }, () => refuse());
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  await poll(database.database, [workflow]);
  expect(notes).toEqual(["b null", "a null"]);
  const { undo: view } = await viewOf(database, id!);
  expect(view!.steps.map(({ path, attempts }) => [path, attempts.length])).toEqual([
    ["b", 1],
    ["a", 3],
  ]);
  await database.assertInvariants();
});

test("an undo that fails for good leaves the others to be undone, and the run incomplete", async () => {
  await using database = await createTestDatabase();
  const { notes, undo } = notebook();
  const workflow = defineWorkflow({ name: "incomplete", version: 1, input: Input })
    .step("a", { undo: undo("a") }, () => 1)
    .step("b", { undo: { run: () => refuse(), ...once } }, () => 2)
    .step("c", once, () => Promise.reject(new Error("the first")));
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  await poll(database.database, [workflow]);
  expect(notes).toEqual(["a 1"]);
  expect(await viewOf(database, id!)).toMatchObject({
    status: "failed",
    error: { message: "the first" },
    undo: {
      status: "incomplete",
      steps: [
        { path: "b", status: "failed" },
        { path: "a", status: "done" },
      ],
    },
  });
  await database.assertInvariants();
});

test("statements of an undo are committed with its row, once", async () => {
  await using database = await createTestDatabase();
  await database.query("create table public.stock (n integer)");
  await database.query("insert into public.stock values (5)");
  const change = (by: number) => ({ statements: [{ text: "update public.stock set n = n + $1::integer", values: [by] }] });
  const workflow = defineWorkflow({ name: "stock", version: 1, input: Input })
    .sql("take", { undo: () => change(1) }, () => change(-1))
    .step("fail", once, () => refuse());
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  await poll(database.database, [workflow]);
  expect(await database.query("select n from public.stock")).toEqual([{ n: 5 }]);
  expect((await viewOf(database, id!)).undo).toMatchObject({ status: "complete" });
  await database.assertInvariants();
});

test("a run with nothing to undo fails as any other, and is redriven", async () => {
  await using database = await createTestDatabase();
  const { undo } = notebook();
  let broken = true;
  const workflow = defineWorkflow({ name: "nothing", version: 1, input: Input })
    .all("both", { one: (chain) => chain.step("go", { ...once, undo: undo("go") }, () => (broken ? refuse() : 1)) })
    .step("last", { ...once, undo: undo("last") }, () => 2);
  const first = defineWorkflow({ name: "first", version: 1, input: Input }).step("a", { ...once, undo: undo("a") }, () =>
    broken ? refuse() : 1,
  );
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  const [other] = await enqueue(database.database, first, [{ n: 1 }]);
  await poll(database.database, [workflow, first]);
  expect(await viewOf(database, id!)).toMatchObject({ status: "failed", undo: { status: "complete", steps: [] } });
  expect(await viewOf(database, other!)).toMatchObject({ status: "failed", undo: null });
  broken = false;
  await using operator = createOperator({ database: database.database });
  for (const each of [id!, other!]) await operator.redrive(each);
  await poll(database.database, [workflow, first]);
  expect(await viewOf(database, id!)).toMatchObject({ status: "done", undo: null, output: 2 });
  expect(await viewOf(database, other!)).toMatchObject({ status: "done" });
  await database.assertInvariants();
});

test("a parked run that is cancelled with undo is undone, and is cancelled then; a second cancel changes nothing", async () => {
  await using database = await createTestDatabase();
  const { notes, undo } = notebook();
  const workflow = defineWorkflow({ name: "asleep", version: 1, input: Input })
    .step("a", { undo: undo("a") }, () => 1)
    .sleep("long", "3 days")
    .step("b", { undo: { run: undo("b"), evenIfFailed: true } }, () => 2);
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  await poll(database.database, [workflow]);
  await using operator = createOperator({ database: database.database });
  expect(await operator.cancel(id!, { undo: true })).toEqual({ id, status: "cancelling" });
  await database.assertInvariants();
  for (const how of [{}, { undo: true }]) await expect(operator.cancel(id!, how)).rejects.toThrow("it is being undone");
  expect((await viewOf(database, id!)).undo).toEqual({ status: "running", because: "cancelled", error: null, steps: [] });
  await poll(database.database, [workflow]);
  expect(notes).toEqual(["a 1"]);
  expect(await viewOf(database, id!)).toMatchObject({ status: "cancelled", error: null, undo: { status: "complete" } });
  await database.assertInvariants();
});

test("a running step is told when its run is cancelled with undo; what it returns all the same is undone too", async () => {
  await using database = await createTestDatabase();
  const { notes, undo } = notebook();
  await using operator = createOperator({ database: database.database });
  const ids: string[] = [];
  const workflow = defineWorkflow({ name: "busy", version: 1, input: Input })
    .step("a", { undo: undo("a") }, () => 1)
    .all("both", {
      stubborn: (chain) =>
        chain.step("stay", { undo: undo("stay") }, async (_state, { signal }) => {
          await operator.cancel(ids[0]!, { undo: true });
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          return "stayed";
        }),
      obedient: (chain) =>
        chain.step("leave", { undo: { run: undo("leave"), evenIfFailed: true } }, async (_state, { signal }) => {
          await new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(new Error("told"))));
          return 1;
        }),
    })
    .step("never", { undo: undo("never") }, () => 3);
  ids.push(...(await enqueue(database.database, workflow, [{ n: 1 }])));
  await poll(database.database, [workflow], { settings: { ttlMs: 2_000 } });
  expect(notes).toEqual(["leave null", 'stay "stayed"', "a 1"]);
  expect(await viewOf(database, ids[0]!)).toMatchObject({ status: "cancelled", undo: { status: "complete" } });
  await database.assertInvariants();
});

test("what a dead poller had undone is not undone again, and the rest is, by the next", async () => {
  await using database = await createTestDatabase();
  const { notes, undo } = notebook();
  const repository = runRepository(database.connect("poller"));
  let dies = false;
  const workflow = defineWorkflow({ name: "crash", version: 1, input: Input })
    .step("a", { undo: undo("a") }, () => 1)
    .step("b", { undo: (output) => (undo("b")(output), void (dies = true)) }, () => 2)
    .step("c", { undo: undo("c") }, () => 3)
    .step("d", once, () => refuse());
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  // The undo of "b" ran, and its row was never stored.
  const advance: typeof repository.advance = (...call) => (dies ? Promise.reject(new Error("dead")) : repository.advance(...call));
  const release: typeof repository.release = (...call) => (dies ? Promise.reject(new Error("dead")) : repository.release(...call));
  await expect(poll(database.database, [workflow], { store: { ...repository, advance, release } })).rejects.toThrow("dead");
  expect(notes).toEqual(["c 3", "b 2"]);
  dies = false;
  await database.query("update baton.lease set expires_at = baton.now() - interval '1 second'");
  await poll(database.database, [workflow]);
  expect(notes).toEqual(["c 3", "b 2", "b 2", "a 1"]);
  expect(await viewOf(database, id!)).toMatchObject({
    status: "failed",
    error: { message: "no" },
    undo: { status: "complete" },
    crashes: 1,
  });
  await database.assertInvariants();
});

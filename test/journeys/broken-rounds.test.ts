import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Node } from "../../shared/domain/node.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const COUNT = 9;
const BROKEN = 4;
const database = await createTestDatabase();
await database.query("create table service.effect (n int); grant insert on service.effect to baton_poller");

const gap = () => {
  throw new RangeError("a gap in a check");
};
/** What no handler can return, as if a check of Baton's own had a gap. */
const unwritable = Object.defineProperty({}, "toJSON", { value: gap });
const unreadable = Object.defineProperty({}, "a", { get: gap, enumerable: true });
const insert = (n: number) => ({ text: "insert into service.effect values ($1)", values: [n] });

/** A workflow of two nodes, the first of which is not checked in what it makes of n. */
function unchecked(name: string, kind: Node["kind"], make: (n: number) => unknown) {
  const base = defineWorkflow({ name, version: 1, input: z.object({ n: z.int() }) });
  const [first, second] = base.step("a", { retry: { maxAttempts: 3 } }, () => 1).step("b", () => 2).nodes;
  const unsafe = (state: { input: { n: number } }) => make(state.input.n);
  return { ...base, nodes: [{ ...first, kind, run: async (state: never) => unsafe(state), duration: unsafe } as never, second!] };
}

const cases = [
  ["the output of a step is measured", unchecked("measured", "step", (n) => (n === BROKEN ? unreadable : n))],
  ["the output of a step is encoded", unchecked("encoded", "step", (n) => (n === BROKEN ? unwritable : n))],
  [
    "the output of a sql node is encoded",
    unchecked("strict", "sql", (n) => ({ statements: [insert(n)], output: n === BROKEN ? unwritable : n })),
  ],
  ["a sleep is put into a round", unchecked("built", "sleep", (n) => (n === BROKEN ? { valueOf: gap } : 1))],
] as const;

test.each(cases)("an error of Baton's own while %s fails that run with it, and the others of the lease go on", async (_, workflow) => {
  const inputs = Array.from({ length: COUNT }, (__, n) => ({ n }));
  const ids = await enqueue(database.database, workflow, inputs);
  await poll(database.connect("poller"), [workflow], { settings: { lingerMs: 5_000 } });
  const runs = await Promise.all(ids.map((id) => runRepository(database.database).findRun(id)));
  expect(runs.map((run) => run?.status)).toEqual(inputs.map(({ n }) => (n === BROKEN ? "failed" : "done")));
  const error = { name: "RangeError", message: "a gap in a check" };
  expect(runs[BROKEN]).toMatchObject({ error, failures: [{ node: "a", attempt: 1, error }] });
  expect(runs.flatMap((run) => run?.failures ?? [])).toHaveLength(1);
  await database.assertInvariants();
});

test("the statements of a sql node whose output cannot be encoded have no effect, those of its neighbours one", async () => {
  const written = (await database.query<{ n: number }>("select n from service.effect order by n")).map(({ n }) => n);
  expect(written).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
});

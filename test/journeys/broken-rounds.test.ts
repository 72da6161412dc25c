import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Attempted, Node } from "../../shared/domain/node.ts";
import { handlerNode } from "../../shared/domain/nodes/handler.ts";
import { sleepNode } from "../../shared/domain/nodes/sleep.ts";
import type { Scene } from "../../shared/domain/standing.ts";
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

type State = { readonly input: { readonly n: number } };

/** A workflow of two nodes, the first of which is not checked in what it makes of n. */
function unchecked(name: string, first: Node) {
  const base = defineWorkflow({ name, version: 1, input: z.object({ n: z.int() }) });
  const [second] = base.step("b", () => 2).nodes;
  return { ...base, nodes: [first, second!] };
}

const handler = (kind: string, make: (n: number) => unknown) =>
  handlerNode(kind, "a", { retry: { maxAttempts: 3 } }, async (state) => make((state as unknown as State).input.n) as Attempted);

const sleep = (make: (n: number) => unknown): Node => {
  const node = sleepNode("a", "1 millisecond");
  const durationOf = (scene: Scene) => make((scene.state() as unknown as State).input.n) as number;
  const begin: Node["begin"] = (path) => {
    const ahead = node.begin(path);
    const look = (scene: Scene) => ({ moves: [{ do: "sleep" as const, path, attempt: 1, durationMs: durationOf(scene) }] });
    return Object.assign(Object.create(ahead) as typeof ahead, { look });
  };
  return { ...node, begin };
};

const cases = [
  [
    "the output of a step is measured",
    unchecked(
      "measured",
      handler("step", (n) => ({ output: n === BROKEN ? unreadable : n })),
    ),
  ],
  [
    "the output of a step is encoded",
    unchecked(
      "encoded",
      handler("step", (n) => ({ output: n === BROKEN ? unwritable : n })),
    ),
  ],
  [
    "the output of a sql node is encoded",
    unchecked(
      "strict",
      handler("sql", (n) => ({ statements: [insert(n)], output: n === BROKEN ? unwritable : n })),
    ),
  ],
  [
    "a sleep is put into a round",
    unchecked(
      "built",
      sleep((n) => (n === BROKEN ? { valueOf: gap } : 1)),
    ),
  ],
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

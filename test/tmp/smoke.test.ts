import { expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow, walk } from "../../shared/index.ts";

const base = defineWorkflow({ name: "order", version: 1, input: z.object({ n: z.int(), items: z.array(z.int()) }) });
const input = { n: 3, items: [1, 2, 3] };

test("all", async () => {
  const w = base
    .all("checks", {
      a: (c) => c.step("x", ({ input }) => input.n).step("y", ({ x }) => x + 1),
      b: (c) => c.sleep("s", "2 seconds"),
      none: (c) => c,
    })
    .step("last", ({ checks }) => checks.a + 1);
  expect(await walk(w, input)).toMatchObject({
    state: { checks: { a: 4, b: { until: "1970-01-01T00:00:02.000Z" }, none: null }, last: 5 },
  });
});
test("choose", async () => {
  const w = base
    .choose("route", ({ input }) => (input.n > 2 ? "big" : "small"), {
      big: (c) => c.step("x", ({ input }) => input.n),
      small: (c) => c.step("y", () => "no").end(({ y }) => ({ ended: y })),
    })
    .step("last", ({ route }) => route.output + 1);
  expect(await walk(w, input)).toMatchObject({ output: 4, state: { route: { case: "big", output: 3 } } });
  expect(await walk(w, { ...input, n: 1 })).toMatchObject({ output: { ended: "no" } });
  expect(w.nodes.map((n) => n.shape)).toEqual(["choose:route(big=step:x,small=step:y|end:~end)", "step:last"]);
});
test("when", async () => {
  const w = base
    .step("x", { when: ({ input }) => input.n > 3 }, () => 5)
    .step("y", { when: ({ input }) => input.n < 4 }, ({ x }) => ({ x }));
  expect(await walk(w, input)).toMatchObject({ output: { x: null } });
});
test("map", async () => {
  const w = base.map("m", { over: ({ input }) => input.items, concurrency: 2 }, (c) =>
    c.step("double", ({ item }) => item * 2).step("add", ({ double, index }) => double + index),
  );
  expect(await walk(w, input)).toMatchObject({ output: [2, 5, 8] });
  const s = base.map("m", { over: ({ input }) => input.items, collect: (sum, value) => sum + value, from: 0 }, (c) =>
    c.step("double", ({ item }) => item * 2),
  );
  expect(await walk(s, { n: 1, items: Array.from({ length: 1234 }, (_, n) => n) })).toMatchObject({ output: 1233 * 1234 });
});
test("repeat", async () => {
  const w = base.repeat("r", { max: 5, every: "30 seconds", until: ({ last }) => last.check.status === "ready" }, (c) =>
    c.step("check", ({ index, previous }) => ({ status: index === 3 ? "ready" : "no", previous })),
  );
  expect(await walk(w, input)).toMatchObject({ output: { status: "ready" } });
  await expect(
    walk(
      base.repeat("r", { max: 5, until: () => false }, (c) => c.step("check", () => 1)),
      input,
    ),
  ).rejects.toThrow("after 5 passes");
});
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
const database = await createTestDatabase();
test("script", async () => {
  const w = base.script("s", async ({ input }, { step }) => {
    let sum = 0;
    for (const item of input.items) sum += await step("add", { of: item }, () => item * 2);
    const both = await Promise.all([step("a", () => 1), step("b", async ({ idempotencyKey }) => idempotencyKey)]);
    return { sum, both };
  });
  expect(await walk(w, input)).toMatchObject({ output: { sum: 12, both: [1, "walk/s/b"] } });
  const [id] = await enqueue(database.database, w, [input]);
  await poll(database.database, [w]);
  expect(
    await database.query("select node, position, attempt, output from baton.checkpoint where run_id = $1 order by node", [id]),
  ).toEqual([]);
});
test("real all", async () => {
  const w = defineWorkflow({ name: "all", version: 1, input: z.object({ items: z.array(z.int()) }) })
    .all("checks", {
      a: (c) =>
        c.step("x", { retry: { backoff: "10 milliseconds" } }, (_s, { attempt }) => {
          if (attempt < 3) throw new Error("no");
          return attempt;
        }),
      b: (c) => c.sleep("s", "10 milliseconds").step("after", () => "z"),
    })
    .map("m", { over: ({ input }) => input.items, tolerate: 1 }, (c) =>
      c.step("i", { retry: { maxAttempts: 1 } }, ({ item }) => {
        if (item === 2) throw new Error("two");
        return item;
      }),
    )
    .repeat("r", { max: 3 }, (c) => c.step("p", ({ index }) => index), { until: ({ last }) => last.p === 2 });
  const [id] = await enqueue(database.database, w, [{ items: [1, 2, 3] }]);
  for (let n = 0; n < 3; n++) {
    await poll(database.database, [w]);
    await new Promise((r) => setTimeout(r, 30));
  }
  expect(
    await database.query("select node, position, attempt, output from baton.checkpoint where run_id = $1 order by node", [id]),
  ).toEqual([]);
});

import { expect, test } from "vitest";
import { Family, noFamily } from "../../shared/domain/family.ts";
import { familyOf } from "../../shared/domain/recognise.ts";

const done = { run: "a", status: "done", output: 5, error: null } as const;
const failed = { run: "b", status: "failed", error: { name: "Error", message: "no" } } as const;

test("a poller that is told nothing of children knows nothing of them", () => {
  expect([familyOf(null), familyOf(undefined)]).toEqual([noFamily, noFamily]);
  expect(noFamily.of("payment")).toBeUndefined();
});

test("how a child has ended is known by its path, until it goes on", () => {
  const family = familyOf({ payment: done, refund: failed });
  expect(family.of("payment")).toEqual({ run: "a", status: "done", output: 5, error: undefined });
  expect(family.of("refund")).toEqual(failed);
  expect(family.without("refund").of("refund")).toBeUndefined();
  expect(family.without("other")).toBe(family);
});

test("it is news only of a path of which nothing was known", () => {
  const before = new Family([["payment", done as never]]);
  expect([before.tellsMoreThan(noFamily), noFamily.tellsMoreThan(before), before.tellsMoreThan(before)]).toEqual([true, false, false]);
});

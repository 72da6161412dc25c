import { expect, it } from "vitest";
import { jsonbBytes } from "../../shared/domain/jsonb-bytes.ts";
import type { Json } from "../../shared/domain/json.ts";

it.each<[Json, string]>([
  [null, "null"],
  [true, "true"],
  [false, "false"],
  ["a€\u{1F600}", '"a€\u{1F600}"'],
  ['"\\\n\u0001\x7f', String.raw`"\"\\\n\u0001` + '\x7f"'],
  [0, "0"],
  [-12.5, "-12.5"],
  [1e21, "1000000000000000000000"],
  [-1.5e22, "-15000000000000000000000"],
  [1e-7, "0.0000001"],
  [-1.25e-7, "-0.000000125"],
  [[], "[]"],
  [{}, "{}"],
  [[1, [2], "x"], '[1, [2], "x"]'],
  [{ a: 1, b: undefined, "c\n": { d: null } }, String.raw`{"a": 1, "c\n": {"d": null}}`],
])("%j has the bytes that the database writes", (value, text) => {
  expect(jsonbBytes(value)).toBe(Buffer.byteLength(text));
});

it("the largest number is written with 309 digits and the smallest with 324 after the point", () => {
  expect([Number.MAX_VALUE, -Number.MIN_VALUE].map(jsonbBytes)).toEqual([309, 327]);
});

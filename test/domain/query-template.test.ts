import { expect, test } from "vitest";
import { fillTemplate, partsOf } from "../../shared/domain/query-template.ts";

const text = `-- What it is for; 12:30 is no value, nor is :this.
select a::text, b -- kept
from t
where a = :first::text
  --? second
  and b = :second and c = :first
  --?
  --? third
  and d = :third
  --?
limit :most
`;

test("a part stays where the value of its name is given, and values become parameters in the order of their first use", () => {
  expect(fillTemplate(text, { first: "x", second: "y", third: undefined, most: 5 })).toEqual({
    text: "select a::text, b -- kept\nfrom t\nwhere a = $1::text\n  and b = $2 and c = $1\nlimit $3\n",
    values: ["x", "y", 5],
  });
  expect(fillTemplate(text, { first: "x", third: "", most: 0 })).toMatchObject({
    text: expect.stringMatching(/\$1::text\n {2}and d = \$2\nlimit \$3\n$/),
    values: ["x", "", 0],
  });
});

test("a value never becomes a part of the text", () => {
  const filled = fillTemplate(text, { first: "'; drop table t; --", most: ":first" });
  expect(filled.text).not.toContain("drop");
  expect(filled.values).toEqual(["'; drop table t; --", ":first"]);
});

test("a value that is missing outside of parts is an error", () => {
  expect(() => fillTemplate(text, { first: "x" })).toThrow("The template has no value for :most");
});

test("the parts of a template are known by name", () => {
  expect(partsOf(text)).toEqual(["second", "third"]);
  expect(partsOf("select 1")).toEqual([]);
});

import { expect, test } from "vitest";
import { standingResources } from "../../infra/local/host/template-conditions.ts";

const Resources = { Always: { Type: "A" }, Sometimes: { Type: "B", Condition: "Chosen" } };
const names = (chosen: unknown, more: object = {}) =>
  Object.keys(standingResources({ Resources, Conditions: { Chosen: chosen, ...more } }));
const yes = { "Fn::Equals": ["on", "on"] };
const no = { "Fn::Equals": ["on", ""] };

test.each([
  [yes, true],
  [no, false],
  [{ "Fn::Not": [no] }, true],
  [{ "Fn::And": [yes, no] }, false],
  [{ "Fn::Or": [no, yes] }, true],
  [{ "Fn::And": [{ Condition: "Other" }, yes] }, true],
])("a resource under the condition %j stands in the local host: %s", (condition, stands) => {
  expect(names(condition, { Other: yes })).toEqual(stands ? ["Always", "Sometimes"] : ["Always"]);
});

test.each([[{ "Fn::Equals": [{ Ref: "Stage" }, "prod"] }], [{ "Fn::Nor": [yes] }], [{ Condition: "Missing" }], [undefined]])(
  "a condition that only CloudFormation could tell is refused: %j",
  (condition) => {
    expect(() => names(condition)).toThrow(/^The local host does not understand the condition Chosen: /);
  },
);

import { expect, test } from "vitest";
import { rightsFor } from "../../infra/local/host/operations.ts";

const here = "eu-local-1:000000000000";
const poller = `arn:aws:lambda:${here}:function:poll`;

test.each<[Record<string, unknown>, string]>([
  [{ FunctionName: "poll" }, poller],
  [{ FunctionName: "function:poll" }, poller],
  [{ FunctionName: "000000000000:function:poll" }, poller],
  [{ FunctionName: poller }, poller],
  [{ FunctionName: "poll:live" }, `${poller}:live`],
  [{ FunctionName: "poll", Qualifier: "7" }, `${poller}:7`],
  [{ FunctionName: `${poller}:$LATEST` }, `${poller}:$LATEST`],
  [{ FunctionName: "111111111111:function:poll" }, "arn:aws:lambda:eu-local-1:111111111111:function:poll"],
  [{ FunctionName: "arn:aws:lambda:us-east-1:000000000000:function:poll" }, "arn:aws:lambda:us-east-1:000000000000:function:poll"],
])("whoever invokes %j needs the right to just that function", (input, resource) => {
  expect(rightsFor("lambda:Invoke", input)).toEqual([{ action: "lambda:InvokeFunction", resource }]);
});

test.each(["ssm:GetParameter", "ssm:PutParameter"] as const)(
  "%s needs the right of its name, with one slash before the parameter's",
  (operation) => {
    for (const Name of ["/a/b", "a"]) {
      const resource = `arn:aws:ssm:${here}:parameter/${Name.replace(/^\//, "")}`;
      expect(rightsFor(operation, { Name })).toEqual([{ action: operation, resource }]);
    }
  },
);

test.each(["scheduler:CreateSchedule", "scheduler:UpdateSchedule"] as const)(
  "%s needs its right and that to pass the role on to the Scheduler",
  (operation) => {
    const RoleArn = "arn:aws:iam::000000000000:role/R";
    const passing = { action: "iam:PassRole", resource: RoleArn, context: { "iam:PassedToService": "scheduler.amazonaws.com" } };
    for (const [group, given] of [
      ["mine", { GroupName: "mine" }],
      ["default", {}],
    ] as const) {
      const resource = `arn:aws:scheduler:${here}:schedule/${group}/s`;
      expect(rightsFor(operation, { Name: "s", Target: { RoleArn }, ...given })).toEqual([{ action: operation, resource }, passing]);
    }
  },
);

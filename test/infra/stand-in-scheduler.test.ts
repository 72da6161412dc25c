import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { afterAll, expect, test } from "vitest";
import { functionArn, roleArn } from "../../infra/local/host/arns.ts";
import { broken, invalid, missing, refused, startProbeHost, type Thrown, thrownBy } from "../support/probe-host.ts";
import { until } from "../support/until.ts";

const { host, connection, printed, refusals, role, waker, idler } = await startProbeHost();
const scheduler = new SchedulerClient(connection);
afterAll(() => scheduler.destroy());

const target = { Arn: functionArn("probe"), RoleArn: waker.arn };
const later = `at(${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)})`;
const given: CreateScheduleCommandInput = {
  Name: "s",
  GroupName: "mine",
  ScheduleExpression: later,
  FlexibleTimeWindow: { Mode: "OFF" },
  Target: target,
};
const create = (input: Partial<CreateScheduleCommandInput>) => scheduler.send(new CreateScheduleCommand({ ...given, ...input }));
const update = (input: Partial<CreateScheduleCommandInput>) => scheduler.send(new UpdateScheduleCommand({ ...given, ...input }));
const pattern = (text: string) => `satisfy regular expression pattern: ${text}`;
const name = "^[0-9a-zA-Z-_.]+$";

test("makes a schedule once, and moves it once it is there", async () => {
  expect(await thrownBy(update({}))).toEqual(refused("ResourceNotFoundException", 404, "Schedule s does not exist."));
  expect(await create({})).toMatchObject({ ScheduleArn: "arn:aws:scheduler:eu-local-1:000000000000:schedule/mine/s" });
  expect(await thrownBy(create({}))).toEqual(refused("ConflictException", 409, "Schedule s already exists."));
  await update({ State: "DISABLED" });
  await create({ GroupName: undefined });
});

test.each<[string, Partial<CreateScheduleCommandInput>, Thrown]>([
  ["no window", { FlexibleTimeWindow: undefined }, invalid(missing("flexibleTimeWindow"))],
  ["no mode of the window", { FlexibleTimeWindow: { Mode: undefined } }, invalid(missing("flexibleTimeWindow.mode"))],
  [
    "another mode",
    { FlexibleTimeWindow: { Mode: "ON" as "OFF" } },
    invalid(broken("ON", "flexibleTimeWindow.mode", "satisfy enum value set: [OFF, FLEXIBLE]")),
  ],
  [
    "a window of no minutes",
    { FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 0 } },
    invalid(broken("0", "flexibleTimeWindow.maximumWindowInMinutes", "have value greater than or equal to 1")),
  ],
  [
    "a window of part of a minute",
    { FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 1.5 } },
    refused("SerializationException", 400, "NUMBER_VALUE can not be converted to an Integer"),
  ],
  [
    "no expression and no target",
    { ScheduleExpression: undefined, Target: undefined },
    invalid(missing("scheduleExpression"), missing("target")),
  ],
  ["a target without a role", { Target: { ...target, RoleArn: undefined } }, invalid(missing("target.roleArn"))],
  [
    "a role that is no ARN of one",
    { Target: { ...target, RoleArn: "Waker" } },
    invalid(broken("Waker", "target.roleArn", pattern(String.raw`^arn:aws(-[a-z]+)?:iam::\d{12}:role\/[\w+=,.@\/-]+$`))),
  ],
  [
    "a queue that is no ARN of one",
    { Target: { ...target, DeadLetterConfig: { Arn: "q" } } },
    invalid(broken("q", "target.deadLetterConfig.arn", pattern(String.raw`^arn:aws(-[a-z]+)?:sqs:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9\-_]+$`))),
  ],
  [
    "events that grow too old",
    { Target: { ...target, RetryPolicy: { MaximumEventAgeInSeconds: 59 } } },
    invalid(broken("59", "target.retryPolicy.maximumEventAgeInSeconds", "have value greater than or equal to 60")),
  ],
  [
    "too many tries",
    { Target: { ...target, RetryPolicy: { MaximumRetryAttempts: 186 } } },
    invalid(broken("186", "target.retryPolicy.maximumRetryAttempts", "have value less than or equal to 185")),
  ],
  ["an empty input", { Target: { ...target, Input: "" } }, invalid(broken("", "target.input", "have length greater than or equal to 1"))],
  ["a name with a blank", { Name: "a b" }, invalid(broken("a b", "name", pattern(name)))],
  ["a long name", { Name: "n".repeat(65) }, invalid(broken("n".repeat(65), "name", "have length less than or equal to 64"))],
  ["a group with a slash", { GroupName: "a/b" }, invalid(broken("a/b", "groupName", pattern(name)))],
  [
    "a long description",
    { Description: "d".repeat(513) },
    invalid(broken("d".repeat(513), "description", "have length less than or equal to 512")),
  ],
  ["another state", { State: "ON" as "ENABLED" }, invalid(broken("ON", "state", "satisfy enum value set: [ENABLED, DISABLED]"))],
  [
    "another end",
    { ActionAfterCompletion: "KEEP" as "NONE" },
    invalid(broken("KEEP", "actionAfterCompletion", "satisfy enum value set: [NONE, DELETE]")),
  ],
  [
    "a key that is none",
    { KmsKeyArn: "k" },
    invalid(broken("k", "kmsKeyArn", pattern(String.raw`^arn:aws(-[a-z]+)?:kms:[a-z0-9\-]+:\d{12}:(key|alias)\/[0-9a-zA-Z-_]*$`))),
  ],
  [
    "a long zone",
    { ScheduleExpressionTimezone: "z".repeat(51) },
    invalid(broken("z".repeat(51), "scheduleExpressionTimezone", "have length less than or equal to 50")),
  ],
  [
    "a group that is not there",
    { GroupName: "theirs" },
    refused("ResourceNotFoundException", 404, "Schedule group theirs does not exist."),
  ],
  [
    "a target that is no ARN",
    { Target: { ...target, Arn: "probe" } },
    refused("ValidationException", 400, "Provided Arn is not in correct format."),
  ],
  [
    "a role that it may not take",
    { Target: { ...target, RoleArn: role.arn } },
    refused("ValidationException", 400, "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."),
  ],
  [
    "a role that is not there",
    { Target: { ...target, RoleArn: roleArn("Nobody") } },
    refused("ValidationException", 400, "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."),
  ],
  [
    "what the local host has no use for",
    { Target: { ...target, SqsParameters: { MessageGroupId: "g" } } },
    refused(
      "ValidationException",
      400,
      "The local host does not know target.sqsParameters: what it has to mean here belongs into infra/local/host/service-model.ts",
    ),
  ],
  [
    "a rate, which the local host cannot fire",
    { ScheduleExpression: "rate(5 minutes)" },
    refused(
      "ValidationException",
      400,
      "The local host fires schedules of the form at(yyyy-mm-ddThh:mm:ss) in the zone UTC, and no others.",
    ),
  ],
  [
    "a zone, which the local host does not know",
    { ScheduleExpressionTimezone: "Europe/Berlin" },
    refused(
      "ValidationException",
      400,
      "The local host fires schedules of the form at(yyyy-mm-ddThh:mm:ss) in the zone UTC, and no others.",
    ),
  ],
])("takes no schedule with %s, whether it is made or moved", async (_what, input, expected) => {
  for (const call of [create, update]) expect(await thrownBy(call(input))).toEqual(expected);
});

test.each([{ Mode: "FLEXIBLE" }, { Mode: "OFF", MaximumWindowInMinutes: 5 }] as const)(
  "takes no window of %j",
  async (FlexibleTimeWindow) => {
    expect(await thrownBy(create({ FlexibleTimeWindow }))).toMatchObject({
      name: "ValidationException",
      message: expect.stringContaining("MaximumWindowInMinutes"),
    });
  },
);

test.each([
  "now",
  "at(2026-01-01)",
  "at(2026-01-01T00:00:00Z)",
  "at(2026-02-30T00:00:00)",
  "at(2026-01-01T24:00:00)",
  " at(2026-01-01T00:00:00)",
  "rate(10 seconds)",
  "rate(0 minutes)",
])("takes %j for no expression", async (ScheduleExpression) => {
  expect(await thrownBy(create({ ScheduleExpression }))).toEqual(
    refused("ValidationException", 400, `Invalid Schedule Expression ${ScheduleExpression}.`),
  );
});

test("has none of its other operations", async () => {
  expect(await thrownBy(scheduler.send(new GetScheduleCommand({ Name: "s" })))).toMatchObject({
    message: "The local host has no GET /schedules/s.",
  });
});

const past = "at(2026-01-01T00:00:00)";
test("fires with the input of the target, and is gone afterwards if it is to be", async () => {
  await create({
    Name: "once",
    ScheduleExpression: past,
    ActionAfterCompletion: "DELETE",
    Target: { ...target, Input: '{"from":"once"}' },
  });
  await until("it has fired", () => printed().includes('{"from":"once"}'));
  expect([...host.oneTimeSchedules.keys()]).not.toContain("mine/once");
});

test("fires nothing with a role that does not allow it", async () => {
  await create({ Name: "denied", ScheduleExpression: past, Target: { ...target, RoleArn: idler.arn, Input: '{"from":"denied"}' } });
  await until("it was refused", () => refusals.length > 0);
  expect(refusals.map(({ message }) => message)).toEqual([
    "User: arn:aws:sts::000000000000:assumed-role/Idler/denied is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:eu-local-1:000000000000:function:probe because no identity-based policy allows the lambda:InvokeFunction action",
  ]);
  expect(printed()).not.toContain('"denied"');
});

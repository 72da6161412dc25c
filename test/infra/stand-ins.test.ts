import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import {
  GetParameterCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { Refusal } from "../../infra/local/host/access.ts";
import { functionArn, roleArn } from "../../infra/local/host/arns.ts";
import { readExpression } from "../../infra/local/host/schedule-expression.ts";
import { startHost } from "../../infra/local/host.ts";
import { roleThatAllows } from "../support/roles.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "baton-stand-ins-"));
writeFileSync(join(folder, "probe.mjs"), "export const handler = async (event) => (console.log(JSON.stringify(event)), event);");
let printed = "";
const refusals: Refusal[] = [];
const role = roleThatAllows({});
const waker = roleThatAllows({ "lambda:InvokeFunction": functionArn("probe") }, "Waker", "scheduler.amazonaws.com");
const idler = roleThatAllows({}, "Idler", "scheduler.amazonaws.com");
const facts = { timeoutMs: 10_000, memoryMb: 128, reservedConcurrency: undefined, maximumEventAgeMs: 60_000, environment: {}, role };
const host = await startHost({
  template: {
    functions: [{ logicalId: "Probe", name: "probe", module: "probe", handler: "handler", ...facts }],
    routes: [],
    schedules: [],
    roles: [role, waker, idler],
    permissions: [],
    scheduleGroups: ["mine"],
  },
  codeRoot: folder,
  environmentOf: () => ({}),
  log: (text) => (printed += text),
  onRefusal: (refusal) => refusals.push(refusal),
});
const connection = { endpoint: host.awsUrl, region: "eu-local-1", credentials: host.awsKey, maxAttempts: 1 };
const ssm = new SSMClient(connection);
const scheduler = new SchedulerClient(connection);
const lambda = new LambdaClient(connection);
afterAll(async () => {
  for (const client of [ssm, scheduler, lambda]) client.destroy();
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => void refusals.splice(0));

/** What the SDK throws. */
interface Thrown {
  readonly name: string;
  readonly status: number | undefined;
  readonly message: string;
}

async function thrownBy(call: Promise<unknown>): Promise<Thrown> {
  try {
    await call;
  } catch (thrown) {
    const { name, message, $metadata } = thrown as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode, message };
  }
  throw new Error("It was not refused.");
}

const refused = (name: string, status: number, message: string) => ({ name, status, message });
const invalid = (...wrong: readonly string[]) => {
  const count = wrong.length === 1 ? "1 validation error" : `${wrong.length} validation errors`;
  return refused("ValidationException", 400, `${count} detected: ${wrong.join("; ")}`);
};
const broken = (value: string, path: string, constraint: string) =>
  `Value '${value}' at '${path}' failed to satisfy constraint: Member must ${constraint}`;
const missing = (path: string) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`;

describe("SSM", () => {
  const put = (input: Partial<PutParameterCommandInput>) =>
    ssm.send(new PutParameterCommand({ Name: "/a/b", Value: "x", Type: "String", Overwrite: true, ...input }));
  const get = (Name: string | undefined) => ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
  const long = "x".repeat(2_049);

  test("gives back what was put, however long a value may be", async () => {
    for (const [Value, Tier] of [
      ["x".repeat(4_096), "Standard"],
      ["ä".repeat(4_096), "Advanced"],
      [" {} ", undefined],
    ] as const) {
      await put({ Value, Tier });
      expect((await get("/a/b")).Parameter).toMatchObject({ Name: "/a/b", Value });
    }
  });

  test.each<[string, Partial<PutParameterCommandInput>, Thrown]>([
    ["no name", { Name: undefined }, invalid(missing("name"))],
    ["no value", { Value: undefined }, invalid(missing("value"))],
    ["neither", { Name: undefined, Value: undefined }, invalid(missing("name"), missing("value"))],
    ["a name that is too long", { Name: long }, invalid(broken(long, "name", "have length less than or equal to 2048"))],
    [
      "another type",
      { Type: "Secret" as "String" },
      invalid(broken("Secret", "type", "satisfy enum value set: [String, StringList, SecureString]")),
    ],
    [
      "another tier",
      { Tier: "Free" as "Standard" },
      invalid(broken("Free", "tier", "satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]")),
    ],
    ["a key that is none", { KeyId: "a b" }, invalid(broken("a b", "keyId", "satisfy regular expression pattern: ^([a-zA-Z0-9:/_-]+)$"))],
    ["a long description", { Description: long }, invalid(broken(long, "description", "have length less than or equal to 1024"))],
    [
      "a tag without a key",
      { Tags: [{ Key: "", Value: "x" }] },
      invalid(broken("", "tags.1.member.key", "have length greater than or equal to 1")),
    ],
    [
      "a tag in signs",
      { Tags: [{ Key: "ä", Value: "%" }] },
      invalid(broken("%", "tags.1.member.value", String.raw`satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)),
    ],
    [
      "a value of another type",
      { Value: 7 as unknown as string },
      refused("SerializationException", 400, "NUMBER_VALUE can not be converted to a String"),
    ],
    [
      "a flag of another type",
      { Overwrite: "yes" as unknown as boolean },
      refused("SerializationException", 400, "STRING_VALUE can not be converted to a Boolean"),
    ],
    [
      "an empty value",
      { Value: "" },
      invalid("Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ],
    [
      "more than 15 levels",
      { Name: "/a".repeat(16) },
      refused("HierarchyLevelLimitExceededException", 400, "A hierarchy can have a maximum of 15 levels."),
    ],
    [
      "a name of AWS's own",
      { Name: "/aws/mine" },
      refused("AccessDeniedException", 400, "No access to reserved parameter name: /aws/mine."),
    ],
    [
      "a name that exists",
      { Overwrite: false },
      refused(
        "ParameterAlreadyExists",
        400,
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      ),
    ],
    [
      "no type, and nothing to overwrite",
      { Name: "/new", Type: undefined },
      refused("ValidationException", 400, "A parameter type is required when you create a parameter."),
    ],
    [
      "a value that the pattern does not match",
      { AllowedPattern: "[0-9]+" },
      refused("ParameterPatternMismatchException", 400, "The value does not match the allowed pattern."),
    ],
  ])("refuses to put %s", async (_what, input, expected) => {
    expect(await thrownBy(put(input))).toEqual(expected);
  });

  test.each([
    ["of more than 4 KB", "x".repeat(4_097), undefined, /^Standard tier parameters support a maximum parameter value of 4096 characters\./],
    ["of more than 4 KB in bytes", "ä".repeat(2_049), "Standard", /^Standard tier/],
    [
      "of more than 8 KB in the advanced tier",
      "x".repeat(8_193),
      "Advanced",
      /^Advanced tier parameters support a maximum parameter value of 8192/,
    ],
    ["that names another parameter", "{{ssm:/a/b}}", undefined, /cannot nest another parameter/],
  ] as const)("refuses to put a value %s", async (_what, Value, Tier, message) => {
    expect(await thrownBy(put({ Value, Tier }))).toEqual({
      name: "ValidationException",
      status: 400,
      message: expect.stringMatching(message),
    });
  });

  test.each(["a/b", "/a//b", "/a/b/", "/a b", "/a@b", "ssm-mine", "/SSM/mine", "/ä"])("takes %j for no name", async (name) => {
    for (const call of [() => put({ Name: name }), () => get(name)]) {
      expect(await thrownBy(call())).toMatchObject({
        name: "ValidationException",
        message: expect.stringMatching(/^Parameter name: can't be prefixed with "ssm"/),
      });
    }
  });

  test("counts the ARN before it into the length of a name", async () => {
    const before = "arn:aws:ssm:eu-local-1:000000000000:parameter".length;
    await put({ Name: `/${"n".repeat(1_010 - before)}` });
    expect(await thrownBy(put({ Name: `/${"n".repeat(1_011 - before)}` }))).toMatchObject({ name: "ValidationException" });
  });

  test("refuses to get what is not there, or nothing by name", async () => {
    expect(await thrownBy(get("/nothing"))).toMatchObject({ name: "ParameterNotFound", status: 400 });
    expect(await thrownBy(get(undefined))).toEqual(invalid(missing("name")));
    expect(await thrownBy(get(""))).toEqual(invalid(broken("", "name", "have length greater than or equal to 1")));
  });

  test("has none of its other operations", async () => {
    const call = ssm.send(new ListTagsForResourceCommand({ ResourceType: "Parameter", ResourceId: "/a" }));
    expect(await thrownBy(call)).toMatchObject({
      name: "UnknownOperationException",
      message: "The local host has no AmazonSSM.ListTagsForResource.",
    });
  });
});

describe("the Scheduler", () => {
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
      refused("SerializationException", 400, "NUMBER_VALUE can not be converted to a Integer"),
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
    await until("it has fired", () => printed.includes('{"from":"once"}'));
    expect([...host.oneTimeSchedules.keys()]).not.toContain("mine/once");
  });

  test("fires nothing with a role that does not allow it", async () => {
    await create({ Name: "denied", ScheduleExpression: past, Target: { ...target, RoleArn: idler.arn, Input: '{"from":"denied"}' } });
    await until("it was refused", () => refusals.length > 0);
    expect(refusals.map(({ message }) => message)).toEqual([
      "User: arn:aws:sts::000000000000:assumed-role/Idler/denied is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:eu-local-1:000000000000:function:probe because no identity-based policy allows the lambda:InvokeFunction action",
    ]);
    expect(printed).not.toContain('"denied"');
  });
});

test.each([
  ["at(2028-02-29T23:59:59)", "at"],
  ["rate(1 minute)", "rate"],
  ["rate(12 hours)", "rate"],
  ["cron(0 12 * * ? *)", "cron"],
  ["cron(0/15 8-18 ? * MON-FRI *)", "cron"],
  ["cron(5,35 0 1,15 JAN,jul ? 2026-2030)", "cron"],
  ["cron(0 0 L * ? *)", "cron"],
  ["cron(0 0 15W * ? *)", "cron"],
  ["cron(0 0 ? * 6L *)", "cron"],
  ["cron(0 0 ? * 2#1 *)", "cron"],
])("%s is an expression of the Scheduler's", (text, kind) => {
  expect(readExpression(text)?.kind).toBe(kind);
});

test.each([
  "cron()",
  "cron(INVALID)",
  "cron(0 1 * * * *)",
  "cron(0 1 ? * ? *)",
  "cron(71 8 1 * ? *)",
  "cron(0 24 1 * ? *)",
  "cron(0 0 32 * ? *)",
  "cron(0 0 1 13 ? *)",
  "cron(7 20 * * NOT *)",
  "cron(0 dummy ? * MON-FRI *)",
  "cron(0/0 0 1 * ? *)",
  "cron(0 0 1 * ? 1969)",
  "cron(0 0 1 * ?)",
  "rate()",
  "rate(10)",
  "rate(10 years)",
  "rate(10 minutess)",
  "rate(foo minutes)",
  "rate(-10 minutes)",
  "rate( 10 minutes )",
  " rate(10 minutes)",
])("%j is none", (text) => {
  expect(readExpression(text)).toBeUndefined();
});

describe("Lambda", () => {
  const invoke = (input: Partial<InvokeCommandInput>) => lambda.send(new InvokeCommand({ FunctionName: "probe", ...input }));
  const ofBytes = (bytes: number) => Buffer.from(`"${"x".repeat(bytes - 2)}"`);
  const limit = 6_291_456;

  test.each(["probe", functionArn("probe"), "000000000000:function:probe", "probe:$LATEST"])(
    "knows a function as %s",
    async (FunctionName) => {
      const { Payload } = await invoke({ FunctionName, Payload: '{"n":1}' });
      expect(Payload?.transformToString()).toBe('{"n":1}');
    },
  );

  test("does nothing in a dry run", async () => {
    expect(await invoke({ InvocationType: "DryRun", Payload: '"dry"' })).toMatchObject({ StatusCode: 204 });
    await invoke({ Payload: '"wet"' });
    await until("the real one has printed", () => printed.includes('"wet"'));
    expect(printed).not.toContain('"dry"');
  });

  test.each<[string, Partial<InvokeCommandInput>, Thrown]>([
    [
      "a name that is none",
      { FunctionName: "a b" },
      {
        name: "ValidationException",
        status: 400,
        message: expect.stringMatching(
          /^1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: \(arn:/,
        ),
      },
    ],
    [
      "another type",
      { InvocationType: "Later" as "Event" },
      invalid(broken("Later", "invocationType", "satisfy enum value set: [Event, RequestResponse, DryRun]")),
    ],
    ["another log", { LogType: "All" as "Tail" }, invalid(broken("All", "logType", "satisfy enum value set: [None, Tail]"))],
    ["a function that is not there", { FunctionName: "nothing" }, refused("ResourceNotFoundException", 404, "Function not found: nothing")],
    ["a version that is not there", { Qualifier: "7" }, refused("ResourceNotFoundException", 404, "Function not found: probe")],
    ["an alias that is not there", { FunctionName: "probe:live" }, refused("ResourceNotFoundException", 404, "Function not found: probe")],
    [
      "a context, which the local host does not pass on",
      { ClientContext: "e30=" },
      { name: "ValidationException", status: 400, message: expect.stringMatching(/^The local host does not know clientContext/) },
    ],
    [
      "an event that is no JSON",
      { Payload: "{" },
      { name: "InvalidRequestContentException", status: 400, message: expect.stringMatching(/^Could not parse request body into json: /) },
    ],
    [
      "a call of more than 6 MB",
      { Payload: ofBytes(limit + 1) },
      refused("RequestTooLargeException", 413, `Request must be smaller than ${limit} bytes for the InvokeFunction operation`),
    ],
    [
      "an event of more than 1 MB",
      { InvocationType: "Event", Payload: ofBytes(1_048_577) },
      refused("RequestTooLargeException", 413, "Request must be smaller than 1048576 bytes for the InvokeFunction operation"),
    ],
  ])("refuses %s", async (_what, input, expected) => {
    expect(await thrownBy(invoke(input))).toEqual(expected);
  });

  test("takes what is as large as it may be", async () => {
    expect((await invoke({ Payload: ofBytes(limit) })).Payload).toHaveLength(limit);
    expect(await invoke({ InvocationType: "Event", Payload: ofBytes(1_048_576) })).toMatchObject({ StatusCode: 202 });
  });
});

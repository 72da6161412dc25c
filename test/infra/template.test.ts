import { readFileSync } from "node:fs";
import { join } from "node:path";
import validator from "@aws/cloudformation-validate";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../infra/build.ts";
import { type Resource, templateOf, type TestTemplate, watchedBy } from "../support/template.ts";

const stages: Record<string, TestTemplate> = {
  dev: await templateOf("dev"),
  prod: await templateOf("prod"),
  preview: await templateOf("pr-42"),
};
const { dev } = stages as { dev: TestTemplate };
const engine = new validator.RegoEngine();

describe.each(Object.entries(stages))("the template of %s", (_stage, template) => {
  test("is valid CloudFormation: no fatal finding and no error", () => {
    const { diagnostics } = engine.validateStandard(new validator.TemplateFile(template.templateFile));
    const count = (level: string) => diagnostics.filter(({ severity }) => severity === level).length;
    const bySeverity = Object.fromEntries([...new Set(diagnostics.map(({ severity }) => severity))].map((level) => [level, count(level)]));
    console.log(_stage, bySeverity);
    expect(diagnostics.filter(({ severity }) => severity === "FATAL" || severity === "ERROR")).toEqual([]);
  });

  test("gives each function a role of its own, and no role a wildcard", () => {
    const roles = template.all("AWS::Lambda::Function").map(([, { Properties }]) => JSON.stringify(Properties["Role"]));
    expect(new Set(roles).size).toBe(5);
    const policies = template.all("AWS::IAM::Role").map(([, { Properties }]) => JSON.stringify(Properties));
    expect(policies).toHaveLength(7);
    for (const policy of policies) expect(policy).not.toContain("*");
    expect(template.all("AWS::IAM::Policy").map(([id, { Condition }]) => [id, Condition])).toEqual([
      ["SecretsKeyPolicy", "SecretsHaveAKey"],
    ]);
  });

  test("forgets logs after a time, access logs too", () => {
    const groups = template.all("AWS::Logs::LogGroup").map(([, { Properties }]) => Properties["RetentionInDays"]);
    expect(groups).toHaveLength(6);
    for (const days of groups) expect(days).toBeGreaterThan(0);
  });

  test("sends every alarm to the one topic", () => {
    const alarms = template.all("AWS::CloudWatch::Alarm");
    expect(alarms).toHaveLength(12);
    for (const [, { Properties }] of alarms) expect(Properties["AlarmActions"]).toEqual([{ Ref: "Alarms" }]);
  });
});

test("only dev shows stacks, and only a key of one's own needs a right to decrypt", () => {
  const shown = Object.values(stages).map(
    ({ resources }) =>
      (resources["ControlRunsLambdaFunction"]!.Properties["Environment"] as { Variables: Record<string, unknown> }).Variables[
        "BATON_STACKS"
      ],
  );
  expect(shown).toEqual(["on", "off", "off"]);
  expect(dev.conditions["SecretsHaveAKey"]).toEqual({ "Fn::Not": [{ "Fn::Equals": ["", ""] }] });
});

test("dev and prod tick every minute and maintain once a day, a preview never and without an alarm for it", () => {
  const ticks = Object.entries(stages).map(([stage, template]) => [
    stage,
    ...template.all("AWS::Scheduler::Schedule").map(([, { Properties }]) => [Properties["State"], Properties["ScheduleExpression"]]),
  ]);
  const [minute, day] = ["rate(1 minute)", "rate(1 day)"];
  expect(ticks).toEqual([
    ["dev", ["ENABLED", minute], ["ENABLED", day]],
    ["prod", ["ENABLED", minute], ["ENABLED", day]],
    ["preview", ["DISABLED", minute], ["DISABLED", day]],
  ]);
  for (const alarm of ["HeartbeatMissingAlarm", "MaintenanceMissedAlarm"])
    expect(dev.resources[alarm]?.Condition, alarm).toBe("AlarmedOfTicks");
});

test("dev and prod have alarms, a preview none, nor their topic", () => {
  const kinds = ["AWS::CloudWatch::Alarm", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"];
  for (const kind of kinds) {
    expect(dev.all(kind).length).toBeGreaterThan(0);
    for (const [, { Condition }] of dev.all(kind)) expect(Condition).toMatch(/^Alarmed/);
  }
  const switches = Object.values(stages).map(({ conditions }) => conditions["Alarmed"]);
  expect(switches).toEqual(["on", "on", "off"].map((chosen) => ({ "Fn::Equals": [chosen, "on"] })));
  for (const name of ["AlarmedByMail", "AlarmedOfTicks"])
    expect(dev.conditions[name]).toMatchObject({ "Fn::And": [{ Condition: "Alarmed" }, expect.anything()] });
});

test("a missed schedule, and an event that found no poller, are not repeated; only what the schedule could not deliver is kept, encrypted", () => {
  expect(dev.resources["PollQueueSchedule"]?.Properties["Target"]).toMatchObject({
    RoleArn: { "Fn::GetAtt": ["PollQueueScheduleRole", "Arn"] },
    RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
    DeadLetterConfig: { Arn: { "Fn::GetAtt": ["ScheduleFailures", "Arn"] } },
  });
  const events = dev.single("AWS::Lambda::EventInvokeConfig");
  expect(events.Properties).toMatchObject({
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });
  expect(JSON.stringify(events.Properties)).not.toContain("OnFailure");
  expect(dev.all("AWS::SQS::Queue").map(([id]) => id)).toEqual(["ScheduleFailures"]);
  for (const [, { Properties }] of dev.all("AWS::SQS::Queue")) expect(Properties["SqsManagedSseEnabled"]).toBe(true);
});

test("a day's maintenance that could not be delivered is tried again for an hour, and one that failed is run again by Lambda", () => {
  expect(dev.resources["MaintainSchedule"]?.Properties["Target"]).toMatchObject({
    RoleArn: { "Fn::GetAtt": ["MaintainScheduleRole", "Arn"] },
    RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600 },
    DeadLetterConfig: { Arn: { "Fn::GetAtt": ["ScheduleFailures", "Arn"] } },
  });
  expect(dev.resources["MaintainLambdaFunction"]?.Properties).toMatchObject({ Timeout: 900 });
  expect(dev.all("AWS::Lambda::EventInvokeConfig").map(([id]) => id)).toEqual(["PollQueueLambdaEvConf"]);
});

test("functions run on Node 24 and arm64", () => {
  for (const [, { Properties }] of dev.all("AWS::Lambda::Function"))
    expect(Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"] });
  const { PollQueueLambdaFunction: poller } = dev.resources;
  expect(poller?.Properties).toMatchObject({ Timeout: 300, MemorySize: 1024 });
  expect(poller?.Properties["Environment"]).toMatchObject({ Variables: { BATON_POLLER_TIMEOUT_SECONDS: "300" } });
});

test("only prod reserves concurrency: a new account has none to give, and would refuse the stack", () => {
  const reserved = Object.values(stages).map((stage) =>
    stage.all("AWS::Lambda::Function").map(([, { Properties }]) => Properties["ReservedConcurrentExecutions"]),
  );
  const none = [undefined, undefined, undefined, undefined, undefined];
  expect(reserved).toEqual([none, [50, 20, 10, 5, undefined], none]);
});

test("access logs lie below the prefix that needs no entry in the account's policy for logs", () => {
  const groups = dev.all("AWS::Logs::LogGroup").map(([, { Properties }]) => Properties["LogGroupName"] as string);
  expect(groups.filter((name) => !name.startsWith("/aws/lambda/"))).toEqual(["/aws/vendedlogs/baton-dev-http-api"]);
  expect(JSON.stringify(dev.resources["HttpApiStage"]?.Properties["AccessLogSettings"])).toContain("HttpApiLogGroup");
});

test("the API is throttled and keeps access logs", () => {
  const { Properties } = stages["prod"]!.resources["HttpApiStage"]!;
  expect(Properties["DefaultRouteSettings"]).toMatchObject({ ThrottlingRateLimit: 1000, ThrottlingBurstLimit: 2000 });
  expect(JSON.stringify(Properties["AccessLogSettings"])).toContain("$context.requestId");
});

test("each route without an API key is throttled on its own, and is there before its settings", () => {
  const { Properties, DependsOn } = stages["prod"]!.resources["HttpApiStage"]! as Resource & { DependsOn: string[] };
  const open = dev.all("AWS::ApiGatewayV2::Route").filter(([, { Properties }]) => JSON.stringify(Properties).includes("AnswerWaits"));
  const keys = open.map(([, { Properties }]) => String(Properties["RouteKey"]));
  const settings = { DetailedMetricsEnabled: false, ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 };
  expect(keys).toHaveLength(5);
  expect(Properties["RouteSettings"]).toEqual(Object.fromEntries(keys.map((key) => [key, settings])));
  expect(DependsOn).toEqual(expect.arrayContaining(open.map(([id]) => id)));
});

test("no access log has the path of a request: there may be a token in it", () => {
  const { Format } = dev.resources["HttpApiStage"]!.Properties["AccessLogSettings"] as { Format: string };
  expect(Format).toContain("$context.routeKey");
  expect(Format).not.toMatch(/\$context\.(path|requestOverride|resourcePath)/);
});

test("links begin with the API's own URL, unless a param says another one", () => {
  const variables = dev.resources["PollQueueLambdaFunction"]!.Properties["Environment"] as { Variables: Record<string, unknown> };
  expect(variables.Variables["BATON_PUBLIC_URL"]).toEqual({ "Fn::GetAtt": ["HttpApi", "ApiEndpoint"] });
});

test("no function's environment holds a connection string, and each may read its own alone", () => {
  const names = dev.all("AWS::Lambda::Function").map(([, { Properties }]) => {
    const { Variables } = Properties["Environment"] as { Variables: Record<string, unknown> };
    expect(Variables).not.toHaveProperty("DATABASE_URL");
    return Variables["DATABASE_URL_PARAMETER"] as string;
  });
  expect(names).toEqual(
    ["enqueue-run", "control-runs", "answer-waits", "poll-queue", "maintain"].map((name) => `/baton/dev/${name}/database-url`),
  );
  for (const [role, name] of [
    ["EnqueueRunRole", "enqueue-run"],
    ["ControlRunsRole", "control-runs"],
    ["AnswerWaitsRole", "answer-waits"],
    ["PollQueueRole", "poll-queue"],
    ["MaintainRole", "maintain"],
  ] as const) {
    const policies = JSON.stringify(dev.resources[role]?.Properties["Policies"]);
    expect(names.filter((other) => policies.includes(`parameter${other}`))).toEqual([`/baton/dev/${name}/database-url`]);
  }
});

test.each([
  ["the API keys", "api-keys", [true, true, false, false, false], ["EnqueueRunRole", "ControlRunsRole"]],
  ["the ticket keys", "ticket-keys", [false, false, true, true, false], ["AnswerWaitsRole", "PollQueueRole"]],
])("%s are read at run time: environments hold the parameter's name, and who needs them alone may read it", (_, name, who, mayRead) => {
  const keys = `/baton/dev/${name}`;
  const readers = dev
    .all("AWS::Lambda::Function")
    .map(([, { Properties }]) => JSON.stringify(Properties["Environment"]).includes(`"${keys}"`));
  expect(readers).toEqual(who);
  expect(JSON.stringify(dev.resources)).not.toContain("{{resolve:");
  const roles = dev.all("AWS::IAM::Role").filter(([, { Properties }]) => JSON.stringify(Properties).includes(`parameter${keys}"`));
  expect(roles.map(([id]) => id)).toEqual(mayRead);
});

test("the alarms watch the service's own metrics by service and stage", () => {
  const own = watchedBy(dev).filter(({ namespace }) => namespace === "baton");
  const ofPollers = ["OldestReadyAge", "OldestUnclaimedAge", "FailedRuns", "LeaseExpiries", "ServerErrors", "Polls"];
  expect(own.map(({ metric }) => metric)).toEqual([...ofPollers, "Maintenances", "PartitionsAhead"]);
  for (const { dimensions } of own) expect(Object.keys(dimensions)).toEqual(["service", "stage"]);
});

test("a poller that works for long counts as a sign of life once a minute: the alarm counts lines, not polls", () => {
  expect(dev.resources["HeartbeatMissingAlarm"]?.Properties).toMatchObject({ MetricName: "Polls", Statistic: "SampleCount", Period: 300 });
});

test("every alarm has a section in docs/operations.md", () => {
  const headings = [...readFileSync(join(ROOT, "docs/operations.md"), "utf8").matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(headings).toEqual(expect.arrayContaining(watchedBy(dev).map(({ alarm }) => alarm.replace("baton-dev-", ""))));
});

test("serverless.yml has no key that only osls or only Serverless v4 knows", () => {
  // Of v4 alone: stages, build, state, dashboard, and iam.role.mode. Of osls alone: nothing that we
  // know; these are in both.
  const both = new Set(["service", "frameworkVersion", "configValidationMode", "params", "provider", "functions", "package", "resources"]);
  const service = parse(readFileSync(join(ROOT, "serverless.yml"), "utf8")) as Record<string, Record<string, Record<string, unknown>>>;
  expect(Object.keys(service).filter((key) => !both.has(key))).toEqual([]);
  expect(Object.keys(service["provider"]!).filter((key) => ["iam", "build", "httpApi"].includes(key))).toEqual([]);
  const ofFunctions = Object.values(service["functions"]!).flatMap((each) => Object.keys(each));
  expect([...new Set(ofFunctions)].filter((key) => ["build", "durableConfig", "capacityProvider", "iam"].includes(key))).toEqual([]);
});

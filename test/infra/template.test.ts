import { readFileSync } from "node:fs";
import { join } from "node:path";
import validator from "@aws/cloudformation-validate";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../infra/build.ts";
import { templateOf, type TestTemplate, watchedBy } from "../support/template.ts";

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
    expect(new Set(roles).size).toBe(3);
    const policies = template.all("AWS::IAM::Role").map(([, { Properties }]) => JSON.stringify(Properties));
    expect(policies).toHaveLength(4);
    for (const policy of policies) expect(policy).not.toContain("*");
    expect(template.all("AWS::IAM::Policy")).toEqual([]);
  });

  test("forgets logs after a time, access logs too", () => {
    const groups = template.all("AWS::Logs::LogGroup").map(([, { Properties }]) => Properties["RetentionInDays"]);
    expect(groups).toHaveLength(4);
    for (const days of groups) expect(days).toBeGreaterThan(0);
  });

  test("sends every alarm to the one topic", () => {
    const alarms = template.all("AWS::CloudWatch::Alarm");
    expect(alarms).toHaveLength(9);
    for (const [, { Properties }] of alarms) expect(Properties["AlarmActions"]).toEqual([{ Ref: "Alarms" }]);
  });
});

test("dev and prod tick every minute, a preview never and without an alarm for it", () => {
  const ticks = Object.entries(stages).map(([stage, template]) => {
    const schedule = template.single("AWS::Scheduler::Schedule");
    return [stage, schedule.Properties["State"], schedule.Properties["ScheduleExpression"]];
  });
  expect(ticks).toEqual([
    ["dev", "ENABLED", "rate(1 minute)"],
    ["prod", "ENABLED", "rate(1 minute)"],
    ["preview", "DISABLED", "rate(1 minute)"],
  ]);
  expect(dev.resources["HeartbeatMissingAlarm"]?.Condition).toBe("Ticks");
});

test("a missed schedule, and an event that found no poller, are not repeated, and what failed is kept encrypted", () => {
  const schedule = dev.single("AWS::Scheduler::Schedule");
  expect(schedule.Properties["Target"]).toMatchObject({
    RoleArn: { "Fn::GetAtt": ["PollQueueScheduleRole", "Arn"] },
    RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
    DeadLetterConfig: { Arn: { "Fn::GetAtt": ["ScheduleFailures", "Arn"] } },
  });
  const events = dev.single("AWS::Lambda::EventInvokeConfig");
  expect(events.Properties).toMatchObject({
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
    DestinationConfig: { OnFailure: { Destination: { "Fn::GetAtt": ["PollQueueFailures", "Arn"] } } },
  });
  for (const [, { Properties }] of dev.all("AWS::SQS::Queue")) expect(Properties["SqsManagedSseEnabled"]).toBe(true);
});

test("functions run on Node 24 and arm64, pollers and producers within their reserved concurrency", () => {
  for (const [, { Properties }] of dev.all("AWS::Lambda::Function"))
    expect(Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"] });
  const { PollQueueLambdaFunction: poller, EnqueueRunLambdaFunction: producer } = dev.resources;
  expect(poller?.Properties).toMatchObject({ ReservedConcurrentExecutions: 5, Timeout: 300, MemorySize: 1024 });
  expect(poller?.Properties["Environment"]).toMatchObject({ Variables: { BATON_POLLER_TIMEOUT_SECONDS: "300" } });
  expect(producer?.Properties).toMatchObject({ ReservedConcurrentExecutions: 10 });
});

test("the API is throttled and keeps access logs", () => {
  const { Properties } = stages["prod"]!.resources["HttpApiStage"]!;
  expect(Properties["DefaultRouteSettings"]).toMatchObject({ ThrottlingRateLimit: 1000, ThrottlingBurstLimit: 2000 });
  expect(JSON.stringify(Properties["AccessLogSettings"])).toContain("$context.requestId");
});

test("no function's environment holds a connection string, and each may read its own alone", () => {
  const names = dev.all("AWS::Lambda::Function").map(([, { Properties }]) => {
    const { Variables } = Properties["Environment"] as { Variables: Record<string, unknown> };
    expect(Variables).not.toHaveProperty("DATABASE_URL");
    return Variables["DATABASE_URL_PARAMETER"] as string;
  });
  expect(names).toEqual(["enqueue-run", "control-runs", "poll-queue"].map((name) => `/baton/dev/${name}/database-url`));
  for (const [role, name] of [
    ["EnqueueRunRole", "enqueue-run"],
    ["ControlRunsRole", "control-runs"],
    ["PollQueueRole", "poll-queue"],
  ] as const) {
    const policies = JSON.stringify(dev.resources[role]?.Properties["Policies"]);
    expect(names.filter((other) => policies.includes(`parameter${other}`))).toEqual([`/baton/dev/${name}/database-url`]);
  }
});

test("the alarms watch Baton's own metrics by service and stage", () => {
  const own = watchedBy(dev).filter(({ namespace }) => namespace === "Baton");
  expect(own.map(({ metric }) => metric)).toEqual(["OldestReadyAge", "FailedRuns", "LeaseExpiries", "ServerErrors", "Polls"]);
  for (const { dimensions } of own) expect(Object.keys(dimensions)).toEqual(["service", "stage"]);
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

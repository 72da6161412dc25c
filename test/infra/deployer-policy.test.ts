import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { serviceName } from "../../infra/service.ts";
import { type Resource, templateOf } from "../support/template.ts";

interface Statement {
  readonly Sid: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

const text = readFileSync(join(ROOT, "infra/deployer-policy.json"), "utf8");
const { Statement: statements } = JSON.parse(text) as { Statement: readonly Statement[] };
const prod = await templateOf("prod");
const many = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

/** `*` stands for anything, as in IAM. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(name);
}

function allows(action: string, resource: string): boolean {
  return statements.some(
    ({ Action, Resource }) => many(Action).some((each) => matches(each, action)) && many(Resource).some((each) => matches(each, resource)),
  );
}

/**
 * What CloudFormation does to make, change and remove one of them, as whoever deploys, and the ARN
 * that it does it to.
 */
const needs: Readonly<Record<string, { readonly arn: (id: string, facts: Resource["Properties"]) => string; readonly actions: string }>> = {
  "AWS::S3::Bucket": {
    arn: (id) => `arn:aws:s3:::baton-prod-${id.toLowerCase()}-1x`,
    actions: "s3:CreateBucket s3:DeleteBucket s3:PutEncryptionConfiguration s3:PutBucketPublicAccessBlock s3:PutBucketTagging",
  },
  "AWS::S3::BucketPolicy": {
    arn: () => "arn:aws:s3:::baton-prod-bucket",
    actions: "s3:GetBucketPolicy s3:PutBucketPolicy s3:DeleteBucketPolicy",
  },
  "AWS::Logs::LogGroup": {
    arn: (_, { LogGroupName }) => `arn:aws:logs:eu-west-1:123456789012:log-group:${String(LogGroupName)}`,
    actions: "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:TagResource logs:ListTagsForResource",
  },
  "AWS::Lambda::Function": {
    arn: (_, { FunctionName }) => `arn:aws:lambda:eu-west-1:123456789012:function:${String(FunctionName)}`,
    actions:
      "lambda:CreateFunction lambda:GetFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:DeleteFunction lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency lambda:TagResource",
  },
  "AWS::Lambda::EventInvokeConfig": {
    arn: () => "arn:aws:lambda:eu-west-1:123456789012:function:baton-prod-pollQueue",
    actions: "lambda:PutFunctionEventInvokeConfig lambda:UpdateFunctionEventInvokeConfig lambda:DeleteFunctionEventInvokeConfig",
  },
  "AWS::Lambda::Permission": {
    arn: () => "arn:aws:lambda:eu-west-1:123456789012:function:baton-prod-enqueueRun",
    actions: "lambda:AddPermission lambda:RemovePermission lambda:GetPolicy",
  },
  "AWS::IAM::Role": {
    arn: (id) => `arn:aws:iam::123456789012:role/baton-prod-${id}-1X`,
    actions: "iam:CreateRole iam:GetRole iam:DeleteRole iam:PutRolePolicy iam:DeleteRolePolicy iam:UpdateAssumeRolePolicy iam:PassRole",
  },
  "AWS::IAM::Policy": {
    arn: () => "arn:aws:iam::123456789012:role/baton-prod-EnqueueRunRole-1X",
    actions: "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy",
  },
  "AWS::ApiGatewayV2::Api": {
    arn: () => "arn:aws:apigateway:eu-west-1::/apis",
    actions: "apigateway:POST apigateway:GET apigateway:TagResource",
  },
  "AWS::ApiGatewayV2::Stage": {
    arn: () => "arn:aws:apigateway:eu-west-1::/apis/1x/stages",
    actions: "apigateway:POST apigateway:PATCH apigateway:DELETE logs:CreateLogDelivery logs:UpdateLogDelivery logs:GetLogDelivery",
  },
  "AWS::ApiGatewayV2::Integration": {
    arn: () => "arn:aws:apigateway:eu-west-1::/apis/1x/integrations",
    actions: "apigateway:POST apigateway:PATCH",
  },
  "AWS::ApiGatewayV2::Route": { arn: () => "arn:aws:apigateway:eu-west-1::/apis/1x/routes", actions: "apigateway:POST apigateway:PATCH" },
  "AWS::Scheduler::Schedule": {
    arn: (id) => `arn:aws:scheduler:eu-west-1:123456789012:schedule/baton-prod/baton-prod-${id}-1X`,
    actions: "scheduler:CreateSchedule scheduler:GetSchedule scheduler:UpdateSchedule scheduler:DeleteSchedule",
  },
  "AWS::Scheduler::ScheduleGroup": {
    arn: (_, { Name }) => `arn:aws:scheduler:eu-west-1:123456789012:schedule-group/${String(Name)}`,
    actions: "scheduler:CreateScheduleGroup scheduler:GetScheduleGroup scheduler:DeleteScheduleGroup scheduler:TagResource",
  },
  "AWS::SQS::Queue": {
    arn: (id) => `arn:aws:sqs:eu-west-1:123456789012:baton-prod-${id}-1X`,
    actions: "sqs:CreateQueue sqs:GetQueueAttributes sqs:SetQueueAttributes sqs:DeleteQueue sqs:TagQueue",
  },
  "AWS::SQS::QueuePolicy": { arn: () => "arn:aws:sqs:eu-west-1:123456789012:baton-prod-queue", actions: "sqs:SetQueueAttributes" },
  "AWS::SNS::Topic": {
    arn: (id) => `arn:aws:sns:eu-west-1:123456789012:baton-prod-${id}-1X`,
    actions: "sns:CreateTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:DeleteTopic sns:TagResource",
  },
  "AWS::SNS::TopicPolicy": { arn: () => "arn:aws:sns:eu-west-1:123456789012:baton-prod-topic", actions: "sns:SetTopicAttributes" },
  "AWS::SNS::Subscription": { arn: () => "arn:aws:sns:eu-west-1:123456789012:baton-prod-topic", actions: "sns:Subscribe sns:Unsubscribe" },
  "AWS::CloudWatch::Alarm": {
    arn: (_, { AlarmName }) => `arn:aws:cloudwatch:eu-west-1:123456789012:alarm:${String(AlarmName)}`,
    actions: "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms",
  },
};

test.each([...new Set(Object.values(prod.resources).map(({ Type }) => Type))])(
  "the deployer may make, change and remove each %s",
  (type) => {
    const needed = needs[type];
    expect(needed, "say in this test what it takes").toBeDefined();
    for (const [id, { Properties }] of prod.all(type)) {
      const arn = needed!.arn(id, Properties ?? {});
      expect(needed!.actions.split(" ").filter((action) => !allows(action, arn))).toEqual([]);
    }
  },
);

test("the deployer may call what osls and npm run keys call", () => {
  const stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/baton-prod/1x";
  const calls = ["CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStacks", "DescribeStackEvents", "UpdateStack"];
  expect(calls.filter((call) => !allows(`cloudformation:${call}`, stack))).toEqual([]);
  const bundle = "arn:aws:s3:::baton-prod-serverlessdeploymentbucket-1x/serverless/baton/prod/1/enqueueRun.zip";
  expect(["s3:PutObject", "s3:GetObject", "s3:DeleteObject"].filter((call) => !allows(call, bundle))).toEqual([]);
  const keys = "arn:aws:ssm:eu-west-1:123456789012:parameter/baton/prod/api-keys";
  expect(["ssm:GetParameter", "ssm:PutParameter"].filter((call) => !allows(call, keys))).toEqual([]);
});

test("the deployer may touch nothing of another service, and hands its roles to functions and schedules alone", () => {
  const others = Object.entries(needs).flatMap(([, { arn, actions }]) =>
    actions
      .split(" ")
      .map((action) => [
        action,
        arn("Other", { LogGroupName: "/aws/lambda/baton-x", FunctionName: "baton-x", Name: "baton-x", AlarmName: "baton-x" }),
      ]),
  );
  const open = others.filter(([action, arn]) => arn!.includes("baton") && allows(action!, arn!.replaceAll("baton", "payroll")));
  expect(new Set(open.map(([action]) => action))).toEqual(new Set(["cloudwatch:DescribeAlarms"]));
  const passing = statements.filter(({ Action }) => many(Action).some((action) => matches(action, "iam:PassRole")));
  expect(passing.map(({ Condition }) => Condition)).toEqual([
    { StringEquals: { "iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"] } },
  ]);
  for (const each of ["iam:CreateUser", "iam:AttachRolePolicy", "iam:CreatePolicyVersion", "ssm:GetParametersByPath"])
    expect(allows(each, "arn:aws:iam::123456789012:role/baton-prod-x"), each).toBe(false);
});

test("it is for the service of serverless.yml, and small enough for a managed policy", () => {
  for (const { Sid, Resource } of statements)
    for (const each of many(Resource)) expect(each === "*" || each.includes("apigateway") || each.includes(serviceName()), Sid).toBe(true);
  expect(text.replaceAll(/\s/g, "").length).toBeLessThan(6_144);
});

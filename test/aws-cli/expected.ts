import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { ROLE } from "./answers.ts";

/** What has to arrive when a command of the docs is typed, and what the page goes on with. */
export interface Expected {
  /** What it holds, and no other row's command does. */
  readonly has: RegExp;
  /** What is typed when it asks. */
  readonly typed?: readonly string[];
  /** Every request, in order. */
  readonly asks: readonly { readonly operation: string; readonly input: Readonly<Record<string, unknown>> }[];
  /** What the next sentence of the page needs of its output. */
  readonly says: RegExp;
}

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const stored = /"Version": 1/;
const wakes = (name: string) => [{ operation: "lambda:Invoke", input: { name, nudged: true } }];
const overwrite = (Value: string) => [
  { operation: "ssm:PutParameter", input: { Name: "/baton/prod/poll-queue/database-url", Value, Type: "SecureString", Overwrite: true } },
];
const StackName = "github-deploys-baton";
const parameters = {
  Repository: "octo-org@123456/shop@456789",
  Environment: "prod",
  Branch: "main",
  Policy: "arn:aws:iam::123456789012:policy/baton-deployer",
};

/** As the CLI sends them; it takes those that are not given from the template. */
const asForm = Object.fromEntries(
  Object.entries(parameters).flatMap(([key, value], index) => [
    [`Parameters.member.${index + 1}.ParameterKey`, key],
    [`Parameters.member.${index + 1}.ParameterValue`, value],
  ]),
);

export const EXPECTED: readonly Expected[] = [
  { has: /^aws sts get-caller-identity$/, asks: [{ operation: "sts:GetCallerIdentity", input: {} }], says: /"Account": "123456789012"/ },
  { has: /^printf 'URL of poll-queue/, typed: ["postgresql://new"], asks: overwrite("postgresql://new"), says: stored },
  {
    has: /put-function-concurrency/,
    asks: [{ operation: "lambda:PutFunctionConcurrency", input: { name: "baton-prod-pollQueue", ReservedConcurrentExecutions: 0 } }],
    says: /"ReservedConcurrentExecutions": 0/,
  },
  { has: /invoke --function-name baton-prod-pollQueue/, asks: wakes("baton-prod-pollQueue"), says: /"StatusCode": 200/ },
  { has: /invoke --function-name baton-pr-42-pollQueue/, asks: wakes("baton-pr-42-pollQueue"), says: /"StatusCode": 200/ },
  {
    has: /create-policy/,
    asks: [{ operation: "iam:CreatePolicy", input: { PolicyName: "baton-deployer", PolicyDocument: read("infra/deployer-policy.json") } }],
    // It is given to the next command.
    says: new RegExp(`"Arn": "${parameters.Policy}"`),
  },
  {
    has: /cloudformation deploy/,
    asks: [
      { operation: "cloudformation:DescribeStacks", input: { StackName } },
      {
        operation: "cloudformation:CreateChangeSet",
        input: {
          StackName,
          ChangeSetType: "CREATE",
          TemplateBody: read("infra/github/deployer-role.yml"),
          "Capabilities.member.1": "CAPABILITY_IAM",
          ...asForm,
        },
      },
      { operation: "cloudformation:DescribeChangeSet", input: { StackName } },
      { operation: "cloudformation:ExecuteChangeSet", input: { StackName } },
      { operation: "cloudformation:DescribeStacks", input: {} },
    ],
    says: /Successfully created/,
  },
  {
    has: /describe-stacks/,
    asks: [{ operation: "cloudformation:DescribeStacks", input: { StackName } }],
    says: new RegExp(`^${ROLE}\n$`),
  },
  {
    has: /logs tail/,
    asks: [
      {
        operation: "logs:FilterLogEvents",
        input: {
          logGroupName: "/aws/lambda/baton-prod-pollQueue",
          filterPattern: '{ $.level = "ERROR" || $.level = "WARN" }',
          startTime: expect.any(Number),
        },
      },
    ],
    says: /"level":"ERROR"/,
  },
  {
    has: /list-schedules/,
    asks: [{ operation: "scheduler:ListSchedules", input: { ScheduleGroup: "baton-prod" } }],
    says: /^baton-prod-PollQueueSchedule-\w+\tENABLED\n/,
  },
];

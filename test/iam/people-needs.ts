import { awsCommands } from "../aws-cli/commands.ts";
import type { Need } from "./calls.ts";
import { ACCOUNT, REGION } from "./simulate.ts";
import type { Stack } from "./stack.ts";

const FUNCTIONS = ["enqueue-run", "control-runs", "answer-waits", "poll-queue", "maintain"];

/**
 * What the docs' commands of AWS need of whoever deploys; undefined where it is for somebody who
 * may write IAM.
 */
const COMMANDS: Readonly<Record<string, ((stack: Stack, parameter: (name: string) => string) => Need[]) | undefined>> = {
  "cloudformation deploy": undefined,
  "cloudformation describe-stacks": undefined,
  "iam create-policy": undefined,
  "lambda invoke": (stack) => [{ action: "lambda:InvokeFunction", resource: stack.arn("PollQueueLambdaFunction") }],
  "lambda put-function-concurrency": (stack) => [
    { action: "lambda:PutFunctionConcurrency", resource: stack.arn("PollQueueLambdaFunction") },
    { action: "lambda:PutFunctionConcurrency", resource: stack.arn("EnqueueRunLambdaFunction") },
  ],
  "logs tail": (stack) => [{ action: "logs:FilterLogEvents", resource: stack.arn("PollQueueLogGroup").replace(/:\*$/, "") }],
  "scheduler list-schedules": () => [{ action: "scheduler:ListSchedules", resource: "*" }],
  "ssm put-parameter": (_, parameter) => FUNCTIONS.map((fn) => ({ action: "ssm:PutParameter", resource: parameter(`${fn}/database-url`) })),
  "sts get-caller-identity": () => [{ action: "sts:GetCallerIdentity", resource: "*" }],
};

/** The commands of the docs, and `npm run keys` and `npm run doctor`. */
export function needsOfPeople(stack: Stack, service: string, stage: string): Need[] {
  const parameter = (name: string) => `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${service}/${stage}/${name}`;
  const read = ["api-keys", "ticket-keys", ...FUNCTIONS.map((fn) => `${fn}/database-url`)];
  return [
    ...Object.values(COMMANDS).flatMap((needs) => needs?.(stack, parameter) ?? []),
    ...read.map((name) => ({ action: "ssm:GetParameter", resource: parameter(name) })),
    { action: "ssm:PutParameter", resource: parameter("api-keys") },
    { action: "ssm:PutParameter", resource: parameter("ticket-keys") },
    { action: "lambda:GetAccountSettings", resource: "*" },
    { action: "lambda:GetFunctionConcurrency", resource: stack.arn("PollQueueLambdaFunction") },
  ];
}

/** Commands of the docs that COMMANDS does not know, and those that it knows in vain. */
export function unknownToPeople(): string[] {
  const given = new Set(awsCommands().flatMap(({ text }) => [...text.matchAll(/\baws ([a-z]+ [a-z-]+)/g)].map(([, command]) => command!)));
  const known = new Set(Object.keys(COMMANDS));
  return [
    ...[...given]
      .filter((command) => !known.has(command))
      .map((command) => `The docs give aws ${command}: say in test/iam/people-needs.ts what it needs.`),
    ...[...known]
      .filter((command) => !given.has(command))
      .map((command) => `The docs no longer give aws ${command}: take it out of test/iam/people-needs.ts.`),
  ];
}

import { ACCOUNT, REGION } from "./simulate.ts";

/** What a call asks IAM for. */
export interface Need {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
}

export type Environment = Readonly<Record<string, string>>;

/** A command in a source file, the functions that send it, and what IAM is asked for then. */
export interface Call {
  readonly file: string;
  readonly command: string;
  readonly sentBy: readonly string[];
  /** Functions whose bundle has the file too, and why they never send the command. */
  readonly neverBy?: Readonly<Record<string, string>>;
  /** From the function's environment, as the code has it from there. */
  needs(environment: Environment): readonly Need[];
}

const HTTP = ["enqueue-run", "control-runs", "answer-waits"];
const ALL = [...HTTP, "poll-queue", "maintain"];
const wakes = "it only opens the gate; the schedule is the poller's";
const eachOfHttp = (reason: string) => Object.fromEntries(HTTP.map((name) => [name, reason]));
const looks = "it only reads the hint";

const parameter = (name: string) => `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter${name}`;

/** A SecureString is decrypted with the account's own key for SSM. */
const reads = (name: string): Need[] => [
  { action: "ssm:GetParameter", resource: parameter(name) },
  { action: "kms:Decrypt", resource: SSM_KEY, context: { "kms:ViaService": `ssm.${REGION}.amazonaws.com`, "kms:CallerAccount": ACCOUNT } },
];

export const SSM_KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0`;

const moves = (action: string, { BATON_WAKE_SCHEDULE, BATON_WAKE_ROLE_ARN }: Environment): Need[] => [
  { action, resource: `arn:aws:scheduler:${REGION}:${ACCOUNT}:schedule/${BATON_WAKE_SCHEDULE}` },
  { action: "iam:PassRole", resource: BATON_WAKE_ROLE_ARN!, context: { "iam:PassedToService": "scheduler.amazonaws.com" } },
];

/** Every command of the AWS SDK that stands in the sources of a bundle. */
export const CALLS: readonly Call[] = [
  {
    file: "shared/db/ssm-parameter.ts",
    command: "GetParameterCommand",
    sentBy: ALL,
    needs: ({ DATABASE_URL_PARAMETER, BATON_API_KEYS_PARAMETER, BATON_TICKET_KEYS_PARAMETER }) =>
      [DATABASE_URL_PARAMETER, BATON_API_KEYS_PARAMETER, BATON_TICKET_KEYS_PARAMETER].filter((name) => name !== undefined).flatMap(reads),
  },
  {
    file: "shared/lambda/wake-board.ts",
    command: "GetParameterCommand",
    sentBy: ["poll-queue", "maintain"],
    neverBy: eachOfHttp(wakes),
    needs: ({ BATON_WAKE_PARAMETER }) => [{ action: "ssm:GetParameter", resource: parameter(BATON_WAKE_PARAMETER!) }],
  },
  {
    file: "shared/lambda/wake-board.ts",
    command: "PutParameterCommand",
    sentBy: [...HTTP, "poll-queue"],
    neverBy: { maintain: looks },
    needs: ({ BATON_WAKE_PARAMETER }) => [{ action: "ssm:PutParameter", resource: parameter(BATON_WAKE_PARAMETER!) }],
  },
  {
    file: "shared/lambda/wake-board.ts",
    command: "UpdateScheduleCommand",
    sentBy: ["poll-queue"],
    neverBy: { ...eachOfHttp(wakes), maintain: looks },
    needs: (environment) => moves("scheduler:UpdateSchedule", environment),
  },
  {
    file: "shared/lambda/wake-board.ts",
    command: "CreateScheduleCommand",
    sentBy: ["poll-queue"],
    neverBy: { ...eachOfHttp(wakes), maintain: looks },
    needs: (environment) => moves("scheduler:CreateSchedule", environment),
  },
  {
    file: "shared/lambda/nudge.ts",
    command: "InvokeCommand",
    sentBy: HTTP,
    neverBy: { "poll-queue": "it wakes pollers of other queues, and this template has none: infra/heavy.yml lets it" },
    needs: ({ POLLER_FUNCTION_NAME }) => [
      { action: "lambda:InvokeFunction", resource: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${POLLER_FUNCTION_NAME}` },
    ],
  },
  {
    file: "examples/document-pipeline/bucket-source.ts",
    command: "GetObjectCommand",
    sentBy: ["poll-queue"],
    neverBy: eachOfHttp("it runs no handler"),
    // Whoever has a bucket of documents lets the role in: the template knows none.
    needs: () => [],
  },
];

/** What Lambda does in the function's name: each process writes to a stream of its own. */
export function needsOfTheRuntime(functionName: string): Need[] {
  const resource = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/aws/lambda/${functionName}:log-stream:2026/11/26/latest-1x`;
  return [
    { action: "logs:CreateLogStream", resource },
    { action: "logs:PutLogEvents", resource },
  ];
}

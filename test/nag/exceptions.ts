/** A rule that the template breaks on purpose, at these resources and for this reason. */
export interface Exception {
  readonly rule: string;
  /** Logical ids. */
  readonly resources: readonly string[];
  readonly reason: string;
}

const functions = [
  "EnqueueRunLambdaFunction",
  "ControlRunsLambdaFunction",
  "AnswerWaitsLambdaFunction",
  "PollQueueLambdaFunction",
  "MaintainLambdaFunction",
];
const failures = ["ScheduleFailures"];

export const EXCEPTIONS: readonly Exception[] = [
  {
    rule: "AwsSolutions-APIG4",
    resources: [
      "HttpApiRoutePostWorkflowsNameVarRuns",
      "HttpApiRouteGetRuns",
      "HttpApiRouteGetRunsIdVar",
      "HttpApiRouteGetRunsIdVarSteps",
      "HttpApiRouteGetRunsIdVarChildren",
      "HttpApiRouteGetWorkflows",
      "HttpApiRouteGetReportsNameVar",
      "HttpApiRoutePatchRunsIdVarAttributes",
      "HttpApiRoutePostRunsIdVarSignalsNameVar",
      "HttpApiRoutePostWorkflowsWorkflowVarSignalsNameVarKeyVar",
      "HttpApiRoutePostRunsIdVarCancel",
      "HttpApiRoutePostRunsIdVarRedrive",
      "HttpApiRouteDeleteRunsIdVar",
    ],
    reason: "The functions check the API key themselves, against digests: an HTTP API has no keys of its own.",
  },
  {
    rule: "AwsSolutions-APIG4",
    resources: [
      "HttpApiRouteGetApprovalsTokenVar",
      "HttpApiRoutePostApprovalsTokenVar",
      "HttpApiRoutePostCallbacksTokenVarComplete",
      "HttpApiRoutePostCallbacksTokenVarFail",
      "HttpApiRoutePostCallbacksTokenVarHeartbeat",
    ],
    reason:
      "Public on purpose: a person with a link, or who works for a step, has no key. The signed token in the path gives leave to one answer of one run until it expires; each route is throttled on its own.",
  },
  {
    rule: "AwsSolutions-S1",
    resources: ["ServerlessDeploymentBucket"],
    reason: "The framework's bucket for deployments, which the service never reads; a log of it would need one more bucket.",
  },
  {
    rule: "AwsSolutions-SQS3",
    resources: failures,
    reason: "It is a dead-letter queue; the rule looks only for queues that name it as theirs, not for the Scheduler.",
  },
  {
    rule: "Serverless-SQSRedrivePolicy",
    resources: failures,
    reason: "It is a dead-letter queue, and nothing receives from it that could fail.",
  },
  {
    rule: "Serverless-LambdaDLQ",
    resources: functions,
    reason:
      "An event of the poller's or of the maintenance says nothing that the database does not, and in a backlog millions are dropped; the others are invoked synchronously alone, by the API.",
  },
  {
    rule: "Serverless-LambdaAsyncFailureDestination",
    resources: ["PollQueueLambdaEvConf"],
    reason: "The same: its errors are in the log and an alarm, and what is dropped without a free poller is no failure.",
  },
  {
    rule: "Serverless-LambdaTracing",
    resources: functions,
    reason:
      "X-Ray's actions take no resource but *, and no role has one; the logs carry the ids of request and run, and metrics the times.",
  },
  {
    rule: "Serverless-SNSRedrivePolicy",
    resources: ["AlarmEmail"],
    reason: "A mail that does not arrive takes nothing with it: CloudWatch keeps the state and the history of the alarm.",
  },
];

/** A rule that the template breaks on purpose, at these resources and for this reason. */
export interface Exception {
  readonly rule: string;
  /** Logical ids. */
  readonly resources: readonly string[];
  readonly reason: string;
}

const functions = ["EnqueueRunLambdaFunction", "ControlRunsLambdaFunction", "PollQueueLambdaFunction"];
const failures = ["PollQueueFailures", "ScheduleFailures"];

export const EXCEPTIONS: readonly Exception[] = [
  {
    rule: "AwsSolutions-APIG4",
    resources: [
      "HttpApiRoutePostWorkflowsNameVarRuns",
      "HttpApiRouteGetRuns",
      "HttpApiRouteGetRunsIdVar",
      "HttpApiRoutePostRunsIdVarCancel",
      "HttpApiRoutePostRunsIdVarRedrive",
    ],
    reason: "The functions check the API key themselves, against digests: an HTTP API has no keys of its own.",
  },
  {
    rule: "AwsSolutions-S1",
    resources: ["ServerlessDeploymentBucket"],
    reason: "The framework's bucket for deployments, which the service never reads; a log of it would need one more bucket.",
  },
  {
    rule: "AwsSolutions-SQS3",
    resources: failures,
    reason: "They are dead-letter queues; the rule looks only for queues that name them as theirs, not for Lambda and the Scheduler.",
  },
  {
    rule: "Serverless-SQSRedrivePolicy",
    resources: failures,
    reason: "They are dead-letter queues, and nothing receives from them that could fail.",
  },
  {
    rule: "Serverless-LambdaDLQ",
    resources: functions,
    reason: "The poller has an on-failure destination, which also says why; the others are invoked synchronously alone, by the API.",
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

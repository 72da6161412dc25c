import type { Need } from "./calls.ts";
import { ACCOUNT, REGION } from "./simulate.ts";
import type { Stack } from "./stack.ts";

/**
 * What CloudFormation asks for, as whoever deploys, to make, change and remove a resource of a
 * type: the permissions of its handlers in AWS's resource schemas, without those of properties that
 * no resource of ours has.
 */
interface TypeNeeds {
  readonly make: string;
  readonly change: string;
  readonly remove: string;
  /** What they are asked on. Default: the resource itself. */
  readonly on?: (stack: Stack, id: string) => string;
  /** What `make` is asked on, where the resource has no name before. */
  readonly makeOn?: (stack: Stack, id: string) => string;
  readonly also?: (stack: Stack, id: string) => Need[];
}

const policyOfTopic = { make: "sns:SetTopicAttributes", change: "sns:SetTopicAttributes", remove: "sns:SetTopicAttributes" };
const policyOfQueue = { make: "sqs:SetQueueAttributes", change: "sqs:SetQueueAttributes", remove: "sqs:SetQueueAttributes" };

const textOf = (stack: Stack, id: string, property: string) => String(stack.properties(id)[property]);
const idOf = (stack: Stack, id: string) => `${REGION}::/apis/${textOf(stack, id, "ApiId")}`;
const passed = (resource: unknown, service: string): Need => {
  return { action: "iam:PassRole", resource: String(resource), context: { "iam:PassedToService": service } };
};

/** A part of an API: made in its collection, changed and removed by its random id. */
function partOfApi(collection: string): Pick<TypeNeeds, "makeOn" | "on"> {
  return {
    makeOn: (stack, id) => `arn:aws:apigateway:${idOf(stack, id)}/${collection}`,
    on: (stack, id) => `arn:aws:apigateway:${idOf(stack, id)}/${collection}/1ab2cd3`,
  };
}

export const NEEDS: Readonly<Record<string, TypeNeeds>> = {
  "AWS::S3::Bucket": {
    make: "s3:CreateBucket s3:PutBucketTagging s3:TagResource s3:PutEncryptionConfiguration s3:PutBucketPublicAccessBlock s3:GetBucketAcl s3:ListBucket s3:GetEncryptionConfiguration s3:GetBucketPublicAccessBlock s3:GetBucketTagging s3:GetBucketVersioning s3:GetBucketLogging",
    change: "s3:PutBucketTagging s3:TagResource s3:UntagResource s3:PutEncryptionConfiguration s3:PutBucketPublicAccessBlock s3:ListBucket",
    remove: "s3:DeleteBucket s3:ListBucket",
  },
  "AWS::S3::BucketPolicy": {
    on: (stack, id) => `arn:aws:s3:::${textOf(stack, id, "Bucket")}`,
    make: "s3:GetBucketPolicy s3:PutBucketPolicy",
    change: "s3:GetBucketPolicy s3:PutBucketPolicy",
    remove: "s3:GetBucketPolicy s3:DeleteBucketPolicy",
  },
  "AWS::Logs::LogGroup": {
    on: (stack, id) => stack.arn(id).replace(/:\*$/, ""),
    make: "logs:DescribeLogGroups logs:CreateLogGroup logs:PutRetentionPolicy logs:TagResource logs:ListTagsForResource logs:GetDataProtectionPolicy logs:DescribeIndexPolicies logs:DescribeResourcePolicies",
    change:
      "logs:DescribeLogGroups logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:TagResource logs:UntagResource logs:ListTagsForResource",
    remove: "logs:DescribeLogGroups logs:DeleteLogGroup",
  },
  "AWS::Lambda::Function": {
    make: "lambda:CreateFunction lambda:GetFunction lambda:PutFunctionConcurrency lambda:TagResource lambda:GetFunctionCodeSigningConfig lambda:GetFunctionRecursionConfig lambda:GetRuntimeManagementConfig lambda:GetFunctionScalingConfig",
    change:
      "lambda:GetFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency lambda:TagResource lambda:UntagResource",
    remove: "lambda:DeleteFunction lambda:GetFunction",
    also: (stack, id) => {
      const { Code, Role } = stack.properties(id) as { Code: { S3Bucket: string; S3Key: string }; Role: string };
      return [passed(Role, "lambda.amazonaws.com"), { action: "s3:GetObject", resource: `arn:aws:s3:::${Code.S3Bucket}/${Code.S3Key}` }];
    },
  },
  "AWS::Lambda::EventInvokeConfig": {
    on: (stack, id) => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${textOf(stack, id, "FunctionName")}`,
    make: "lambda:PutFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig",
    change: "lambda:UpdateFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig",
    remove: "lambda:DeleteFunctionEventInvokeConfig",
  },
  "AWS::Lambda::Permission": {
    on: (stack, id) => textOf(stack, id, "FunctionName"),
    make: "lambda:AddPermission lambda:GetPolicy",
    change: "lambda:AddPermission lambda:RemovePermission",
    remove: "lambda:RemovePermission lambda:GetPolicy",
  },
  "AWS::IAM::Role": {
    make: "iam:CreateRole iam:PutRolePolicy iam:GetRolePolicy iam:TagRole iam:GetRole iam:ListAttachedRolePolicies iam:ListRolePolicies",
    change:
      "iam:UpdateRole iam:UpdateRoleDescription iam:UpdateAssumeRolePolicy iam:DeleteRolePolicy iam:PutRolePolicy iam:TagRole iam:UntagRole iam:GetRole",
    remove: "iam:DeleteRole iam:DeleteRolePolicy iam:GetRole iam:ListAttachedRolePolicies iam:ListRolePolicies iam:TagRole iam:UntagRole",
  },
  "AWS::IAM::Policy": {
    on: (stack) => stack.arn("EnqueueRunRole"),
    make: "iam:PutRolePolicy iam:GetRolePolicy",
    change: "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy",
    remove: "iam:DeleteRolePolicy iam:GetRolePolicy",
  },
  "AWS::ApiGatewayV2::Api": {
    makeOn: () => `arn:aws:apigateway:${REGION}::/apis`,
    make: "apigateway:POST apigateway:PUT apigateway:TagResource",
    change: "apigateway:PATCH apigateway:GET apigateway:PUT apigateway:POST apigateway:DELETE apigateway:TagResource",
    remove: "apigateway:GET apigateway:DELETE",
    also: (stack, id) =>
      ["apigateway:POST", "apigateway:PUT", "apigateway:GET"].map((action) => {
        return { action, resource: `arn:aws:apigateway:${REGION}::/tags/${encodeURIComponent(stack.arn(id))}` };
      }),
  },
  "AWS::ApiGatewayV2::Stage": {
    ...partOfApi("stages"),
    make: "apigateway:POST apigateway:GET apigateway:TagResource logs:CreateLogDelivery logs:GetLogDelivery logs:ListLogDeliveries logs:DescribeResourcePolicies logs:PutResourcePolicy logs:DescribeLogGroups",
    change: "apigateway:PATCH apigateway:POST apigateway:DELETE apigateway:TagResource logs:UpdateLogDelivery logs:GetLogDelivery",
    remove: "apigateway:DELETE logs:DeleteLogDelivery logs:GetLogDelivery",
  },
  "AWS::ApiGatewayV2::Integration": {
    ...partOfApi("integrations"),
    make: "apigateway:POST apigateway:GET",
    change: "apigateway:PATCH apigateway:GET apigateway:PUT",
    remove: "apigateway:GET apigateway:DELETE",
  },
  "AWS::ApiGatewayV2::Route": {
    ...partOfApi("routes"),
    make: "apigateway:POST apigateway:GET",
    change: "apigateway:PATCH apigateway:GET apigateway:PUT",
    remove: "apigateway:GET apigateway:DELETE",
  },
  "AWS::Scheduler::Schedule": {
    make: "scheduler:CreateSchedule scheduler:GetSchedule",
    change: "scheduler:UpdateSchedule scheduler:GetSchedule",
    remove: "scheduler:DeleteSchedule scheduler:GetSchedule",
    also: (stack, id) => [passed((stack.properties(id)["Target"] as { RoleArn: string }).RoleArn, "scheduler.amazonaws.com")],
  },
  "AWS::Scheduler::ScheduleGroup": {
    make: "scheduler:CreateScheduleGroup scheduler:GetScheduleGroup scheduler:TagResource scheduler:ListTagsForResource",
    change: "scheduler:TagResource scheduler:UntagResource scheduler:ListTagsForResource scheduler:GetScheduleGroup",
    remove: "scheduler:DeleteScheduleGroup scheduler:GetScheduleGroup",
    // The schedules in a group go with it, the poller's own too.
    also: (stack, id) => [
      { action: "scheduler:DeleteSchedule", resource: `${stack.arn(id).replace("schedule-group", "schedule")}/next-wake` },
    ],
  },
  "AWS::SQS::Queue": {
    make: "sqs:CreateQueue sqs:GetQueueUrl sqs:GetQueueAttributes sqs:ListQueueTags sqs:TagQueue",
    change: "sqs:SetQueueAttributes sqs:GetQueueAttributes sqs:ListQueueTags sqs:TagQueue sqs:UntagQueue",
    remove: "sqs:DeleteQueue sqs:GetQueueAttributes",
  },
  "AWS::SQS::QueuePolicy": { ...policyOfQueue, on: (stack) => stack.arn("ScheduleFailures") },
  "AWS::SNS::Topic": {
    make: "sns:CreateTopic sns:TagResource sns:GetTopicAttributes sns:ListTagsForResource sns:ListSubscriptionsByTopic sns:GetDataProtectionPolicy",
    change:
      "sns:SetTopicAttributes sns:TagResource sns:UntagResource sns:GetTopicAttributes sns:ListTagsForResource sns:ListSubscriptionsByTopic",
    remove: "sns:GetTopicAttributes sns:DeleteTopic",
  },
  "AWS::SNS::TopicPolicy": { ...policyOfTopic, on: (stack) => stack.arn("Alarms") },
  "AWS::SNS::Subscription": {
    on: (stack, id) => textOf(stack, id, "TopicArn"),
    make: "sns:Subscribe sns:GetSubscriptionAttributes",
    change: "sns:Subscribe sns:Unsubscribe",
    remove: "sns:Unsubscribe sns:GetSubscriptionAttributes",
  },
  "AWS::CloudWatch::Alarm": {
    make: "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:TagResource cloudwatch:ListTagsForResource",
    change: "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:TagResource cloudwatch:UntagResource",
    remove: "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms",
  },
};

import type { Case } from "./cases.ts";
import { ACCOUNT, type Policy, type Request } from "./simulate.ts";
import type { Stage } from "./stack.ts";

const OTHER_ACCOUNT = "999999999999";
const SERVICES = ["apigateway", "cloudwatch", "ec2", "events", "lambda", "s3", "scheduler", "sns", "states"].map(
  (name) => `${name}.amazonaws.com`,
);
const over = (tls: boolean) => ({ "aws:SecureTransport": String(tls) });

/** What services may do by the template: take on roles, invoke, publish; and its schedules. */
export function casesOfGrants(stage: Stage): Case[] {
  return [...trustCases(stage), ...scheduleCases(stage), ...invokeCases(stage), ...topicCases(stage), ...bucketCases(stage)];
}

/** A function's role is Lambda's to take on; the schedule's the Scheduler's, for this account. */
function trustCases({ stack }: Stage): Case[] {
  const functionRoles = new Set(stack.ids("AWS::Lambda::Function").map((id) => stack.properties(id)["Role"]));
  return stack.ids("AWS::IAM::Role").flatMap((id) => {
    const resource = stack.arn(id);
    const taker = functionRoles.has(resource) ? "lambda.amazonaws.com" : "scheduler.amazonaws.com";
    const resourcePolicy = { ...(stack.properties(id)["AssumeRolePolicyDocument"] as Policy) };
    const asked = (principal: string, account = ACCOUNT): Request => ({
      action: "sts:AssumeRole",
      resource,
      principal,
      resourcePolicy,
      ...(principal.endsWith(".com") && { context: { "aws:SourceAccount": account } }),
    });
    const others = SERVICES.filter((service) => service !== taker);
    const strangers = [`arn:aws:iam::${ACCOUNT}:role/admin`, `arn:aws:iam::${OTHER_ACCOUNT}:role/admin`];
    return [
      allow(`trust of ${id}`, asked(taker)),
      ...[...others, ...strangers].map((other) => refuse(`trust of ${id}`, asked(other), `asked by ${other}`)),
      // Lambda takes a role on for no one else's function, and says no account.
      ...(taker === "lambda.amazonaws.com" ? [] : [refuse(`trust of ${id}`, asked(taker, OTHER_ACCOUNT), "for another account")]),
    ];
  });
}

/** Each schedule, as its target says: whom it invokes, and where it puts what it cannot deliver. */
function scheduleCases({ stack }: Stage): Case[] {
  return stack.ids("AWS::Scheduler::Schedule").flatMap((id) => {
    const { Target } = stack.properties(id) as { Target: { Arn: string; RoleArn: string; DeadLetterConfig: { Arn: string } } };
    const roleId = stack.ids("AWS::IAM::Role").find((each) => stack.arn(each) === Target.RoleArn)!;
    const principal = `arn:aws:sts::${ACCOUNT}:assumed-role/${Target.RoleArn.split("/").at(-1)}/${stack.name}`;
    const queuePolicy = stack.properties("FailuresPolicy")["PolicyDocument"] as Policy;
    const by = { principal, identity: stack.policyOf(roleId) };
    const invoke = (resource: string, action = "lambda:InvokeFunction"): Request => ({ ...by, action, resource });
    const send = (resource: string, tls = true): Request => {
      return { ...by, action: "sqs:SendMessage", resource, context: over(tls), resourcePolicy: queuePolicy };
    };
    const others = stack.ids("AWS::Lambda::Function").map((each) => stack.arn(each));
    const actions = ["UpdateFunctionCode", "UpdateFunctionConfiguration", "GetFunction", "DeleteFunction", "AddPermission"];
    return [
      allow(id, invoke(Target.Arn)),
      allow(id, send(Target.DeadLetterConfig.Arn)),
      refuse(id, send(Target.DeadLetterConfig.Arn, false), "without TLS"),
      refuse(id, send(`${Target.DeadLetterConfig.Arn}x`), "to another queue"),
      ...others.filter((arn) => arn !== Target.Arn).map((arn) => refuse(id, invoke(arn), "another function")),
      refuse(id, invoke(`${Target.Arn}x`), "another function"),
      ...actions.map((action) => refuse(id, invoke(Target.Arn, `lambda:${action}`))),
      ...["ReceiveMessage", "DeleteMessage", "PurgeQueue", "SetQueueAttributes"].map((action) =>
        refuse(id, { ...send(Target.DeadLetterConfig.Arn), action: `sqs:${action}` }),
      ),
    ];
  });
}

/** API Gateway invokes, for our API alone, the functions with a permission; the poller has none. */
function invokeCases({ stack }: Stage): Case[] {
  const permissions = stack.ids("AWS::Lambda::Permission").map((id) => stack.properties(id) as Readonly<Record<string, string>>);
  return stack.ids("AWS::Lambda::Function").flatMap((id) => {
    const resource = stack.arn(id);
    const Statement = permissions.filter(({ FunctionName }) => FunctionName === resource).map(statementOf);
    const resourcePolicy = Statement.length === 0 ? {} : { resourcePolicy: { Version: "2012-10-17", Statement } };
    const asked = (principal: string, api: string): Request => {
      const context = { "aws:SourceArn": `arn:aws:execute-api:eu-central-1:${ACCOUNT}:${api}/$default/GET/runs` };
      return { action: "lambda:InvokeFunction", resource, principal, context, ...resourcePolicy };
    };
    const own = stack.resolve({ Ref: "HttpApi" }) as string;
    const who = `permission of ${id}`;
    const others = SERVICES.filter((service) => service !== "apigateway.amazonaws.com");
    const fromApi = asked("apigateway.amazonaws.com", own);
    return [
      Statement.length > 0 ? allow(who, fromApi) : refuse(who, fromApi, "which has no route"),
      refuse(who, asked("apigateway.amazonaws.com", "another"), "for another API"),
      ...others.map((other) => refuse(who, asked(other, own), `asked by ${other}`)),
      refuse(who, asked(`arn:aws:iam::${OTHER_ACCOUNT}:role/admin`, own), "from another account"),
    ];
  });
}

/** What Lambda makes of an AWS::Lambda::Permission. */
function statementOf({ Principal, Action, FunctionName, SourceArn }: Readonly<Record<string, string>>): Policy {
  return {
    Effect: "Allow",
    Principal: { Service: Principal },
    Action,
    Resource: FunctionName,
    Condition: { ArnLike: { "AWS:SourceArn": SourceArn } },
  };
}

/** Alarms are published by CloudWatch alone, of this account, over TLS. */
function topicCases({ stack }: Stage): Case[] {
  const resourcePolicy = stack.properties("AlarmsPolicy")["PolicyDocument"] as Policy;
  const asked = (principal: string, account = ACCOUNT, tls = true, action = "sns:Publish"): Request => {
    return { action, resource: stack.arn("Alarms"), principal, resourcePolicy, context: { "aws:SourceAccount": account, ...over(tls) } };
  };
  const cloudWatch = "cloudwatch.amazonaws.com";
  const others = SERVICES.filter((service) => service !== cloudWatch);
  return [
    allow("topic", asked(cloudWatch)),
    refuse("topic", asked(cloudWatch, OTHER_ACCOUNT), "for another account"),
    refuse("topic", asked(cloudWatch, ACCOUNT, false), "without TLS"),
    refuse("topic", asked(cloudWatch, ACCOUNT, true, "sns:DeleteTopic")),
    ...others.map((other) => refuse("topic", asked(other), `asked by ${other}`)),
  ];
}

/** Nobody reads the bundles without TLS, whatever else they may. */
function bucketCases({ stack }: Stage): Case[] {
  const bucket = stack.arn("ServerlessDeploymentBucket");
  const resourcePolicy = { Version: "2012-10-17", ...(stack.properties("ServerlessDeploymentBucketPolicy")["PolicyDocument"] as Policy) };
  const identity = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] };
  const asked = (tls: boolean): Request => {
    const principal = `arn:aws:iam::${ACCOUNT}:role/admin`;
    return { action: "s3:GetObject", resource: `${bucket}/x.zip`, principal, identity, resourcePolicy, context: over(tls) };
  };
  return [allow("bucket", asked(true)), refuse("bucket", asked(false), "without TLS")];
}

function allow(who: string, request: Request): Case {
  return { who, expected: "allowed", request };
}

function refuse(who: string, request: Request, why?: string): Case {
  return { who, expected: "refused", request, ...(why !== undefined && { why }) };
}

import { ACCOUNT, PARTITION, parameterArn, REGION, scheduleArn } from "./arns.ts";
import { AwsRefusal } from "./aws-refusal.ts";
import type { Right } from "./role-policy.ts";
import { isOperation, type Operation } from "./service-model.ts";

/** The members of an operation's input, by the names of AWS's model. */
export type Input = Readonly<Record<string, unknown>>;

/** A request of the AWS SDK as it came; path and method count where a service has a REST API. */
export interface RawCall {
  readonly method: string;
  readonly path: string;
  /** `AmazonSSM.GetParameter`, where the service speaks JSON 1.1. */
  readonly target: string;
  readonly body: Input;
}

const SCHEDULER: Readonly<Record<string, Operation>> = { POST: "scheduler:CreateSchedule", PUT: "scheduler:UpdateSchedule" };

/** Which operation of SSM or the Scheduler is called, and with what. Throws AwsRefusal. */
export function operationOf({ method, path, target, body }: RawCall): { operation: Operation; input: Input } {
  const [, name] = /^\/schedules\/([^/?]+)$/.exec(path) ?? [];
  const operation = name === undefined ? target.replace(/^AmazonSSM\./, "ssm:") : (SCHEDULER[method] ?? "");
  if (!isOperation(operation)) {
    const message = `The local host has no ${target || `${method} ${path}`}.`;
    throw new AwsRefusal("UnknownOperationException", { message });
  }
  return { operation, input: name === undefined ? body : { ...body, Name: decodeURIComponent(name) } };
}

/** What a caller has to be allowed for an operation; the input has passed `checkInput`. */
export function rightsFor(operation: Operation, input: Input): Right[] {
  const text = (name: string, byDefault = "") => (typeof input[name] === "string" ? input[name] : byDefault);
  switch (operation) {
    case "ssm:GetParameter":
    case "ssm:DeleteParameter":
    case "ssm:PutParameter":
      return [{ action: operation, resource: parameterArn(text("Name")) }];
    case "scheduler:CreateSchedule":
    case "scheduler:UpdateSchedule": {
      const passed = String((input["Target"] as { RoleArn?: unknown }).RoleArn);
      return [
        { action: operation, resource: scheduleArn(text("GroupName", "default"), text("Name")) },
        { action: "iam:PassRole", resource: passed, context: { "iam:PassedToService": "scheduler.amazonaws.com" } },
      ];
    }
    case "lambda:Invoke":
      return [{ action: "lambda:InvokeFunction", resource: calledArn(input) }];
  }
}

/** The status of AccessDeniedException. */
export function deniedStatus(operation: Operation): number {
  return operation.startsWith("ssm:") ? 400 : 403;
}

/**
 * The ARN of a function that is called by its name, a part of its ARN, or all of it, and with a
 * version or without.
 */
export function calledArn({ FunctionName, Qualifier }: Input): string {
  const [, region = REGION, account = ACCOUNT, name = "", own] =
    /^(?:arn:[^:]+:lambda:([^:]+):)?(?:(\d{12}):)?(?:function:)?([^:]+)(?::(.+))?$/.exec(String(FunctionName)) ?? [];
  const qualifier = Qualifier ?? own;
  return `arn:${PARTITION}:lambda:${region}:${account}:function:${name}${typeof qualifier === "string" ? `:${qualifier}` : ""}`;
}

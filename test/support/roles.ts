import { policyStatements, trustStatements } from "../../infra/local/host/policy-document.ts";
import { roleArn, functionArn } from "../../infra/local/host/arns.ts";
import type { Statement } from "../../infra/local/host/role-policy.ts";
import type { RoleFacts } from "../../infra/local/host/roles.ts";
import { matcher } from "../../infra/local/host/conditions.ts";

/** Statements as they stand in a policy, with ARNs for resources. */
export function statementsOf(...statements: readonly Readonly<Record<string, unknown>>[]): Statement[] {
  return policyStatements({ Version: "2012-10-17", Statement: statements }, "a test", (value) => String(value));
}

/** A role that a service may take, and that allows each action on a resource. */
export function roleThatAllows(rights: Readonly<Record<string, string>>, name = "TestRole", service = "lambda.amazonaws.com"): RoleFacts {
  const allowed = Object.entries(rights).map(([Action, Resource]) => ({ Effect: "Allow", Action, Resource }));
  const trusted = { Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
  return {
    logicalId: name,
    name,
    arn: roleArn(name),
    statements: statementsOf(...allowed),
    trust: trustStatements({ Version: "2012-10-17", Statement: [trusted] }, "a test", (value) => String(value)),
  };
}

/** Lets API Gateway invoke every function. */
export const gatewayMayInvoke: Statement = {
  effect: "Allow",
  actions: [matcher("lambda:InvokeFunction")],
  resources: [matcher(functionArn("*"))],
  conditions: [],
  services: new Set(["apigateway.amazonaws.com"]),
};

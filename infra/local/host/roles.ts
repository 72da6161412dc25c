import * as z from "zod";
import { ACCOUNT, functionArn, roleArn } from "./arns.ts";
import { type Context, conditionOf, matcher } from "./conditions.ts";
import type { Resolve } from "./intrinsics.ts";
import { policyStatements, trustStatements } from "./policy-document.ts";
import { type Resources, resourcesOf } from "./resources.ts";
import { decide, type Statement } from "./role-policy.ts";

/** One `AWS::IAM::Role` of the template. */
export interface RoleFacts {
  readonly logicalId: string;
  readonly arn: string;
  /** What it has without a RoleName is its logical id; AWS would make one up. */
  readonly name: string;
  /** What whoever has the role may do. */
  readonly statements: readonly Statement[];
  /** Who may take it. */
  readonly trust: readonly Statement[];
}

/** AWS would refuse to deploy the template. */
export class RefusedTemplateError extends Error {
  override readonly name = "RefusedTemplateError";
}

/** Strict: managed policies and boundaries would allow or refuse what the host does not see. */
const Role = z.strictObject({
  RoleName: z.string().optional(),
  Description: z.string().optional(),
  MaxSessionDuration: z.number().optional(),
  Tags: z.unknown().optional(),
  AssumeRolePolicyDocument: z.unknown(),
  Policies: z.array(z.strictObject({ PolicyName: z.unknown(), PolicyDocument: z.unknown() })).default([]),
});
const Permission = z.strictObject({
  FunctionName: z.unknown(),
  Action: z.string(),
  Principal: z.string(),
  SourceArn: z.unknown().optional(),
  SourceAccount: z.unknown().optional(),
});
/** Policies outside of their role's resource. */
const POLICIES = ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"];

/** The template's roles by their logical ids. Throws UnknownTemplateError. */
export function rolesOf(resources: Resources, resolve: Resolve): Map<string, RoleFacts> {
  for (const type of POLICIES) resourcesOf(resources, type, z.never("write the statements into the Policies of their role"));
  const roles = resourcesOf(resources, "AWS::IAM::Role", Role);
  return new Map(
    [...roles].map(([logicalId, { RoleName: name = logicalId, AssumeRolePolicyDocument, Policies }]) => {
      const statements = Policies.flatMap(({ PolicyDocument }, index) =>
        policyStatements(PolicyDocument, `${logicalId}.Policies[${index}]`, resolve),
      );
      const trust = trustStatements(AssumeRolePolicyDocument, `${logicalId}.AssumeRolePolicyDocument`, resolve);
      return [logicalId, { logicalId, name, arn: roleArn(name), statements, trust }];
    }),
  );
}

/** What services of AWS may do with functions: each `AWS::Lambda::Permission` as a statement. */
export function permissionsOf(resources: Resources, resolve: Resolve): Statement[] {
  return [...resourcesOf(resources, "AWS::Lambda::Permission", Permission)].map(([id, facts]) => {
    const named = resolve(facts.FunctionName, `${id}.FunctionName`);
    const source = [
      facts.SourceArn !== undefined && conditionOf("ArnLike", "aws:SourceArn", [resolve(facts.SourceArn, `${id}.SourceArn`)]),
      facts.SourceAccount !== undefined && conditionOf("StringEquals", "aws:SourceAccount", [resolve(facts.SourceAccount, id)]),
    ];
    return {
      effect: "Allow",
      actions: [matcher(facts.Action, "i")],
      resources: [matcher(named.startsWith("arn:") ? named : functionArn(named))],
      conditions: source.filter((condition) => typeof condition === "function"),
      services: new Set([facts.Principal]),
    };
  });
}

/** Whether a service such as `lambda.amazonaws.com` may take a role. */
export function mayAssume(role: RoleFacts, service: string, context: Context = {}): boolean {
  const right = { action: "sts:AssumeRole", resource: role.arn, context: { "aws:SourceAccount": ACCOUNT, ...context } };
  return decide(role.trust, right, service) === "allowed";
}

/** Throws RefusedTemplateError where a service may not take the role that `user` gives it. */
export function checkTrust(role: RoleFacts, service: string, user: string, context?: Context): void {
  if (mayAssume(role, service, context)) return;
  throw new RefusedTemplateError(
    `AWS would refuse ${user}: its role ${role.logicalId} cannot be assumed by ${service}. Allow ${service} sts:AssumeRole in the role's AssumeRolePolicyDocument`,
  );
}

import * as z from "zod";
import { ACCOUNT, roleArn } from "./arns.ts";
import type { Context } from "./conditions.ts";
import type { Resolve } from "./intrinsics.ts";
import { located } from "./place.ts";
import { policyStatements, trustStatements } from "./policy-document.ts";
import { type Resources, understand, UnknownTemplateError } from "./resources.ts";
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
  RoleName: z.unknown().optional(),
  Path: z.literal("/").optional(),
  Description: z.string().optional(),
  MaxSessionDuration: z.number().optional(),
  Tags: z.unknown().optional(),
  AssumeRolePolicyDocument: z.unknown(),
  Policies: z.array(z.strictObject({ PolicyName: z.unknown(), PolicyDocument: z.unknown() })).default([]),
});

/** Whose roles matter here; the others of a template have no say in what the host answers. */
const USERS = ["AWS::Lambda::Function", "AWS::Scheduler::Schedule"];
/** A policy that says itself whose it is. */
const Policy = z.strictObject({ PolicyName: z.unknown(), PolicyDocument: z.unknown(), Roles: z.array(z.object({ Ref: z.string() })) });

/** What else would change a role from outside of its resource. */
const LOOSE = ["AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"];

/** The roles that functions and schedules name, by logical ids. Throws UnknownTemplateError. */
export function rolesOf(resources: Resources, resolve: Resolve): Map<string, RoleFacts> {
  const ofTypes = (types: readonly string[]) => Object.entries(resources).filter(([, { Type }]) => types.includes(Type));
  const used = ofTypes(["AWS::IAM::Role"]).filter(([id]) => ofTypes(USERS).some(([, user]) => isNamedIn(user, id)));
  for (const [loose, policy] of ofTypes(LOOSE)) {
    const [role] = used.find(([id]) => isNamedIn(policy, id)) ?? [];
    if (role === undefined) continue;
    throw new UnknownTemplateError(
      `The local host does not understand ${located(loose)}, a policy outside of its role`,
      `Write its statements into the Policies of ${located(role)}`,
    );
  }
  const policies = ofTypes(["AWS::IAM::Policy"]).filter(([, policy]) => used.some(([id]) => isNamedIn(policy, id)));
  const attached = policies.flatMap(([id, { Properties }]) => attachments(id, understand(id, Policy, Properties), resolve));
  return new Map(
    used.map(([id, { Properties }]) => {
      const facts = roleFacts(id, understand(id, Role, Properties), resolve);
      return [
        id,
        { ...facts, statements: [...facts.statements, ...attached.flatMap(({ role, statements }) => (role === id ? statements : []))] },
      ];
    }),
  );
}

function attachments(id: string, { PolicyDocument, Roles }: z.output<typeof Policy>, resolve: Resolve) {
  const statements = policyStatements(PolicyDocument, `${id}.PolicyDocument`, resolve);
  return Roles.map(({ Ref: role }) => ({ role, statements }));
}

function isNamedIn(resource: Resources[string], id: string): boolean {
  return JSON.stringify(resource).includes(JSON.stringify(id));
}

function roleFacts(logicalId: string, facts: z.output<typeof Role>, resolve: Resolve): RoleFacts {
  const { RoleName, AssumeRolePolicyDocument, Policies } = facts;
  const name = resolve(RoleName ?? logicalId, `${logicalId}.RoleName`);
  const statements = Policies.flatMap(({ PolicyDocument }, index) =>
    policyStatements(PolicyDocument, `${logicalId}.Policies[${index}]`, resolve),
  );
  const trust = trustStatements(AssumeRolePolicyDocument, `${logicalId}.AssumeRolePolicyDocument`, resolve);
  return { logicalId, name, arn: roleArn(name), statements, trust };
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

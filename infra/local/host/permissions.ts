import * as z from "zod";
import { functionArn } from "./arns.ts";
import { conditionOf, matcher } from "./conditions.ts";
import type { Resolve } from "./intrinsics.ts";
import { type Resources, resourcesOf, understand } from "./resources.ts";
import type { Statement } from "./role-policy.ts";

/** The service in front of the functions. */
export const GATEWAY = "apigateway.amazonaws.com";

/** Strict: what is not known might narrow the permission. */
const Permission = z.strictObject({
  FunctionName: z.unknown(),
  Action: z.string(),
  Principal: z.string(),
  SourceArn: z.unknown().optional(),
  SourceAccount: z.unknown().optional(),
});
const Principal = z.object({ Principal: z.unknown() });

/**
 * What the gateway may do with functions: each `AWS::Lambda::Permission` of its own as a statement.
 * Other services do not call here. Throws UnknownTemplateError.
 */
export function permissionsOf(resources: Resources, resolve: Resolve): Statement[] {
  const permissions = resourcesOf(resources, "AWS::Lambda::Permission", Principal);
  const ofGateway = [...permissions].filter(([, facts]) => facts.Principal === GATEWAY);
  return ofGateway.map(([id]) => statementOf(id, understand(id, Permission, resources[id]!.Properties), resolve));
}

function statementOf(id: string, facts: z.output<typeof Permission>, resolve: Resolve): Statement {
  const { SourceArn, SourceAccount } = facts;
  const named = resolve(facts.FunctionName, `${id}.FunctionName`);
  const conditions = [
    SourceArn !== undefined && conditionOf("ArnLike", "aws:SourceArn", [resolve(SourceArn, `${id}.SourceArn`)]),
    SourceAccount !== undefined && conditionOf("StringEquals", "aws:SourceAccount", [resolve(SourceAccount, `${id}.SourceAccount`)]),
  ];
  return {
    effect: "Allow",
    actions: [matcher(facts.Action, "i")],
    resources: [matcher(named.startsWith("arn:") ? named : functionArn(named))],
    conditions: conditions.filter((condition) => typeof condition === "function"),
    services: new Set([facts.Principal]),
  };
}

import type { Condition, Context } from "./conditions.ts";

/** What somebody asks to do: `ssm:GetParameter` on an ARN. */
export interface Right {
  readonly action: string;
  readonly resource: string;
  readonly context?: Context;
}

/** One statement of a policy, ready to be asked. */
export interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly ((action: string) => boolean)[];
  readonly resources: readonly ((resource: string) => boolean)[];
  readonly conditions: readonly Condition[];
  /** Whom it is about, in the policy of a resource and in that which says who may take a role. */
  readonly services?: ReadonlySet<string>;
}

/** `silent`: no statement speaks of it, which on AWS means no. */
export type Decision = "allowed" | "denied" | "silent";

const NO_CONTEXT: Context = {};

/** Decides as IAM does: whatever is denied is not allowed, and neither is what nobody allows. */
export function decide(statements: readonly Statement[], right: Right, service?: string): Decision {
  let decision: Decision = "silent";
  for (const statement of statements) {
    if (!speaksOf(statement, right, service)) continue;
    if (statement.effect === "Deny") return "denied";
    decision = "allowed";
  }
  return decision;
}

function speaksOf({ actions, resources, conditions, services }: Statement, right: Right, service?: string): boolean {
  const { action, resource, context = NO_CONTEXT } = right;
  return (
    (services === undefined || (service !== undefined && services.has(service))) &&
    actions.some((matches) => matches(action)) &&
    resources.some((matches) => matches(resource)) &&
    conditions.every((holds) => holds(context))
  );
}

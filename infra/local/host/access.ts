import { ACCOUNT, functionArn, routeArn, sessionArn } from "./arns.ts";
import { AwsRefusal } from "./aws-refusal.ts";
import { GATEWAY } from "./permissions.ts";
import { decide, type Decision, type Right, type Statement } from "./role-policy.ts";
import type { RoleFacts } from "./roles.ts";

/** Who calls: a function or a schedule with its role; without a role, whoever owns the host. */
export interface Caller {
  readonly name: string;
  readonly role?: RoleFacts;
}

/** What was refused, and what would allow it. */
export interface Refusal {
  /** The function or schedule that asked, or the service that did. */
  readonly who: string;
  /** The logical id of the role that does not allow it; undefined for a service, which has none. */
  readonly roleId: string | undefined;
  readonly right: Right;
  /** Whether a statement denies it; else there is none that allows it. */
  readonly denied: boolean;
  /** What AWS says. */
  readonly message: string;
}

/** Who may do what. */
export class Access {
  readonly #permissions: readonly Statement[];
  readonly #onRefusal: (refusal: Refusal) => void;

  constructor(permissions: readonly Statement[], onRefusal: (refusal: Refusal) => void = () => undefined) {
    this.#permissions = permissions;
    this.#onRefusal = onRefusal;
  }

  /** Throws AwsRefusal, in AWS's words, where the caller's role does not allow all of them. */
  demand(caller: Caller, rights: readonly Right[], status: number): void {
    for (const right of rights) {
      const refusal = refusalOf(caller, right);
      if (refusal === undefined) continue;
      this.#onRefusal(refusal);
      throw new AwsRefusal("AccessDeniedException", { status, message: refusal.message });
    }
  }

  /** Whether the caller's role allows a right. */
  permits(caller: Caller, right: Right): boolean {
    const refusal = refusalOf(caller, right);
    if (refusal !== undefined) this.#onRefusal(refusal);
    return refusal === undefined;
  }

  /** Whether API Gateway may invoke a function for a route. */
  gatewayMayInvoke(functionName: string, routeKey: string): boolean {
    const right = {
      action: "lambda:InvokeFunction",
      resource: functionArn(functionName),
      context: { "aws:SourceAccount": ACCOUNT, "aws:SourceArn": routeArn(routeKey) },
    };
    const decision = decide(this.#permissions, right, GATEWAY);
    if (decision === "allowed") return true;
    const message = sentence(`User: ${GATEWAY}`, right, decision, "resource");
    this.#onRefusal({ who: GATEWAY, roleId: undefined, right, denied: decision === "denied", message });
    return false;
  }
}

function refusalOf({ name, role }: Caller, right: Right): Refusal | undefined {
  if (role === undefined) return undefined;
  const decision = decide(role.statements, right);
  if (decision === "allowed") return undefined;
  const message = sentence(`User: ${sessionArn(role.name, name)}`, right, decision, "identity");
  return { who: name, roleId: role.logicalId, right, denied: decision === "denied", message };
}

function sentence(user: string, { action, resource }: Right, decision: Decision, based: "identity" | "resource"): string {
  const why =
    decision === "denied"
      ? `with an explicit deny in an ${based}-based policy`
      : `because no ${based}-based policy allows the ${action} action`;
  return `${user} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
}

import { caught, type Mutant } from "./mutant.ts";

const policy = "infra/role-policy.test.ts";
const needed = "infra/least-privilege.test.ts";

/** What the local host refuses. */
export const host: readonly Mutant[] = [
  {
    name: "What is denied is allowed where a later statement allows it",
    file: "infra/local/host/role-policy.ts",
    find: 'if (statement.effect === "Deny") return "denied";',
    replace: 'if (statement.effect === "Deny") decision = "denied";\n    else',
    ...caught(policy, "one that denies and a later one that allows it"),
  },
  {
    name: "A condition counts for nothing",
    file: "infra/local/host/role-policy.ts",
    find: "conditions.every((holds) => holds(context))",
    replace: "conditions.every((holds) => holds(context) || true)",
    ...caught(needed, "the poller may pass its role to the Scheduler alone"),
  },
  {
    name: "A condition on a key that the call does not have holds",
    file: "infra/local/host/conditions.ts",
    find: 'return isNegative || ifExists !== "";',
    replace: "return true;",
    ...caught(policy, "a condition "),
  },
  {
    name: "A NotAction is passed over",
    file: "infra/local/host/policy-document.ts",
    find: "document(z.strictObject({ ...common, Resource",
    replace: "document(z.object({ ...common, Action: manyOf(z.string()).default([]), Resource",
    ...caught(policy, "is refused with a sentence, never passed over"),
  },
  {
    name: "A managed policy is passed over",
    file: "infra/local/host/roles.ts",
    find: "const Role = z.strictObject(",
    replace: "const Role = z.object(",
    ...caught(policy, "is not understood rather than taken for one without"),
  },
  {
    name: "A schedule is fired without its role",
    file: "infra/local/host/delivery.ts",
    find: "pool !== undefined && access.permits",
    replace: "pool !== undefined || access.permits",
    ...caught(needed, "without it a journey is refused just that"),
  },
  {
    name: "A pattern of a model is asked of a part of the text alone",
    file: "infra/local/host/check-input.ts",
    find: "new RegExp(`^(?:${pattern})$`",
    replace: "new RegExp(pattern",
    ...caught("infra/stand-in-lambda.test.ts", "refuses "),
  },
];

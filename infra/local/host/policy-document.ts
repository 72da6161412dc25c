import * as z from "zod";
import { type Condition, conditionOf, matcher } from "./conditions.ts";
import type { Resolve } from "./intrinsics.ts";
import { located } from "./place.ts";
import { understand, UnknownTemplateError } from "./resources.ts";
import type { Statement } from "./role-policy.ts";

/** One or a list, as a list. */
const manyOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((given) => (given === undefined || Array.isArray(given) ? given : [given]), z.array(item));

const common = {
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Action: manyOf(z.string()),
  Condition: z.record(z.string(), z.record(z.string(), manyOf(z.unknown()))).default({}),
};
/** Strict: a NotAction that was left out would allow what it was to refuse. */
const document = <Item extends z.ZodType>(statement: Item) =>
  z.strictObject({ Version: z.literal("2012-10-17"), Id: z.string().optional(), Statement: manyOf(statement) });
const Policy = document(z.strictObject({ ...common, Resource: manyOf(z.unknown()) }));
const Trust = document(z.strictObject({ ...common, Principal: z.strictObject({ Service: manyOf(z.string()) }) }));

/** The statements of a role's policy. Throws UnknownTemplateError for whatever it cannot judge. */
export function policyStatements(given: unknown, where: string, resolve: Resolve): Statement[] {
  return understand(where, Policy, given).Statement.map((statement, index) => {
    const place = `${where}.Statement[${index}]`;
    const resources = statement.Resource.map((resource) => matcher(fixed(resolve(resource, `${place}.Resource`), place)));
    return judged(statement, place, resolve, { resources });
  });
}

/** The statements that say who may take a role. Throws UnknownTemplateError. */
export function trustStatements(given: unknown, where: string, resolve: Resolve): Statement[] {
  return understand(where, Trust, given).Statement.map((statement, index) => {
    const services = new Set(statement.Principal.Service);
    return judged(statement, `${where}.Statement[${index}]`, resolve, { resources: [() => true], services });
  });
}

type Common = Pick<z.output<typeof Policy>["Statement"][number], "Effect" | "Action" | "Condition">;

function judged(
  { Effect, Action, Condition }: Common,
  where: string,
  resolve: Resolve,
  about: Pick<Statement, "resources" | "services">,
): Statement {
  const conditions = Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => readCondition(operator, key, values, `${where}.Condition`, resolve)),
  );
  return { effect: Effect, actions: Action.map((action) => matcher(action, "i")), conditions, ...about };
}

function readCondition(operator: string, key: string, values: readonly unknown[], where: string, resolve: Resolve): Condition {
  const condition = conditionOf(
    operator,
    key,
    values.map((value) => fixed(resolve(value, where), where)),
  );
  if (condition !== undefined) return condition;
  throw new UnknownTemplateError(
    `The local host cannot judge ${operator} of ${key}, which is a part of ${located(where)}`,
    "Write the statement without, or teach it to infra/local/host/conditions.ts",
  );
}

/** IAM's own variables, `${aws:username}`, are left over by CloudFormation. */
function fixed(text: string, where: string): string {
  if (!text.includes("${")) return text;
  throw new UnknownTemplateError(
    `The local host cannot judge the policy variable in "${text}" of ${located(where)}`,
    "Name the resource itself",
  );
}

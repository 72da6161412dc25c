import * as z from "zod";
import { type Resources, ResourcesSchema, understand, UnknownTemplateError } from "./resources.ts";

const Document = z.object({ Resources: ResourcesSchema, Conditions: z.record(z.string(), z.unknown()).default({}) });

/**
 * The resources of a template without those whose condition does not hold. Throws
 * UnknownTemplateError.
 */
export function standingResources(document: unknown): Resources {
  const { Resources: all, Conditions } = understand("the template", Document, document);
  const stands = ({ Condition }: { Condition?: string | undefined }) =>
    Condition === undefined || holds({ Condition }, Conditions, Condition);
  return Object.fromEntries(Object.entries(all).filter(([, resource]) => stands(resource)));
}

/** Of texts alone: what a condition asks of the stack's parameters only CloudFormation knows. */
function holds(condition: unknown, named: Readonly<Record<string, unknown>>, name: string): boolean {
  const [[key, value] = ["", undefined], ...more] = Object.entries((condition ?? {}) as Record<string, unknown>);
  const each = (value: unknown) => (value as unknown[]).map((part) => holds(part, named, name));
  if (more.length === 0 && key === "Condition" && typeof value === "string" && Object.hasOwn(named, value))
    return holds(named[value], named, value);
  if (more.length === 0 && Array.isArray(value)) {
    if (key === "Fn::Equals" && value.length === 2 && value.every((text) => typeof text === "string")) return value[0] === value[1];
    if (key === "Fn::Not" && value.length === 1) return !each(value)[0];
    if (key === "Fn::And") return each(value).every(Boolean);
    if (key === "Fn::Or") return each(value).some(Boolean);
  }
  throw new UnknownTemplateError(`The local host does not understand the condition ${name}: ${JSON.stringify(condition)}`);
}

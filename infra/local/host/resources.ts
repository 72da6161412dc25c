import * as z from "zod";
import { located } from "./place.ts";

/** The `Resources` of a CloudFormation template, by their logical ids. */
export type Resources = Readonly<
  Record<string, { readonly Type: string; readonly Condition?: string | undefined; readonly Properties?: unknown }>
>;

export const ResourcesSchema: z.ZodType<Resources> = z.record(
  z.string(),
  z.object({ Type: z.string(), Condition: z.string().optional(), Properties: z.unknown().optional() }),
);

const USUAL_ADVICE = "Write it in another way, or teach the local host in infra/local/host to judge it";

/** The template asks for something that the local host cannot do; the message says what to do. */
export class UnknownTemplateError extends Error {
  override readonly name = "UnknownTemplateError";

  constructor(problem: string, advice = USUAL_ADVICE) {
    super(`${problem}. ${advice}.`);
  }
}

/** What to write in place of keys whose effect the local host cannot judge. */
const ADVICE: Readonly<Record<string, string>> = {
  NotAction: "Name under Action what it is to allow",
  NotResource: "Name under Resource what it is about",
  NotPrincipal: "Name under Principal whom it is about",
  ManagedPolicyArns: "Write the statements of those policies into its Policies",
  PermissionsBoundary: "Leave it out of the stage dev, which npm start serves: what it forbids is forbidden on AWS alone",
};

/** The resources of a type, by their logical ids. Throws UnknownTemplateError. */
export function resourcesOf<Facts>(known: Resources, type: string, schema: z.ZodType<Facts>): Map<string, Facts> {
  const found = Object.entries(known).filter(([, { Type }]) => Type === type);
  return new Map(found.map(([id, { Properties }]) => [id, understand(id, schema, Properties)]));
}

export function understand<Facts>(what: string, schema: z.ZodType<Facts>, value: unknown): Facts {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const strange = parsed.error.issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
  const problem = z.prettifyError(parsed.error).replaceAll(/\s+→ /g, " ").replaceAll(/\s*✖ /g, " ");
  throw new UnknownTemplateError(`The local host does not understand ${located(what)}:${problem}`, adviceOn(strange));
}

function adviceOn(keys: readonly string[]): string | undefined {
  const advice = keys.flatMap((key) => ADVICE[key] ?? []);
  return advice.length === 0 ? undefined : advice.join(". ");
}

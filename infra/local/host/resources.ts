import * as z from "zod";

/** The `Resources` of a CloudFormation template, by their logical ids. */
export type Resources = Readonly<
  Record<string, { readonly Type: string; readonly Condition?: string | undefined; readonly Properties?: unknown }>
>;

export const ResourcesSchema: z.ZodType<Resources> = z.record(
  z.string(),
  z.object({ Type: z.string(), Condition: z.string().optional(), Properties: z.unknown().optional() }),
);

/** The template asks for something that the local host cannot do. */
export class UnknownTemplateError extends Error {
  override readonly name = "UnknownTemplateError";
}

/** The resources of a type, by their logical ids. Throws UnknownTemplateError. */
export function resourcesOf<Facts>(known: Resources, type: string, schema: z.ZodType<Facts>): Map<string, Facts> {
  const found = Object.entries(known).filter(([, { Type }]) => Type === type);
  return new Map(found.map(([id, { Properties }]) => [id, understand(id, schema, Properties)]));
}

export function understand<Facts>(what: string, schema: z.ZodType<Facts>, value: unknown): Facts {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UnknownTemplateError(`The local host does not understand ${what}: ${z.prettifyError(parsed.error)}`);
}

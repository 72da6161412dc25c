import * as z from "zod";
import type { Json } from "../../shared/domain/json.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";

type Schema = z.core.JSONSchema.JSONSchema;

/** An input that a workflow takes, as far as one can be guessed from its schema. */
export async function exampleInput({ input }: Pick<AnyWorkflow, "input">): Promise<Json | undefined> {
  try {
    const guess = guessOf(z.toJSONSchema(input, { io: "input", unrepresentable: "any" }));
    return (await input.safeParseAsync(guess)).success ? guess : undefined;
  } catch {
    // It is no more than a line to copy.
    return undefined;
  }
}

function guessOf(schema: Schema): Json {
  const known = [schema.const, schema.default, schema.enum?.[0], schema.examples?.[0]].find((value) => value !== undefined);
  if (known !== undefined) return known as Json;
  const one = (schema.anyOf ?? schema.oneOf)?.[0];
  if (one !== undefined) return guessOf(one);
  const [type = ""] = [schema.type ?? []].flat();
  return GUESSES[type]?.(schema) ?? null;
}

const GUESSES: Readonly<Record<string, (schema: Schema) => Json>> = {
  object: ({ required = [], properties = {} }) => Object.fromEntries(required.map((name) => [name, guessOf(properties[name] as Schema)])),
  array: ({ minItems = 0, items }) => Array.from({ length: minItems }, () => guessOf(items as Schema)),
  string: ({ format = "", minLength = 0 }) => TEXTS[format] ?? "Ada".padEnd(minLength, "a"),
  number: smallest,
  integer: smallest,
  boolean: () => true,
  null: () => null,
};

function smallest({ minimum, exclusiveMinimum }: Schema): number {
  const above = Number(exclusiveMinimum ?? 0) + 1;
  // Whole numbers have one that no input is meant to be near.
  return minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? above : minimum;
}

const TEXTS: Readonly<Record<string, string>> = {
  email: "ada@example.com",
  uuid: "0190f3a5-7c1e-7b3a-9d2f-3c5e8a1b4d60",
  uri: "https://example.com",
  date: "2030-01-31",
  "date-time": "2030-01-31T12:00:00Z",
};

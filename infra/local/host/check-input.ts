import { AwsRefusal, invalid } from "./aws-refusal.ts";
import { MODEL, type Operation, type Shape, type StructureShape } from "./service-model.ts";

/**
 * Holds an operation's input against the model.
 *
 * Throws AwsRefusal with AWS's own sentences: ValidationException for all that is wrong at once, or
 * SerializationException for a value of another type.
 */
export function checkInput(operation: Operation, input: unknown): void {
  const wrong = [...violations(MODEL[operation], input, "")];
  if (wrong.length === 0) return;
  const count = wrong.length === 1 ? "1 validation error" : `${wrong.length} validation errors`;
  throw invalid(`${count} detected: ${wrong.join("; ")}`);
}

function* violations(shape: Shape, value: unknown, path: string): Generator<string> {
  if (value === undefined || value === null) {
    if ("required" in shape) yield `Value null at '${path}' failed to satisfy constraint: Member must not be null`;
    return;
  }
  checkType(shape, value);
  if (shape.type === "structure") yield* ofMembers(shape, value as Readonly<Record<string, unknown>>, path);
  else if (shape.type === "list") {
    for (const [index, item] of (value as unknown[]).entries()) yield* violations(shape.item, item, `${path}.${index + 1}.member`);
  }
  for (const constraint of brokenBy(shape, value)) yield `${shown(shape, value)} at '${path}' failed to satisfy constraint: ${constraint}`;
}

function* ofMembers({ members }: StructureShape, value: Readonly<Record<string, unknown>>, path: string): Generator<string> {
  const pathOf = (name: string) => `${path === "" ? "" : `${path}.`}${name[0]!.toLowerCase()}${name.slice(1)}`;
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(members, name) || value[name] === undefined) continue;
    throw invalid(`The local host does not know ${pathOf(name)}: what it has to mean here belongs into infra/local/host/service-model.ts`);
  }
  for (const [name, member] of Object.entries(members)) yield* violations(member, value[name], pathOf(name));
}

function* brokenBy(shape: Shape, value: unknown): Generator<string> {
  const { min = -Infinity, max = Infinity } = shape as { min?: number; max?: number };
  const size = typeof value === "number" ? value : typeof value === "string" ? value.length : (value as { length?: number }).length;
  const what = typeof value === "number" ? "value" : "length";
  if (size !== undefined && size < min) yield `Member must have ${what} greater than or equal to ${min}`;
  if (size !== undefined && size > max) yield `Member must have ${what} less than or equal to ${max}`;
  if (shape.type !== "string") return;
  if (shape.pattern !== undefined && !patternOf(shape.pattern).test(value as string))
    yield `Member must satisfy regular expression pattern: ${shape.pattern}`;
  if (shape.enum !== undefined && !shape.enum.includes(value as string))
    yield `Member must satisfy enum value set: [${shape.enum.join(", ")}]`;
}

function shown(shape: Shape, value: unknown): string {
  return shape.type === "string" && shape.sensitive === true ? "Value" : `Value '${String(value)}'`;
}

const patterns = new Map<string, RegExp>();

/**
 * The whole text has to match. Patterns with classes such as `\p{L}` need JavaScript's stricter
 * syntax; the others do not all keep to it.
 */
function patternOf(pattern: string): RegExp {
  let known = patterns.get(pattern);
  if (known === undefined) patterns.set(pattern, (known = new RegExp(`^(?:${pattern})$`, pattern.includes(String.raw`\p`) ? "u" : "")));
  return known;
}

const TYPES: Readonly<Record<Shape["type"], readonly [is: (value: unknown) => boolean, name: string]>> = {
  string: [(value) => typeof value === "string", "a String"],
  boolean: [(value) => typeof value === "boolean", "a Boolean"],
  integer: [Number.isInteger, "an Integer"],
  timestamp: [(value) => typeof value === "number", "a Timestamp"],
  list: [Array.isArray, "a List"],
  structure: [(value) => typeof value === "object" && !Array.isArray(value), "a Structure"],
};

function checkType({ type }: Shape, value: unknown): void {
  const [is, name] = TYPES[type];
  if (is(value)) return;
  const given = Array.isArray(value)
    ? "LIST"
    : typeof value === "object"
      ? "STRUCTURE"
      : typeof value === "boolean"
        ? `${value}`
        : typeof value;
  throw new AwsRefusal("SerializationException", { message: `${given.toUpperCase()}_VALUE can not be converted to ${name}` });
}

/** What is known of a call besides action and resource, by the names of AWS's condition keys. */
export type Context = Readonly<Record<string, string>>;

/** One key of a statement's Condition, ready to be asked. */
export type Condition = (context: Context) => boolean;

/**
 * The keys that the local host gives, and that of KMS, which has no call here; a condition on
 * another one could not be judged.
 */
const KEYS = ["iam:PassedToService", "aws:SourceAccount", "aws:SourceArn", "kms:ViaService"] as const;
const KNOWN_KEYS = new Map(KEYS.map((key) => [key.toLowerCase(), key]));

const equals = (wanted: string) => (given: string) => given === wanted;
const OPERATORS: Readonly<Record<string, (wanted: string) => (given: string) => boolean>> = {
  StringEquals: equals,
  StringEqualsIgnoreCase: (wanted) => (given) => given.toLowerCase() === wanted.toLowerCase(),
  StringLike: (wanted) => matcher(wanted),
  ArnEquals: (wanted) => arnMatcher(wanted),
  ArnLike: (wanted) => arnMatcher(wanted),
};

/** Tests a text against one in which `*` stands for any characters and `?` for one. */
export function matcher(wanted: string, flags = ""): (given: string) => boolean {
  const source = wanted
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  const pattern = new RegExp(`^${source}$`, `u${flags}`);
  return /[*?]/.test(wanted) || flags !== "" ? (given) => pattern.test(given) : equals(wanted);
}

/** Each part of an ARN for itself: no wildcard reaches over a colon before the resource. */
function arnMatcher(wanted: string): (given: string) => boolean {
  const parts = partsOf(wanted).map((part) => matcher(part));
  return (given) => {
    const found = partsOf(given);
    return found.length === parts.length && parts.every((matches, index) => matches(found[index]!));
  };
}

function partsOf(arn: string): string[] {
  const parts = arn.split(":");
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/**
 * Makes a condition of `StringEquals: { key: [values] }`; undefined where this file does not know
 * the operator or the key.
 */
export function conditionOf(operator: string, key: string, values: readonly string[]): Condition | undefined {
  const [, start = "", not = "", end = "", ifExists = ""] = /^(String|Arn)(Not)?(.+?)(IfExists)?$/.exec(operator) ?? [];
  const make = Object.hasOwn(OPERATORS, start + end) ? OPERATORS[start + end] : undefined;
  const known = KNOWN_KEYS.get(key.toLowerCase());
  if (make === undefined || known === undefined) return undefined;
  const tests = values.map(make);
  const isNegative = not !== "";
  return (context) => {
    const given = context[known];
    if (given === undefined) return isNegative || ifExists !== "";
    return tests.some((test) => test(given)) !== isNegative;
  };
}

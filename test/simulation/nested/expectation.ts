/** What a stored or seen value is to be, where that is more than one value. */

/** What was seen of items that may have failed or not, by their paths. */
export type Seen = Map<string, boolean>;

interface Expectation {
  /** How a value is not what it is to be; undefined: it is. */
  differ(actual: unknown, seen: Seen, at: string): string | undefined;
  /** As `collect` sees it. */
  readonly told: unknown;
}

function isExpectation(value: unknown): value is Expectation {
  return (
    value instanceof Time ||
    value instanceof Place ||
    value instanceof Result ||
    value instanceof Sum ||
    value instanceof Folded ||
    value instanceof Race ||
    value instanceof Started ||
    value instanceof Decided
  );
}

/** When a sleep is over. */
export class Time implements Expectation {
  readonly told = "a time";
  differ(actual: unknown, _seen: Seen, at: string): string | undefined {
    return typeof (actual as { until?: unknown } | null)?.until === "string" ? undefined : unlike(at, actual, "a time");
  }
}

/** The output of a handler that says where it was made and what it saw of items. */
export class Place implements Expectation {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get told(): unknown {
    return { at: this.path };
  }

  differ(actual: unknown, seen: Seen, at: string): string | undefined {
    const { at: path, seen: told = {} } = (actual ?? {}) as { at?: unknown; seen?: Record<string, boolean> };
    if (path !== this.path) return unlike(at, actual, this.told);
    return Object.entries(told)
      .map(([item, ok]) => see(seen, item, ok))
      .find((problem) => problem !== undefined);
  }
}

/** What an item comes to where failed ones are tolerated. ok undefined: one or the other. */
export class Result implements Expectation {
  readonly item: string;
  readonly ok: boolean | undefined;
  readonly value: unknown;

  constructor(item: string, ok: boolean | undefined, value: unknown) {
    this.item = item;
    this.ok = ok;
    this.value = value;
  }

  readonly told = "a result";

  differ(actual: unknown, seen: Seen, at: string): string | undefined {
    const { ok, value, error } = (actual ?? {}) as { ok?: unknown; value?: unknown; error?: { name?: unknown } };
    if (typeof ok !== "boolean" || (this.ok !== undefined && ok !== this.ok)) return unlike(at, actual, this);
    const problem = this.ok === undefined ? see(seen, this.item, ok) : undefined;
    if (problem !== undefined) return problem;
    if (!ok) return typeof error?.name === "string" ? undefined : unlike(at, actual, "an error");
    return differ(this.value, value, seen, `${at}.value`);
  }
}

/** What some items are collected to. */
export class Sum implements Expectation {
  readonly results: readonly unknown[];

  constructor(results: readonly unknown[]) {
    this.results = results;
  }

  readonly told = "a sum";

  differ(actual: unknown, _seen: Seen, at: string): string | undefined {
    const { next, failed, mix } = (actual ?? {}) as { next?: unknown; failed?: number[]; mix?: unknown };
    if (next !== this.results.length || !Array.isArray(failed)) return unlike(at, actual, `a sum of ${this.results.length}`);
    const hasFailed = new Set(failed);
    const wrong = this.results.findIndex((result, n) => {
      const ok = result instanceof Result ? result.ok : true;
      return ok !== undefined && ok === hasFailed.has(n);
    });
    if (wrong >= 0) return `${at}: item ${wrong} is collected as one that has ${hasFailed.has(wrong) ? "" : "not "}failed`;
    const told = this.results.map((result, n) =>
      hasFailed.has(n) ? mixOf(n, undefined) : mixOf(n, result instanceof Result ? result.value : result),
    );
    const sum = told.reduce((all, each) => (all + each) % MIX, 0);
    return sum === mix ? undefined : unlike(at, actual, `a mix of ${sum}`);
  }
}

/** What a wait comes to that a signal and its timeout raced for: always the same. */
export class Race implements Expectation {
  readonly path: string;
  readonly answer: unknown;
  readonly told = null;

  constructor(path: string, answer: unknown) {
    this.path = path;
    this.answer = answer;
  }

  differ(actual: unknown, seen: Seen, at: string): string | undefined {
    return (actual === null ? undefined : differ(this.answer, actual, seen, at)) ?? see(seen, this.path, actual !== null);
  }
}

/** What an approval comes to: of several decisions, always the same. */
export class Decided implements Expectation {
  readonly path: string;
  readonly decisions: readonly string[];
  /** What it is known by where it is seen. */
  readonly seenAt: string;
  readonly told = "a decision";

  constructor(path: string, decisions: readonly string[], seenAt: string) {
    this.path = path;
    this.decisions = decisions;
    this.seenAt = seenAt;
  }

  differ(actual: unknown, seen: Seen, at: string): string | undefined {
    const { decision, by, at: time, comment } = (actual ?? {}) as Record<string, unknown>;
    const isExpired = decision === "expired";
    if (!this.decisions.includes(decision as string) || typeof time !== "string" || comment !== null) return unlike(at, actual, this);
    if (by !== (isExpired ? null : this.path)) return unlike(`${at}.by`, by, this.path);
    return see(seen, this.seenAt, !isExpired);
  }
}

/** The id of a run, below the name that it has there. */
export class Started implements Expectation {
  readonly name: "run" | "runId";
  readonly told = "a run";

  constructor(name: "run" | "runId") {
    this.name = name;
  }

  differ(actual: unknown, _seen: Seen, at: string): string | undefined {
    const { [this.name]: id } = (actual ?? {}) as Record<string, unknown>;
    return typeof id === "string" ? undefined : unlike(at, actual, "the id of a run");
  }
}

/** The row of such a sum. */
export class Folded implements Expectation {
  readonly sum: Sum;

  constructor(sum: Sum) {
    this.sum = sum;
  }

  readonly told = "a row";

  differ(actual: unknown, seen: Seen, at: string): string | undefined {
    const { sum, failed } = (actual ?? {}) as { sum?: { failed?: readonly number[] }; failed?: unknown };
    return this.sum.differ(sum, seen, at) ?? (failed === sum?.failed?.length ? undefined : unlike(at, failed, sum?.failed?.length));
  }
}

const MIX = 2 ** 31;

interface Collected {
  readonly next: number;
  readonly failed: readonly number[];
  readonly mix: number;
}

export const nothingCollected: Collected = { next: 0, failed: [], mix: 0 };

/** Collects results as a workflow does: each in its turn. */
export function collect(sum: Collected, value: unknown, index: number, tolerates: boolean): Collected {
  const { ok, value: inner } = (tolerates ? value : { ok: true, value }) as { ok: boolean; value: unknown };
  if (sum.next !== index) throw new Error(`item ${index} is collected in place of ${sum.next}`);
  return {
    next: index + 1,
    failed: ok ? sum.failed : [...sum.failed, index],
    mix: (sum.mix + mixOf(index, ok ? inner : undefined)) % MIX,
  };
}

function mixOf(index: number, value: unknown): number {
  const text = `${index} ${value === undefined ? "failed" : JSON.stringify(tellOf(value))}`;
  let hash = 0x811c9dc5;
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  return (hash >>> 0) % MIX;
}

const ofTwoSignals = /^n\d+[ab]$/;

/** A value with its keys in order, and without what may be one or the other. */
function tellOf(value: unknown): unknown {
  if (isExpectation(value)) return value.told;
  if (Array.isArray(value)) return value.map(tellOf);
  if (typeof value !== "object" || value === null) return value;
  const { until, ok, at, next, failed, mix, told, decision, runId } = value as Record<string, unknown>;
  if (typeof told === "string" || Object.keys(value).some((key) => ofTwoSignals.test(key))) return null;
  if (typeof decision === "string") return "a decision";
  if (typeof runId === "string") return "a run";
  if (typeof until === "string") return "a time";
  if (typeof ok === "boolean") return "a result";
  if (typeof at === "string") return { at };
  if (Array.isArray(failed) && typeof mix === "number" && typeof next === "number") return "a sum";
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, tellOf(inner)]),
  );
}

/** How a value is not what it is to be; undefined: it is. */
export function differ(expected: unknown, actual: unknown, seen: Seen, at = ""): string | undefined {
  if (isExpectation(expected)) return expected.differ(actual, seen, at);
  if (typeof expected !== "object" || expected === null) return Object.is(expected, actual) ? undefined : unlike(at, actual, expected);
  if (typeof actual !== "object" || actual === null || Array.isArray(actual) !== Array.isArray(expected))
    return unlike(at, actual, expected);
  const keys = Object.keys(expected);
  if (Object.keys(actual).length !== keys.length) return unlike(at, Object.keys(actual), keys);
  for (const key of keys) {
    const problem = Object.hasOwn(actual, key)
      ? differ((expected as Record<string, unknown>)[key], (actual as Record<string, unknown>)[key], seen, `${at}.${key}`)
      : `${at} has no ${key}`;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function see(seen: Seen, item: string, ok: boolean): string | undefined {
  const before = seen.get(item) ?? ok;
  seen.set(item, ok);
  return before === ok ? undefined : `${item} was seen as ${before ? "well" : "failed"}, and then as ${ok ? "well" : "failed"}`;
}

function unlike(at: string, actual: unknown, expected: unknown): string {
  return `${at || "it"} is ${show(actual)} in place of ${show(expected)}`;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 300);
}

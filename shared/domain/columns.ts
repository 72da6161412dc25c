import type { ErrorRecord } from "./errors.ts";
import type { Json, JsonObject } from "./json.ts";

/**
 * What travels in large numbers between this code and the SQL functions: each row's keys, in the
 * order in which the functions read them, with the type that they read. The types of `protocol.ts`
 * and the columns of `wire.ts` come from here; `test/architecture/columns.test.ts` holds the
 * functions and their headers to it.
 *
 * Keys are added, never renamed: an older poller speaks to a newer schema.
 */
const placed = {
  /** The number of the run's slot in the lease. */
  place: "integer",
} as const;
const member = { ...placed, run: "uuid" } as const;

export const columns = {
  /** Outputs of a round. */
  steps: {
    ...member,
    node: "text",
    position: "smallint",
    attempt: "integer",
    /** The time since the attempt finished. */
    age_ms: "integer",
    /** How long it ran. */
    took_ms: "integer",
    output: "jsonb",
  },
  failures: {
    ...member,
    node: "text",
    attempt: "integer",
    /** The time since the attempt finished. */
    age_ms: "integer",
    /** How long it ran. */
    took_ms: "integer",
    /** Until the next attempt; null when there is none. */
    delay_ms: "bigint or null",
    error: "error",
  },
  sleeps: { ...member, node: "text", position: "smallint", attempt: "integer", delay_ms: "bigint" },
  /** Sleeps that leave their run where it is. */
  timers: { ...member, node: "text", position: "smallint", attempt: "integer", delay_ms: "bigint" },
  /** Runs that leave the lease, due again after so long. */
  parks: { ...member, delay_ms: "bigint or null" },
  /** How large runs that leave the lease are, as JSON; older pollers do not say it. */
  size: { bytes: "integer" },
  /** The queue where runs go on that leave the lease, where it is not that of their poller. */
  elsewhere: { queue: "text" },
  done: member,
  failed: { ...member, error: "error" },
  blocked: { ...member, workflow: "text", version: "integer", shape: "text", reason: "text" },
  /** What attempts changed of their runs' attributes. */
  attributes: { ...member, patch: "object" },
  /** Runs of a claim or a round. */
  claimed: { id: "uuid", ...placed, workflow: "text", version: "integer", input: "jsonb" },
  /** Runs of an enqueue. */
  runs: { id: "uuid", workflow: "text", version: "integer", priority: "smallint", input: "jsonb" },
  /** What only some of them have. */
  someRuns: {
    /** When it may start, in ISO 8601. */
    run_at: "timestamptz",
    /** How long after now it may start, in place of a time. */
    delay_ms: "bigint",
    /** What the run is found by. */
    attributes: "object",
    /** An idempotency key, which makes a repeat harmless for 7 days. */
    key: "text",
    /** What the key stands for: another one is a conflict. */
    hash: "text",
  },
} as const;

interface Read {
  readonly integer: number;
  readonly smallint: number;
  readonly bigint: number;
  readonly "bigint or null": number | null;
  readonly uuid: string;
  readonly text: string;
  readonly timestamptz: string;
  readonly jsonb: Json;
  readonly object: JsonObject;
  readonly error: ErrorRecord;
}

type Typed = Readonly<Record<string, keyof Read>>;

/** A row of some columns. */
export type RowOf<Columns extends Typed> = { readonly [Key in keyof Columns]: Read[Columns[Key]] };

/** Rows as one array for each column. */
export type ColumnsOf<Columns extends Typed> = { readonly [Key in keyof Columns]: readonly Read[Columns[Key]][] };

/** One array for each column of some rows; null where a row does not have it. */
export function byColumn<Row>(rows: readonly Row[], keys: readonly (keyof Row)[]): Record<string, unknown[]> {
  return Object.fromEntries(keys.map((key) => [key, rows.map((row) => row[key] ?? null)]));
}

export function keysOf<Columns extends object>(of: Columns): (keyof Columns)[] {
  return Object.keys(of) as (keyof Columns)[];
}

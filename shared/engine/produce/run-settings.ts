import * as z from "zod";
import { keyPattern, keyRule } from "../../domain/address.ts";
import { MAX_DAYS_AHEAD, toMilliseconds, type Duration } from "../../domain/duration.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { NewRun } from "../../domain/protocol.ts";
import type { GivenAttributes } from "../../domain/workflow-types.ts";

/**
 * A run somebody asks for. delay and runAt exclude each other; priority is from 0 (first) to 3,
 * default 2.
 */
export interface RunRequest<Input = unknown, Attributes = JsonObject> {
  readonly input: Input;
  /**
   * What the run is found by, over what the workflow's own `attributes` say; null takes one of
   * those away. At most 2 KiB of JSON.
   */
  readonly attributes?: GivenAttributes<Attributes> | undefined;
  readonly delay?: Duration | undefined;
  /** As in RFC 3339, with seconds and zone. A time that is past means now. */
  readonly runAt?: Date | string | undefined;
  readonly priority?: 0 | 1 | 2 | 3 | undefined;
  /**
   * 1 to 255 visible ASCII characters: for 7 days the same key and body stand for one run of the
   * workflow.
   */
  readonly idempotencyKey?: string | undefined;
}

export const idempotencyKeyPattern = keyPattern;
export const idempotencyKeyRule = keyRule;

const delayRule = 'write a number, a space and a unit, as in "10 seconds"; at most 366 days';

const delay = z.string({ error: delayRule }).transform((text, context) => {
  try {
    return toMilliseconds(text as Duration);
  } catch {
    return refuse(context, delayRule);
  }
});

const runAtRule = "use a time that is at most ten years ahead";
const earliest = Date.parse("1970-01-01T00:00:00Z");
const latest = Date.parse("9999-12-31T00:00:00Z");

// As UTC and from 1970 on, because Postgres refuses offsets and years that ISO 8601 allows: what is
// past means now, however long ago it is.
const runAt = z.iso
  .datetime({
    offset: true,
    error: 'write a time with its zone and its seconds, as in "2030-01-31T10:00:00Z" or "2030-01-31T11:00:00+01:00"',
  })
  .transform((text, context) => {
    const time = Date.parse(text);
    if (time > latest) return refuse(context, runAtRule);
    return new Date(Math.max(time, earliest)).toISOString();
  });

/** What may be said of a run beside its input, checked and in the units of the engine. */
export const runSettings = z
  .strictObject(
    {
      input: z.custom<unknown>((given) => given !== undefined, { error: "give the input of the run" }),
      attributes: z.unknown().optional(),
      delay: delay.optional(),
      runAt: runAt.optional(),
      priority: z.int({ error: priorityRule }).min(0, { error: priorityRule }).max(3, { error: priorityRule }).default(2),
      idempotencyKey: z.string({ error: idempotencyKeyRule }).regex(idempotencyKeyPattern, { error: idempotencyKeyRule }).optional(),
    },
    { error: ({ code }) => (code === "invalid_type" ? 'give an object, as in {"input":{"orderId":"o-1"}}' : undefined) },
  )
  .refine((settings) => settings.delay === undefined || settings.runAt === undefined, {
    path: ["runAt"],
    error: "give either delay or runAt",
  });

/** The settings under the names and in the units in which they are stored. */
export function toColumns({ priority, delay, runAt }: z.output<typeof runSettings>): Pick<NewRun, "priority" | "delay_ms" | "run_at"> {
  return { priority, ...(delay !== undefined && { delay_ms: delay }), ...(runAt !== undefined && { run_at: runAt }) };
}

function priorityRule(): string {
  return "use a priority from 0 (first) to 3";
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message, input: context.value });
  return z.NEVER;
}

/**
 * What is wrong with a time that lies too far ahead of now, in milliseconds; undefined where
 * nothing is.
 */
export function tooFarAhead(runAt: string | undefined, now: number): string | undefined {
  return runAt !== undefined && Date.parse(runAt) > now + MAX_DAYS_AHEAD * 86_400_000 ? runAtRule : undefined;
}

import type { ErrorRecord } from "./errors.ts";
import { MAX_OUTPUT_BYTES, MAX_STATE_BYTES } from "./limits.ts";
import { runError, type RunErrorName } from "./run-errors.ts";

/** What holds for one output. */
export interface SizeLimits {
  /** Default: that of an output. */
  readonly mostBytes?: number | undefined;
  /** What to do where it is larger. */
  readonly advice?: string | undefined;
}

const REFERENCE = "store the data elsewhere and return a reference to it";

/** Why an output of so many bytes cannot be stored beside others of a run; undefined: it can. */
export function refuseLarge(path: string, bytes: number, others: number, limits: SizeLimits): ErrorRecord | undefined {
  const { mostBytes = MAX_OUTPUT_BYTES, advice = REFERENCE } = limits;
  if (bytes > mostBytes) return tooLarge("OutputTooLargeError", `The output of "${path}"`, bytes, mostBytes, advice);
  const all = others + bytes;
  const isTooMuch = all > MAX_STATE_BYTES;
  return isTooMuch
    ? tooLarge("StateTooLargeError", `With the output of "${path}" the run's state`, all, MAX_STATE_BYTES, advice)
    : undefined;
}

/** Why a child cannot have an input of so many bytes; undefined: it can. */
export function refuseInput(path: string, bytes: number): ErrorRecord | undefined {
  const advice = "store the data elsewhere and pass a reference to it";
  return bytes > MAX_OUTPUT_BYTES
    ? tooLarge("OutputTooLargeError", `The input of the child of "${path}"`, bytes, MAX_OUTPUT_BYTES, advice)
    : undefined;
}

/** Why so many bytes of inputs cannot be stored for the items of a map; undefined: they can. */
export function refusePlan(path: string, bytes: number): ErrorRecord | undefined {
  const advice = "map over smaller items, such as references to them, or split the list over several runs. None of them was started";
  return bytes > MAX_STATE_BYTES ? tooLarge("OutputTooLargeError", `The list of "${path}"`, bytes, MAX_STATE_BYTES, advice) : undefined;
}

function tooLarge(name: RunErrorName, what: string, bytes: number, limit: number, advice: string): ErrorRecord {
  return runError(name, `${what} is ${bytes} bytes of JSON as the database writes it, more than ${limit}: ${advice}.`);
}

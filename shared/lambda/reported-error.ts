import { describeError } from "../domain/errors.ts";
import { messageOf } from "../engine/operate/run-format.ts";
import type { Redact } from "../domain/redact.ts";

/**
 * The error that Lambda may see in place of what was thrown. It prints every property, and puts
 * message and stack into the queue of failed events: so there is no more than name, message, code
 * and stack, without secrets. The message tells the causes.
 */
export function reportedError(thrown: unknown, redact: Redact): Error {
  const record = describeError(thrown, redact);
  const { name, code, stack } = record;
  const error = new Error(messageOf(record));
  Object.defineProperty(error, "name", { value: name });
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}

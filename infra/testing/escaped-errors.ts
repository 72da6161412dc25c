import { currentAttempt, type Attempt } from "../../shared/engine/poll/attempt.ts";
import { failAttempt } from "../../shared/engine/poll/start-members.ts";
import { EscapedError } from "./errors.ts";

type Listener = (thrown: unknown, more: unknown) => void;

let guarded = 0;
let restore = () => {};

/**
 * From now on what escapes a handler, such as a rejection that nobody awaits, fails its attempt, as
 * it does in production. All else goes to who would have heard of it, such as the test framework.
 * Returns what ends it.
 */
export function guardHandlers(): () => void {
  if (guarded++ === 0) restore = takeOver();
  return () => {
    if (--guarded === 0) restore();
  };
}

function takeOver(): () => void {
  const givenBack = (["uncaughtException", "unhandledRejection"] as const).map((event) => {
    const others = process.rawListeners(event) as Listener[];
    const listener: Listener = (thrown, more) => {
      const rest = restOf(thrown);
      if (rest !== undefined) passOn(others, rest.thrown, more);
    };
    process.removeAllListeners(event).on(event, listener);
    return () => {
      process.off(event, listener);
      for (const other of others) process.on(event, other);
    };
  });
  return () => {
    for (const giveBack of givenBack) giveBack();
  };
}

/** What is left to be told; undefined: the attempt fails with it. */
function restOf(thrown: unknown): { readonly thrown: unknown } | undefined {
  const attempt: Attempt | undefined = currentAttempt();
  if (attempt === undefined) return { thrown };
  return failAttempt(attempt, thrown) ? undefined : { thrown: new EscapedError(attempt, thrown) };
}

function passOn(others: readonly Listener[], thrown: unknown, more: unknown): void {
  for (const other of others) other.call(process, thrown, more);
  if (others.length > 0) return;
  // As Node does where nobody listens.
  restore();
  setImmediate(() => {
    throw thrown;
  });
}

import { ask, type Caller } from "./ask.ts";

const tries = 4;
const tryMs = 4_000;
/** How long a caller waits for the database by default, all tries together. */
export const patienceMs = 10_000;

/**
 * Makes a call that is safe to repeat up to four times within 10 seconds, until the database
 * answers or definitely refuses.
 *
 * Throws what the last try threw, or the last unknown outcome: a try that was certainly not applied
 * says nothing about an earlier one that may have been, unless the database refused the call
 * itself.
 */
export async function repeatCall<Answer>(
  caller: Caller,
  call: (options: { readonly timeoutMs: number }) => Promise<Answer>,
  deadlineMs: number = patienceMs,
): Promise<Answer> {
  const { clock } = caller;
  const deadline = clock.now() + deadlineMs;
  const oneTry = () => call({ timeoutMs: Math.ceil(Math.max(1, Math.min(tryMs, deadline - clock.now()))) });
  const asked = await ask(caller, oneTry, { tries, mayWait: (milliseconds) => clock.now() + milliseconds < deadline });
  if ("answer" in asked) return asked.answer;
  const isKnown = asked.ended === "a no" || asked.ended === "a bug";
  throw isKnown ? asked.thrown : (asked.unknown ?? asked.thrown);
}

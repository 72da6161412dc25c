import { syncBuiltinESMExports } from "node:module";
import { currentAttempt, type Attempt } from "../engine/poll/attempt.ts";
import type { Poller } from "../engine/poll/poller.ts";
import { failAttempt } from "../engine/poll/start-members.ts";
import { errorFields } from "./error-fields.ts";

/** Something called process.exit while the poller held runs. */
export class ProcessExitError extends Error {
  override readonly name = "ProcessExitError";
  readonly code: string | number | null | undefined;
  constructor(code: string | number | null | undefined, step: string | undefined) {
    super(
      `${step === undefined ? "Code outside of any step" : `The step ${step}`} called process.exit(${code ?? ""}): throw an error instead.`,
    );
    this.code = code;
  }
}

/** Nothing may begin in what is left, and all that is held can still be given back. */
const leftInDoubtMs = 4_000;

/** One invocation that is guarded. */
interface Guard {
  readonly poller: Poller;
  /** What escaped and is no attempt's. */
  doubt?: { readonly thrown: unknown };
}

const guards = new Set<Guard>();
const exits = new WeakSet<ProcessExitError>();
let restore = () => {};

/**
 * Polls while this process looks after what escapes handlers: an exception or a rejection that
 * nobody catches, and process.exit.
 *
 * Node would end the process, and all runs that it holds would wait for their lease to expire. Here
 * the attempt fails on whose behalf it was thrown, with that very error; the others go on. What is
 * no attempt's ends the invocation in order: nothing more begins, what runs may end, the rest is
 * given back, and then it is thrown. Listeners of others (the runtime's on Lambda end the process)
 * are set aside meanwhile and come back in the end; those of `uncaughtExceptionMonitor` hear
 * everything.
 */
export async function guardProcess<Result>(poller: Poller, poll: (poller: Poller) => Promise<Result>): Promise<Result> {
  const guard: Guard = { poller };
  if (guards.size === 0) restore = takeOver();
  guards.add(guard);
  const remainingMs = () => Math.min(poller.remainingMs(), guard.doubt === undefined ? Infinity : leftInDoubtMs);
  let result: Result;
  try {
    result = await poll({ ...poller, remainingMs });
  } finally {
    guards.delete(guard);
    if (guards.size === 0) restore();
  }
  if (guard.doubt === undefined) return result;
  const { thrown } = guard.doubt;
  if (thrown instanceof ProcessExitError) process.exit(thrown.code);
  throw thrown;
}

/**
 * Workflows are loaded after this, and may keep an exit of their own: `const { exit } = process`,
 * or the one of `node:process`. What they keep is this one, which is the real one while nobody
 * polls.
 */
export const exitWithoutGuard = process.exit.bind(process);
process.exit = (code) => (guards.size > 0 ? leave(code) : exitWithoutGuard(code));
syncBuiltinESMExports();

/**
 * Puts our listeners and our process.exit in the place of what is there; returns what undoes it.
 */
function takeOver(): () => void {
  const takenBack = (["uncaughtException", "unhandledRejection"] as const).map((event) => {
    const others = process.rawListeners(event);
    process.removeAllListeners(event).on(event, escaped);
    return () => {
      process.off(event, escaped);
      for (const other of others) process.on(event, other as () => void);
    };
  });
  const exit = Object.getOwnPropertyDescriptor(process, "exit")!;
  Object.defineProperty(process, "exit", { ...exit, value: leave });
  return () => {
    Object.defineProperty(process, "exit", exit);
    for (const takeBack of takenBack) takeBack();
  };
}

/**
 * Takes the place of process.exit, which never returns. Whether its error is caught or not, it
 * counts once.
 */
function leave(code?: string | number | null): never {
  const error = new ProcessExitError(code, currentAttempt()?.path);
  escaped(error);
  exits.add(error);
  throw error;
}

function escaped(thrown: unknown): void {
  if (thrown instanceof ProcessExitError && exits.delete(thrown)) return;
  const attempt = currentAttempt();
  if (attempt === undefined) for (const guard of guards) endInOrder(guard, thrown);
  else for (const { poller } of [...guards].slice(0, 1)) blame(poller, attempt, thrown);
}

function blame(poller: Poller, attempt: Attempt, thrown: unknown): void {
  const { runId, path, number } = attempt;
  const message = failAttempt(attempt, thrown)
    ? "an error escaped a handler; the attempt fails with it"
    : "an error escaped a handler whose attempt was over already; its result stays";
  poller.logger.error(message, { runId, node: path, attempt: number, error: errorFields(thrown) });
}

function endInOrder(guard: Guard, thrown: unknown): void {
  guard.doubt ??= { thrown };
  const facts = { error: errorFields(thrown) };
  guard.poller.logger.error("an error escaped code that is no step's; this invocation ends and gives its runs back", facts);
}

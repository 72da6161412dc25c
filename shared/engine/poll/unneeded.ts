import type { AttemptMove } from "../../domain/moves.ts";
import type { CameBack } from "./member.ts";

/**
 * Something beside a step has failed for good: the step's context.signal is aborted with this. What
 * it returns all the same is stored.
 */
export class UnneededError extends Error {
  override readonly name = "UnneededError";
  readonly runId: string;
  constructor(runId: string) {
    super(`Something beside this step of run ${runId} failed for good: stop, what follows the step will not be done.`);
    this.runId = runId;
  }
}

/** An attempt that nobody needs any more came back before it began. */
export function unneeded({ path, node, attempt, forgiven }: AttemptMove, now: number): CameBack {
  const outcome = { kind: "failed", error: { name: "UnneededError", message: "It did not begin." }, retryable: true } as const;
  return {
    path,
    node,
    attempt,
    forgiven,
    aborted: true,
    outcome,
    startedAt: now,
    finishedAt: now,
    statements: undefined,
    patch: undefined,
  };
}

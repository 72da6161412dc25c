import type { HandlerNode } from "../../domain/node.ts";
import type { AttemptMove } from "../../domain/moves.ts";
import { Attempt } from "./attempt.ts";
import { executeNode, failedBy, type Executed } from "./execute-node.ts";
import type { Lease } from "./lease.ts";
import type { CameBack } from "./member.ts";
import type { Poller } from "./poller.ts";
import type { Start } from "./starts.ts";

/**
 * Starts what may start: as many attempts as there are free slots.
 *
 * A step starts only when its own timeout and the reserve fit into the time left; members for which
 * they do not are given back, and the lease claims no more. Called again by each handler that comes
 * back, also while a round is on its way.
 */
export function startMembers(lease: Lease): void {
  while (lease.handlers.idle > 0) {
    const next = lease.takeStartable();
    if (next === undefined) return;
    if (fits(lease.poller, next.move.node)) start(lease, next);
    else lease.putOff(next);
  }
}

/** Puts off what waits for a slot and would no longer fit into the time left. */
export function putOffTheLate(lease: Lease): void {
  lease.putOffTheLate(({ move }) => !fits(lease.poller, move.node));
}

function fits(poller: Poller, { timeoutMs }: HandlerNode): boolean {
  return poller.remainingMs() >= timeoutMs + poller.settings.reserveMs;
}

function start(lease: Lease, { member, move }: Start): void {
  const { poller } = lease;
  const attempt = new Attempt(lease, member.run.id, move.path, move.attempt);
  const startedAt = poller.clock.now();
  lease.begin(member, attempt, move.node.timeoutMs);
  void attempt.run(executeNode, poller, member.run, move, attempt).then((executed) => {
    attempt.end();
    lease.end(member, cameOf(poller, move, attempt, startedAt, executed));
  });
}

function cameOf(
  poller: Poller,
  { node, forgiven }: AttemptMove,
  attempt: Attempt,
  startedAt: number,
  { outcome, statements }: Executed,
): CameBack {
  const { path, number, patch, aborted } = attempt;
  return { path, node, attempt: number, forgiven, aborted, outcome, startedAt, finishedAt: poller.clock.now(), statements, patch };
}

/**
 * Makes a failed attempt of one on whose behalf something was thrown that nobody caught: also of
 * one whose handler has returned, while its result waits for its round. False: it was over already.
 */
export function failAttempt(attempt: Attempt, thrown: unknown): boolean {
  const { lease } = attempt;
  return attempt.fail(thrown) || lease.results.failLate(attempt, failedBy(thrown, lease.poller.redact));
}

import { attemptAt } from "../../domain/run.ts";
import type { HandlerNode } from "../../domain/node.ts";
import { Attempt } from "./attempt.ts";
import { executeNode, failedBy, type Executed } from "./execute-node.ts";
import type { Lease, Start } from "./lease.ts";
import type { CameBack } from "./member.ts";
import type { Poller } from "./poller.ts";

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
    else lease.giveBackForLackOfTime(next.member);
  }
}

/** Gives back what waits for a slot and would no longer fit into the time left. */
export function giveBackTheLate(lease: Lease): void {
  lease.giveBackTheLate(({ move }) => !fits(lease.poller, move.node));
}

function fits(poller: Poller, { timeoutMs }: HandlerNode): boolean {
  return poller.remainingMs() >= timeoutMs + poller.settings.reserveMs;
}

function start(lease: Lease, { member, move }: Start): void {
  const { poller } = lease;
  const attempt = new Attempt(lease, member.run.id, move.path, attemptAt(member.run, move.path));
  const startedAt = poller.clock.now();
  lease.begin(member, attempt, move.node.timeoutMs);
  void attempt.run(executeNode, poller, member.run, move, attempt).then((executed) => {
    attempt.end();
    lease.end(member, cameOf(poller, move.node, attempt, startedAt, executed));
  });
}

function cameOf(poller: Poller, node: HandlerNode, attempt: Attempt, startedAt: number, { outcome, statements }: Executed): CameBack {
  const { path, number, patch } = attempt;
  return { path, node, attempt: number, outcome, startedAt, finishedAt: poller.clock.now(), statements, patch };
}

/**
 * Makes a failed attempt of one on whose behalf something was thrown that nobody caught: also of
 * one whose handler has returned, while its result waits for its round. False: it was over already.
 */
export function failAttempt(attempt: Attempt, thrown: unknown): boolean {
  const { lease } = attempt;
  return attempt.fail(thrown) || lease.failLate(attempt, failedBy(thrown, lease.poller.redact));
}

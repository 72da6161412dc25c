import { attemptOf, cursorOf } from "../../domain/run.ts";
import { describeError } from "../../domain/errors.ts";
import { transition, type Outcome, type Transition } from "../../domain/transition.ts";
import type { Node } from "../../domain/node.ts";
import { Attempt } from "./attempt.ts";
import { executeNode, failedBy, type Executed } from "./execute-node.ts";
import type { Lease } from "./lease.ts";
import type { FinishedNode, Member } from "./member.ts";
import type { Poller } from "./poller.ts";

/**
 * Starts what may start: as many members as there are free slots, each with the node that its state
 * has come to.
 *
 * A step starts only when its own timeout and the reserve fit into the time left; members for which
 * they do not are given back, and the lease claims no more. Called again by each handler that comes
 * back, also while a round is on its way.
 */
export function startMembers(lease: Lease): void {
  while (lease.handlers.idle > 0) {
    const member = lease.takeStartable();
    if (member === undefined) return;
    const node = cursorOf(member.run);
    if (node === undefined) lease.leave({ kind: "end", member });
    else if (!fits(lease.poller, node)) lease.giveBackForLackOfTime(member);
    else start(lease, member, node);
  }
}

/** Gives back what waits for a slot and would no longer fit into the time left. */
export function giveBackTheLate(lease: Lease): void {
  lease.giveBackTheLate(({ run }) => {
    const node = cursorOf(run);
    return node !== undefined && !fits(lease.poller, node);
  });
}

function fits(poller: Poller, node: Node): boolean {
  return node.kind === "sleep" || poller.remainingMs() >= node.timeoutMs + poller.settings.reserveMs;
}

function start(lease: Lease, member: Member, node: Node): void {
  const { poller } = lease;
  const attempt = new Attempt(lease, member.run.id, node.name, attemptOf(member.run, node));
  const startedAt = poller.clock.now();
  lease.begin(member, attempt, node.kind === "sleep" ? 0 : node.timeoutMs);
  void attempt.run(executeNode, poller, member.run, node, attempt).then((executed) => {
    attempt.end();
    lease.end(member.gone ? undefined : resultOf(poller, member, node, attempt, startedAt, executed));
  });
}

function resultOf(poller: Poller, member: Member, node: Node, attempt: Attempt, startedAt: number, executed: Executed): FinishedNode {
  const result: FinishedNode = {
    kind: "node",
    member,
    node,
    attempt: attempt.number,
    transition: decide(poller, member, node, executed.outcome),
    startedAt,
    finishedAt: poller.clock.now(),
    ...(attempt.patch && { patch: attempt.patch }),
  };
  const applies = result.transition.kind === "continue" || result.transition.kind === "finish";
  return executed.statements === undefined || !applies ? result : { ...result, statements: executed.statements };
}

/**
 * What happens to a run after an attempt. An error of our own, which this run sets off, fails it
 * and no other.
 */
export function decide(poller: Poller, member: Member, node: Node, outcome: Outcome): Transition {
  try {
    return transition(member.run, node, outcome, poller.random());
  } catch (thrown) {
    return { kind: "fail", error: describeError(thrown, poller.redact) };
  }
}

/**
 * Makes a failed attempt of one on whose behalf something was thrown that nobody caught: also of
 * one whose handler has returned, while its result waits for its round. False: it was over already.
 */
export function failAttempt(attempt: Attempt, thrown: unknown): boolean {
  return attempt.fail(thrown) || failAfterAll(attempt, thrown);
}

function failAfterAll(attempt: Attempt, thrown: unknown): boolean {
  const { results, poller } = attempt.lease;
  const kept = results.takeBack(attempt);
  if (kept === undefined) return false;
  const { statements: _, ...entry } = kept;
  results.add({ ...entry, transition: decide(poller, kept.member, kept.node, failedBy(thrown, poller.redact)) });
  return true;
}

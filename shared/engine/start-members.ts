import { attemptOf, cursorOf } from "../domain/run.ts";
import { describeError } from "../domain/errors.ts";
import { transition, type Outcome, type Transition } from "../domain/transition.ts";
import type { Node } from "../domain/node.ts";
import { Attempt } from "./attempt.ts";
import { executeNode, failedBy, type Executed } from "./execute-node.ts";
import type { Finished, FinishedNode, Lease, Member } from "./lease.ts";
import type { Poller } from "./poller.ts";

/**
 * Starts what may start: as many members as there are free slots, each with the node that its state
 * has come to.
 *
 * A step starts only when its own timeout and the reserve fit into the time left; members for which
 * they do not are given back, and the lease claims no more. Called again by each handler that comes
 * back, also while a round is on its way.
 */
export function startMembers(poller: Poller, lease: Lease): void {
  let next = 0;
  for (; next < lease.startable.length && lease.handlers.running < poller.settings.concurrency; next++) {
    const member = lease.startable[next]!;
    if (member.gone) continue;
    const node = cursorOf(member.run);
    if (node === undefined) leave(lease, { kind: "end", member });
    else if (!fits(poller, node)) giveBackForLackOfTime(lease, member);
    else start(poller, lease, member, node);
  }
  lease.startable.splice(0, next);
}

/** Gives back what waits for a slot and would no longer fit into the time left. */
export function giveBackTheLate(poller: Poller, lease: Lease): void {
  lease.startable = lease.startable.filter((member) => {
    const node = cursorOf(member.run);
    if (node === undefined || fits(poller, node)) return true;
    giveBackForLackOfTime(lease, member);
    return false;
  });
}

/** Gives a member back that has not started; nothing is counted against it. */
export function giveBack(lease: Lease, member: Member): void {
  leave(lease, { kind: "release", member });
}

function leave(lease: Lease, entry: Finished): void {
  lease.finished.push(entry);
  lease.wake();
}

function giveBackForLackOfTime(lease: Lease, member: Member): void {
  lease.closed = true;
  lease.outOfTime = true;
  giveBack(lease, member);
}

function fits(poller: Poller, node: Node): boolean {
  return node.kind === "sleep" || poller.remainingMs() >= node.timeoutMs + poller.settings.reserveMs;
}

function start(poller: Poller, lease: Lease, member: Member, node: Node): void {
  lease.running++;
  lease.handlers.running++;
  const attempt = new Attempt(lease, member.run.id, node.name, attemptOf(member.run, node));
  member.abort = attempt;
  const startedAt = poller.clock.now();
  if (node.kind !== "sleep" && startedAt + node.timeoutMs > lease.busyUntil) busyFor(poller, lease, startedAt, node.timeoutMs);
  void attempt.run(executeNode, poller, member.run, node, attempt).then((executed) => {
    attempt.end();
    lease.running--;
    lease.progressedAt = poller.clock.now();
    if (!member.gone) keep(poller, lease, member, node, attempt, startedAt, executed);
    lease.handlers.free(lease);
    lease.wake();
  });
}

/**
 * A second more than needed, so that of many steps only the first of each second tells the
 * heartbeat.
 */
function busyFor(poller: Poller, lease: Lease, now: number, timeoutMs: number): void {
  lease.busyUntil = now + timeoutMs + 1_000;
  keepAlive(poller, lease);
}

/**
 * Lets the heartbeat keep a lease until its steps' own timeouts and the reserve are over, or the
 * invocation is.
 */
export function keepAlive(poller: Poller, lease: Lease): void {
  const now = poller.clock.now();
  const forMs = Math.min(lease.busyUntil + poller.settings.reserveMs - now, poller.remainingMs());
  poller.heartbeat?.keep(lease.token, now - lease.heardAt, Math.max(forMs, 0));
}

function keep(poller: Poller, lease: Lease, member: Member, node: Node, attempt: Attempt, startedAt: number, executed: Executed): void {
  const entry: FinishedNode = {
    kind: "node",
    member,
    node,
    attempt: attempt.number,
    transition: decide(poller, member, node, executed.outcome),
    startedAt,
    finishedAt: poller.clock.now(),
  };
  const applies = entry.transition.kind === "continue" || entry.transition.kind === "finish";
  if (executed.statements === undefined || !applies) lease.finished.push(entry);
  else lease.statements.push({ ...entry, statements: executed.statements });
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
export function failAttempt(poller: Poller, attempt: Attempt, thrown: unknown): boolean {
  return attempt.fail(thrown) || failAfterAll(poller, attempt, thrown);
}

function failAfterAll(poller: Poller, attempt: Attempt, thrown: unknown): boolean {
  const { lease } = attempt;
  const kept = takeKept(lease.finished, attempt) ?? takeKept(lease.statements, attempt);
  if (kept === undefined) return false;
  const { statements: _, ...entry } = kept;
  lease.finished.push({ ...entry, transition: decide(poller, kept.member, kept.node, failedBy(thrown, poller.redact)) });
  return true;
}

/**
 * Takes out what came of an attempt, unless it failed anyway. A search, since an attempt that knew
 * its result would keep it alive.
 */
function takeKept(waiting: Finished[], { runId, node, number }: Attempt): FinishedNode | undefined {
  const at = waiting.findIndex(
    (entry) => entry.kind === "node" && entry.member.run.id === runId && entry.node.name === node && entry.attempt === number,
  );
  const kept = waiting[at] as FinishedNode | undefined;
  if (kept === undefined || kept.transition.kind === "retry" || kept.transition.kind === "fail") return undefined;
  waiting.splice(at, 1);
  return kept;
}

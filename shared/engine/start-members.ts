import { attemptOf, cursorOf } from "../domain/run.ts";
import { transition } from "../domain/transition.ts";
import type { Node } from "../domain/node.ts";
import { Attempt } from "./attempt.ts";
import { executeNode, failedBy, type Executed } from "./execute-node.ts";
import type { Finished, FinishedNode, Lease, Member } from "./lease.ts";
import type { Poller } from "./poller.ts";

/**
 * Starts what may start: as many members as there are free slots, each with the node that its state has come to.
 *
 * A step starts only when its own timeout and the reserve fit into the time left; members for which they do not are given
 * back, and the lease claims no more. Called again by each handler that comes back, also while a round is on its way.
 */
export function startMembers(poller: Poller, lease: Lease): void {
  let next = 0;
  for (; next < lease.startable.length && lease.slots.running < poller.settings.concurrency; next++) {
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
  lease.slots.running++;
  const attempt = new Attempt(member.run.id, node.name, attemptOf(member.run, node));
  member.abort = attempt;
  const startedAt = poller.clock.now();
  void executeNode(poller, member.run, node, attempt).then((executed) => {
    lease.running--;
    lease.progressedAt = poller.clock.now();
    if (member.gone) attempt.fail = () => false;
    else keep(poller, lease, member, node, attempt, startedAt, executed);
    lease.slots.free(lease);
    lease.wake();
  });
}

function keep(poller: Poller, lease: Lease, member: Member, node: Node, attempt: Attempt, startedAt: number, executed: Executed): void {
  const entry = {
    kind: "node" as const,
    member,
    node,
    attempt: attempt.number,
    transition: transition(member.run, node, executed.outcome, poller.random()),
    startedAt,
    finishedAt: poller.clock.now(),
  };
  const applies = entry.transition.kind === "continue" || entry.transition.kind === "finish";
  const isSql = executed.statements !== undefined && applies;
  const kept = isSql ? { ...entry, statements: executed.statements } : entry;
  if (isSql) lease.statements.push(kept);
  else lease.finished.push(kept);
  // What a handler left behind may throw after it has returned: while nobody was told of the result, that is no success.
  attempt.fail = (thrown) => applies && failAfterAll(poller, lease, kept, thrown);
}

/** Makes a failed attempt of one whose result waits for the next round; false: it is on its way. */
function failAfterAll(poller: Poller, lease: Lease, kept: FinishedNode, thrown: unknown): boolean {
  const waiting: Finished[] = kept.statements === undefined ? lease.finished : lease.statements;
  const at = waiting.indexOf(kept);
  if (at < 0) return false;
  waiting.splice(at, 1);
  const { statements: _, ...entry } = kept;
  lease.finished.push({ ...entry, transition: transition(kept.member.run, kept.node, failedBy(thrown), poller.random()) });
  return true;
}

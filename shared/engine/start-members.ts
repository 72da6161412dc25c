import { attemptOf, cursorOf } from "../domain/run.ts";
import { transition } from "../domain/transition.ts";
import type { Node } from "../domain/node.ts";
import { Abort } from "./abort.ts";
import { executeNode, type Executed } from "./execute-node.ts";
import type { Finished, Lease, Member } from "./lease.ts";
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
  member.abort = new Abort();
  const startedAt = poller.clock.now();
  const attempt = attemptOf(member.run, node);
  void executeNode(poller, member.run, node, attempt, member.abort).then((executed) => {
    lease.running--;
    lease.progressedAt = poller.clock.now();
    if (!member.gone) keep(poller, lease, member, node, attempt, startedAt, executed);
    lease.slots.free(lease);
    lease.wake();
  });
}

function keep(poller: Poller, lease: Lease, member: Member, node: Node, attempt: number, startedAt: number, executed: Executed): void {
  const entry = {
    kind: "node" as const,
    member,
    node,
    attempt,
    transition: transition(member.run, node, executed.outcome, poller.random()),
    startedAt,
    finishedAt: poller.clock.now(),
  };
  const applies = entry.transition.kind === "continue" || entry.transition.kind === "finish";
  if (executed.statements !== undefined && applies) lease.statements.push({ ...entry, statements: executed.statements });
  else lease.finished.push(entry);
}

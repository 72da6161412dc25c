import { recognise } from "../domain/recognise.ts";
import type { AdvanceAnswer, ClaimedRun } from "../domain/protocol.ts";
import type { Finished, FinishedNode, Lease } from "./lease.ts";
import type { Poller } from "./poller.ts";

/** A run was cancelled while its step ran: the step's context.signal is aborted with this. */
export class RunCancelledError extends Error {
  override readonly name = "RunCancelledError";
  constructor(runId: string) {
    super(`Run ${runId} was cancelled: stop, what the step returns is dropped.`);
  }
}

/**
 * Brings the lease in memory to what the database now holds; only after this may a stored run go
 * on. asked: for how many runs.
 */
export function applyRound(poller: Poller, lease: Lease, stored: readonly Finished[], answer: AdvanceAnswer, asked?: number): void {
  for (const id of answer.lost) dropLost(poller, lease, id);
  for (const id of answer.stopped) {
    const member = lease.members.get(id);
    if (member !== undefined) lease.revoke(member, new RunCancelledError(id));
  }
  for (const entry of stored) if (!entry.member.gone) applyEntry(poller, lease, entry);
  lease.takeAnswer(answer, poller.clock.now(), asked);
  lease.stored.poisoned += answer.poisoned ?? 0;
  addClaimed(poller, lease, answer.runs);
}

/**
 * Adds claimed runs to the lease; one that this code does not know is set aside with the reason.
 */
export function addClaimed(poller: Poller, lease: Lease, runs: readonly ClaimedRun[]): void {
  for (const facts of runs) {
    const found = recognise(facts, poller.registry);
    const member = { slot: facts.place, run: found.run, abort: undefined, gone: false };
    lease.add(member);
    if (found.kind === "known") {
      lease.startable.push(member);
    } else if (found.kind === "unreadable") {
      poller.logger.error("a run fails: what is stored of it cannot be read", { runId: facts.id, reason: found.error.message });
      lease.finished.push({ kind: "fail", member, error: found.error });
    } else {
      const { shape, reason } = found;
      poller.logger.warn("a run is blocked: this code does not know it", { runId: facts.id, reason });
      lease.finished.push({ kind: "block", member, workflow: facts.workflow, version: facts.version, shape, reason });
    }
  }
}

function applyEntry(poller: Poller, lease: Lease, entry: Finished): void {
  if (entry.kind !== "node") return applyLeave(lease, entry);
  const { member, transition } = entry;
  lease.stored.steps++;
  if (transition.kind === "fail") lease.stored.failedRuns++;
  if (transition.kind === "continue") {
    lease.update(member, transition.run);
    lease.startable.push(member);
  } else if (transition.kind === "retry" && transition.place === "lease") {
    lease.update(member, transition.run);
    retryInPlace(poller, lease, entry, transition.delayMs);
  } else {
    lease.remove(member);
  }
}

function applyLeave(lease: Lease, entry: Exclude<Finished, FinishedNode>): void {
  if (entry.kind === "fail") {
    lease.stored.failedRuns++;
    lease.stored.poisoned++;
  }
  lease.remove(entry.member);
}

function retryInPlace(poller: Poller, lease: Lease, entry: FinishedNode, delayMs: number): void {
  poller.clock.after(entry.finishedAt + delayMs - poller.clock.now(), () => {
    lease.startable.push(entry.member);
    lease.wake();
  });
}

function dropLost(poller: Poller, lease: Lease, id: string): void {
  const member = lease.members.get(id);
  poller.logger.error("an output was refused as a duplicate; the run was given back", { runId: id });
  if (member !== undefined)
    lease.revoke(member, new Error("The output of this run was refused as a duplicate: stop, the run goes on elsewhere."));
}

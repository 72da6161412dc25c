import { AsyncLocalStorage } from "node:async_hooks";
import type { ErrorRecord } from "../domain/errors.ts";
import type { Json } from "../domain/json.ts";
import type { AdvanceAnswer, ClaimAnswer } from "../domain/protocol.ts";
import type { Run } from "../domain/run.ts";
import type { Statement } from "../domain/statement.ts";
import type { Transition } from "../domain/transition.ts";
import type { Node } from "../domain/node.ts";
import type { HandlerLimit } from "./handler-limit.ts";
import type { Abort } from "./abort.ts";

/** A run that this lease holds. */
export interface Member {
  /** Its number in the lease; requests and answers say `place`. */
  readonly slot: number;
  run: Run;
  /** Of the attempt that runs; undefined where none does. */
  abort: Abort | undefined;
  /** It left, or was taken away: whatever its handler still returns is dropped. */
  gone: boolean;
}

/** An attempt that is over and waits to be stored. */
export interface FinishedNode {
  readonly kind: "node";
  readonly member: Member;
  readonly node: Node;
  readonly attempt: number;
  readonly transition: Transition;
  /** By the poller's clock. */
  readonly startedAt: number;
  /** By the poller's clock. */
  readonly finishedAt: number;
  /** Those of a `sql` node. */
  readonly statements?: readonly Statement[];
}

/** What goes into a round: an attempt, or a member that leaves without one. */
export type Finished =
  | FinishedNode
  | { readonly kind: "end"; readonly member: Member }
  | {
      readonly kind: "block";
      readonly member: Member;
      readonly workflow: string;
      readonly version: number;
      readonly shape: string;
      readonly reason: string;
    }
  | { readonly kind: "release"; readonly member: Member }
  /** It cannot go on: it fails with this, without an attempt. */
  | { readonly kind: "fail"; readonly member: Member; readonly error: ErrorRecord }
  /** Nothing of it can be stored: it is given back, to be looked at later. */
  | { readonly kind: "park"; readonly member: Member; readonly delayMs: number };

/**
 * A lease in the memory of its poller: who is in it, what may start, and what waits for the next
 * round.
 *
 * A member is startable, running, in `finished` (its result not stored yet), or waiting for a retry
 * in place.
 */
export class Lease {
  readonly members = new Map<string, Member>();
  readonly finished: Finished[] = [];
  readonly statements: FinishedNode[] = [];
  startable: Member[] = [];
  running = 0;
  /** Inputs and outputs of its members, as JSON. */
  bytes = 0;
  /** The last claim left runs that are due, for lack of slots or of bytes. */
  moreDue = false;
  round = 0;
  low: Json = {};
  /** When the next run is due, in clock time; null when none waits. */
  dueAt: number | null = null;
  /** When the call that is on its way, or was the last, was first sent. */
  sentAt: number;
  /**
   * Since when at the latest the database knows of this lease, and when a handler last came back.
   */
  heardAt: number;
  progressedAt: number;
  /** When the timeouts of all steps that were started are over. */
  busyUntil: number;
  /** When it was last asked whether more runs are due. */
  askedAt: number;
  /** No more claims: the invocation's time is nearly up, or the lease is of suspects. */
  closed: boolean;
  lost = false;
  /** What its rounds have stored. */
  readonly stored = { steps: 0, failedRuns: 0, poisoned: 0 };
  /** A member had to be given back because its step does not fit into the time left. */
  outOfTime = false;
  readonly token: string;
  readonly handlers: HandlerLimit;
  /** Starts what may start, once the lease is worked. */
  startMore: () => void = () => {};
  /**
   * Calls with what asynchronous code sees where the lease was made, and leaves the caller's as it
   * was.
   */
  readonly outside = AsyncLocalStorage.snapshot();
  private ring: (() => void) | undefined;
  private rung = false;

  constructor(token: string, now: number, handlers: HandlerLimit, closed: boolean) {
    this.token = token;
    this.handlers = handlers;
    this.sentAt = now;
    this.heardAt = now;
    this.progressedAt = now;
    this.busyUntil = now;
    this.askedAt = now;
    this.closed = closed;
  }

  /** Takes over what a claim or a round said; asked: how many runs it was to give. */
  takeAnswer(answer: Pick<ClaimAnswer | AdvanceAnswer, "low" | "due_in_ms" | "runs">, now: number, asked = 0): void {
    // A repeated call is answered without a write: it is the first copy that extended the lease,
    // whenever that came.
    this.heardAt = this.sentAt;
    if (asked > 0) {
      this.moreDue = answer.runs.length >= asked || (answer.runs.length > 0 && answer.due_in_ms === 0);
      this.askedAt = now;
    }
    // A repeated round without a claim has none to tell.
    if (answer.low !== undefined && answer.low !== null) this.low = answer.low;
    if (answer.due_in_ms === undefined) return;
    // Due runs that were not given are being claimed by another poller: do not ask at once.
    const soonest = answer.runs.length === 0 ? 100 : 0;
    this.dueAt = answer.due_in_ms === null ? null : now + Math.max(answer.due_in_ms, soonest);
  }

  add(member: Member): void {
    this.members.set(member.run.id, member);
    this.bytes += member.run.bytes;
  }

  /** The member's run went on: with one more output or failure. */
  update(member: Member, run: Run): void {
    this.bytes += run.bytes - member.run.bytes;
    member.run = run;
  }

  remove(member: Member): void {
    member.gone = true;
    if (this.members.delete(member.run.id)) this.bytes -= member.run.bytes;
  }

  /** Takes a member away whose run goes on elsewhere or not at all; its handler is told to stop. */
  revoke(member: Member, reason: Error): void {
    this.remove(member);
    member.abort?.abort(reason);
  }

  /** Resolves at the next `wake`, or at once when there was one since the last time. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.rung) resolve();
      else this.ring = resolve;
      this.rung = false;
    });
  }

  wake(): void {
    if (this.ring === undefined) this.rung = true;
    else this.ring();
    this.ring = undefined;
  }
}

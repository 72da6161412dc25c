import { decide, decideToFail, type Circumstances } from "../../domain/decide.ts";
import { describeError } from "../../domain/errors.ts";
import type { Lease } from "./lease.ts";
import { isSilent, type CameBack, type Decided, type Member } from "./member.ts";

/**
 * Decides about a member when its round is written. An error of our own, which this run sets off,
 * fails it and no other.
 */
export function decideMember(lease: Lease, member: Member, came: readonly CameBack[]): Decided {
  // What was to happen at a time is decided with it.
  member.waitFor(undefined);
  return { kind: "decided", member, came, decision: member.takeAhead() ?? decideSafely(lease, member, came) };
}

/**
 * Lets a member go on of which nothing came back: it was claimed, or its time has come, which is
 * `until`. What is to be stored of it waits for the next round; what is to begin begins.
 */
export function moveOn(lease: Lease, member: Member, until = -Infinity): void {
  const decision = decideSafely(lease, member, [], until);
  if (isSilent(decision)) lease.follow(member, decision, moveOn);
  else lease.decideAhead(member, decision);
}

function decideSafely(lease: Lease, member: Member, came: readonly CameBack[], earliest = -Infinity) {
  const { poller } = lease;
  const circumstances = circumstancesOf(lease, earliest);
  try {
    return decide(member.run, came, circumstances, member.out);
  } catch (thrown) {
    return decideToFail(member.run, came[0], describeError(thrown, poller.redact), circumstances.clock);
  }
}

/** A timer may be early by a little: the time that it stands for has come. */
function circumstancesOf({ poller, times }: Lease, earliest: number): Circumstances {
  return {
    now: Math.max(times.databaseNow, earliest),
    clock: poller.clock.now(),
    random: poller.random,
    describe: (thrown) => describeError(thrown, poller.redact),
  };
}

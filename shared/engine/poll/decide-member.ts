import { decide } from "../../domain/decide.ts";
import { decideToFail } from "../../domain/decide-to-fail.ts";
import type { Circumstances, Decision } from "../../domain/decision.ts";
import { describeError } from "../../domain/errors.ts";
import type { Lease } from "./lease.ts";
import { isSilent, type CameBack, type Member } from "./member.ts";
import { newRunId } from "./new-run-id.ts";
import type { Decide } from "./results.ts";

const none: readonly never[] = [];

/**
 * What decides about the members of one round, at one time. An error of our own, which a run sets
 * off, fails it and no other.
 */
export function decideFor(lease: Lease): Decide {
  const circumstances = circumstancesOf(lease);
  return (member, came) => {
    // What was to happen at a time is decided with it.
    member.waitFor(undefined);
    const decision = member.takeAhead() ?? decideSafely(lease, member, came, circumstances);
    return { kind: "decided", member, came, decision };
  };
}

/**
 * Lets a member go on of which nothing came back: it was claimed, or told of its mail. What is to
 * be stored of it waits for the next round; what is to begin begins.
 */
export function moveOn(lease: Lease, member: Member, circumstances = circumstancesOf(lease)): void {
  // What came back is decided on with the next round, and with it what is due by then.
  if (member.hasCome) return;
  const decision = decideSafely(lease, member, none, circumstances);
  if (isSilent(decision)) lease.follow(member, decision, moveOnAt);
  else lease.decideAhead(member, decision);
}

/** Lets a member go on whose time has come, which is `until`. */
export function moveOnAt(lease: Lease, member: Member, until: number): void {
  const circumstances = circumstancesOf(lease);
  // A timer may be early by a little: the time that it stands for has come.
  moveOn(lease, member, { ...circumstances, now: Math.max(circumstances.now, until) });
}

function decideSafely({ poller }: Lease, member: Member, came: readonly CameBack[], circumstances: Circumstances): Decision {
  try {
    return decide(member.run, came, circumstances, member.out);
  } catch (thrown) {
    return decideToFail(member.run, came[0], describeError(thrown, poller.redact), circumstances.clock);
  }
}

export function circumstancesOf({ poller, times }: Lease): Circumstances {
  return {
    now: times.databaseNow,
    clock: poller.clock.now(),
    random: poller.random,
    describe: (thrown) => describeError(thrown, poller.redact),
    queue: poller.queue,
    newRunId: () => (poller.newRunId ?? newRunId)(times.databaseNow),
  };
}

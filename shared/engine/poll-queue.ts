import type { ClaimAnswer, TickAnswer } from "../domain/protocol.ts";
import type { Json } from "../domain/json.ts";
import { addClaimed } from "./apply-round.ts";
import { Lease } from "./lease.ts";
import type { Poller } from "./poller.ts";
import { pause, settle } from "./settle.ts";
import { workLease } from "./work-lease.ts";

/** What one invocation did; leaseExpiresInMs: when the first lease of somebody else ends, as seen at its last tick. */
export interface PollReport {
  readonly leases: number;
  readonly crashed: number;
  readonly leaseExpiresInMs: number | null;
}

const tickEveryMs = 60_000;
/** Due runs that another poller is just claiming are not there to be had: look again this soon, this often. */
const patience = { pauseMs: 100, tries: 3 };

/**
 * One invocation of the poller: ticks, then claims and runs leases until nothing is due within the linger, or the
 * invocation's time is nearly up.
 *
 * Suspects come first, in a lease of their own, so that a run that kills its poller takes few others with it; and again
 * whenever nothing else is due, so that they do not wait for the next invocation.
 */
export async function pollQueue(poller: Poller): Promise<PollReport> {
  const report = { leases: 0, crashed: 0, leaseExpiresInMs: null as number | null };
  let tick = await ticked(poller, report);
  let tickedAt = poller.clock.now();
  let low = tick.low;
  let idle = 0;
  if (tick.suspects) await workSuspects(poller, low, report);
  while (poller.remainingMs() > shortestStepMs(poller)) {
    if (poller.clock.now() - tickedAt > tickEveryMs) {
      tick = await ticked(poller, report);
      tickedAt = poller.clock.now();
      low = tick.low;
    }
    const lease = new Lease(poller.newToken(), poller.clock.now(), false);
    const answer = await claimed(poller, lease, low, false);
    low = answer.low;
    if (answer.runs.length > 0) {
      idle = 0;
      report.leases++;
      await workLease(poller, lease);
      low = lease.low;
      if (lease.outOfTime) break;
    } else if (!(answer.suspects && (await workSuspects(poller, low, report)))) {
      if (!(await linger(poller, answer.due_in_ms, idle++))) break;
    }
  }
  return report;
}

/** Waits, without a statement, for work that is due within the linger; false: there is none. */
async function linger(poller: Poller, dueInMs: number | null, idle: number): Promise<boolean> {
  if (dueInMs === null || dueInMs > poller.settings.lingerMs || idle >= patience.tries) return false;
  const wait = Math.max(dueInMs, patience.pauseMs);
  if (poller.remainingMs() - wait < shortestStepMs(poller)) return false;
  await pause(poller, wait);
  return true;
}

async function workSuspects(poller: Poller, low: Json, report: { leases: number }): Promise<boolean> {
  const lease = new Lease(poller.newToken(), poller.clock.now(), true);
  const answer = await claimed(poller, lease, low, true);
  if (answer.runs.length === 0) return false;
  report.leases++;
  await workLease(poller, lease);
  return !lease.outOfTime;
}

async function claimed(poller: Poller, lease: Lease, low: Json, suspects: boolean): Promise<ClaimAnswer> {
  const { batch, maxBytes, ttlMs } = poller.settings;
  const request = { ttl_ms: ttlMs, max: batch, max_bytes: maxBytes, low, manifest: poller.registry.manifest(), suspects };
  const settled = await settle(poller, () => poller.store.claim(lease.token, request));
  if ("refused" in settled) throw settled.refused;
  lease.round = settled.answer.round;
  lease.heard(settled.answer, poller.clock.now());
  addClaimed(poller, lease, settled.answer.runs);
  return settled.answer;
}

async function ticked(poller: Poller, report: { crashed: number; leaseExpiresInMs: number | null }): Promise<TickAnswer> {
  const settled = await settle(poller, () => poller.store.tick());
  if ("refused" in settled) throw settled.refused;
  report.crashed += settled.answer.crashed;
  report.leaseExpiresInMs = settled.answer.lease_expires_in_ms;
  return settled.answer;
}

function shortestStepMs(poller: Poller): number {
  const timeouts = poller.registry.all().flatMap(({ nodes }) => nodes.flatMap((node) => (node.kind === "sleep" ? [] : [node.timeoutMs])));
  return Math.min(...timeouts, 30_000) + poller.settings.reserveMs;
}

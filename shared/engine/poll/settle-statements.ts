import { DatabaseRefusedError } from "../../domain/database-errors.ts";
import type { AdvanceAnswer } from "../../domain/protocol.ts";
import type { Statement } from "../../domain/statement.ts";
import type { Lease } from "./lease.ts";
import { unsureSince } from "../../domain/verdict.ts";
import { settle, unknownMsOf, UnsettledError, type Settled } from "./settle.ts";

/** A deadlock or a lock timeout is no failed attempt; this many in a row are. */
const busyTries = 5;

/** probed: what the round was answered that was taken in place of the statements'. */
export type SettledStatements =
  | (Settled<AdvanceAnswer> & { readonly probed?: AdvanceAnswer })
  /** They were committed, by an earlier copy of the call, whose answer nobody knows. */
  | { readonly stored: true; readonly probed: AdvanceAnswer }
  /** They may have been committed: the round was taken, by them or by a copy of a probe. */
  | { readonly unsure: UnsettledError; readonly probed: AdvanceAnswer };

/**
 * Commits a strict round with the statements of `sql` nodes. An outcome that is unknown may be the
 * statements' own doing, such as a result that no answer has room for, and would be unknown each
 * time: the lease is asked which it was.
 */
export async function settleStatements(
  lease: Lease,
  round: number,
  request: string,
  statements: readonly Statement[],
): Promise<SettledStatements> {
  const { poller } = lease;
  try {
    const call = () => poller.store.advanceWith(lease.token, round, request, statements);
    const settled = await settle(poller, call, { busyTries, unknownTries: 1, unknownMs: 0 });
    if (!isRepeat(settled)) return settled;
    const again = await askAgain(lease, round);
    return "answer" in again ? { stored: true, probed: again.answer } : again;
  } catch (thrown) {
    if (!(thrown instanceof UnsettledError) || thrown.outOfTime) throw thrown;
    return probe(lease, round, thrown);
  }
}

/**
 * Takes the same round with nothing in it. Applied: the statements were not, and never will be,
 * since a late copy finds its number taken. Refused as applied before (BT002): by the statements,
 * or by a copy of the probe that was lost or came twice. A storm found that: seven effects were
 * taken for stored that were not.
 */
async function probe(lease: Lease, round: number, unsettled: UnsettledError): Promise<SettledStatements> {
  const settled = await advanceEmpty(lease, round, { strict: true });
  if ("answer" in settled) return { refused: notApplied(unsettled), probed: settled.answer };
  if (!isRepeat(settled)) return settled;
  const again = await askAgain(lease, round);
  return "answer" in again ? { unsure: unsettled, probed: again.answer } : again;
}

const isRepeat = (settled: Settled<AdvanceAnswer>) => "refused" in settled && settled.refused.sqlstate === "BT002";

/** What a round was answered that was applied before: it also says which runs were stopped. */
const askAgain = (lease: Lease, round: number) => advanceEmpty(lease, round, {});

function advanceEmpty({ poller, token }: Lease, round: number, how: { readonly strict?: true }): Promise<Settled<AdvanceAnswer>> {
  const empty = JSON.stringify({ ttl_ms: poller.settings.ttlMs, ...how });
  const patience = { unknownMs: unknownMsOf(poller), tally: unsureSince(poller.clock.now()) };
  return settle(poller, () => poller.store.advance(token, round, empty), patience);
}

function notApplied({ cause }: UnsettledError): DatabaseRefusedError {
  return new DatabaseRefusedError(cause instanceof Error ? cause.message : String(cause), { cause });
}

import { DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../domain/database-errors.ts";
import type { AdvanceAnswer } from "../domain/protocol.ts";
import type { Statement } from "../domain/statement.ts";
import type { Lease } from "./lease.ts";
import { unsureSince } from "../domain/verdict.ts";
import { settle, unknownMsOf, UnsettledError, type Settled } from "./settle.ts";

/** A deadlock or a lock timeout is no failed attempt; this many in a row are. */
const busyTries = 5;

/**
 * Commits a strict round with the statements of `sql` nodes. An outcome that is unknown may be the
 * statements' own doing, such as a result that no answer has room for, and would be unknown each
 * time: the lease is asked which it was, and they are not sent again.
 */
export async function settleStatements(
  lease: Lease,
  round: number,
  request: string,
  statements: readonly Statement[],
): Promise<Settled<AdvanceAnswer> & { readonly probed?: AdvanceAnswer }> {
  const { poller } = lease;
  try {
    const call = () => poller.store.advanceWith(lease.token, round, request, statements);
    return await settle(poller, call, { busyTries, unknownTries: 1, unknownMs: 0 });
  } catch (thrown) {
    if (!(thrown instanceof UnsettledError) || thrown.outOfTime) throw thrown;
    return probe(lease, round, thrown);
  }
}

/**
 * Takes the same round with nothing in it. Refused as applied before (BT002): the statements were
 * committed. Applied: they were not, and never will be, since a late copy finds its number taken. A
 * probe whose own answer was lost cannot tell its own round from the statements': then the lease is
 * given up.
 */
async function probe(lease: Lease, round: number, unsettled: UnsettledError) {
  const { poller } = lease;
  let isLost = false;
  const empty = JSON.stringify({ ttl_ms: poller.settings.ttlMs, strict: true });
  const call = () =>
    poller.store.advance(lease.token, round, empty).catch((thrown: unknown) => {
      isLost ||= thrown instanceof DatabaseUnknownOutcomeError;
      throw thrown;
    });
  const settled = await settle(poller, call, { unknownMs: unknownMsOf(poller), tally: unsureSince(poller.clock.now()) });
  if ("answer" in settled) return { refused: notApplied(unsettled), probed: settled.answer };
  if (settled.refused.sqlstate === "BT002" && isLost) throw unsettled;
  return settled;
}

function notApplied({ cause }: UnsettledError): DatabaseRefusedError {
  return new DatabaseRefusedError(cause instanceof Error ? cause.message : String(cause), { cause });
}

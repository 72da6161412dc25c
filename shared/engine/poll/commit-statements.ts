import { DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../../domain/database-errors.ts";
import { describeError } from "../../domain/errors.ts";
import { applyRound } from "./apply-round.ts";
import { writeRound } from "./build-round.ts";
import { fenced } from "./commit-round.ts";
import type { Lease } from "./lease.ts";
import type { Decided } from "./member.ts";
import { withoutStatements } from "./results.ts";
import { settleStatements } from "./settle-statements.ts";

/** `sql` nodes in one transaction at most; more would hold the users' locks for longer. */
export const statementsAtMost = 50;
/**
 * How often one node's statements are sent whose outcome is unknown each time; a server that
 * restarts once costs no attempt.
 */
const sendsAtMost = 3;

/**
 * Applies the statements of `sql` nodes, exactly once: a strict round and the statements in one
 * transaction. The round comes first and raises when it is fenced (BT001) or was applied before
 * (BT002), which aborts the statements with it.
 *
 * On a definitive no nothing of it happened; the same nodes are tried once more, each in a
 * transaction of its own, so that only the bad one fails. In the order of run ids, so that two
 * pollers take the users' rows in one order too.
 */
export async function commitStatements(lease: Lease, entries: readonly Decided[]): Promise<void> {
  const nodes = [...entries].sort((a, b) => (a.member.run.id < b.member.run.id ? -1 : 1));
  const refused = await tryAll(lease, nodes);
  if (refused === undefined || lease.lost) return;
  for (const node of nodes) {
    const alone = await tryAlone(lease, node, nodes.length === 1 || refused instanceof MayBeStoredError ? refused : undefined);
    if (lease.lost) return;
    if (alone !== undefined) refuse(lease, node, alone);
  }
}

/**
 * One node by itself, again while its outcome is unknown. refused: what became of a first try.
 *
 * What may be stored is sent again too: the round comes before the statements, and is refused as a
 * duplicate (BT003) where the output is there. Throws where it stays unknown: the lease is given
 * up.
 */
async function tryAlone(lease: Lease, node: Decided, refused?: Error): Promise<Error | undefined> {
  let last = refused;
  let unsure = unsureOf(refused);
  for (let sent = refused === undefined ? 0 : 1; sent < sendsAtMost && (last === undefined || wasUnknown(last)); sent++) {
    if (node.member.gone || lease.lost) return undefined;
    last = await tryAll(lease, [node], unsure !== undefined);
    if (last === undefined) return undefined;
    unsure ??= unsureOf(last);
  }
  if (node.member.gone || lease.lost) return undefined;
  if (unsure !== undefined && wasUnknown(last!)) throw unsure.cause;
  return last;
}

/** Nobody can tell whether the statements were committed. Its cause is what to throw at last. */
class MayBeStoredError extends Error {
  override readonly name = "MayBeStoredError";
}

const unsureOf = (error: Error | undefined) => (error instanceof MayBeStoredError ? error : undefined);
const wasUnknown = (error: Error) => error instanceof MayBeStoredError || error.cause instanceof DatabaseUnknownOutcomeError;

/**
 * One transaction; the error is that of the database's definitive no, or our own while it was
 * written.
 */
async function tryAll(lease: Lease, nodes: readonly Decided[], unsure = false): Promise<Error | undefined> {
  const { poller } = lease;
  const written = writeRound(nodes, poller.settings.ttlMs, poller.clock.now(), { strict: true });
  if ("broken" in written) return written.broken;
  const statements = nodes.flatMap(({ came }) => came.flatMap(({ statements = [] }) => statements));
  const round = lease.rounds.begin();
  const settled = await settleStatements(lease, round, written.request, statements);
  if ("probed" in settled && settled.probed !== undefined) applyRound(lease, [], settled.probed);
  if ("unsure" in settled) return new MayBeStoredError("The statements may have been committed.", { cause: settled.unsure });
  if ("answer" in settled) applyRound(lease, nodes, settled.answer);
  else if ("stored" in settled || (unsure && settled.refused.sqlstate === "BT003")) giveBackAll(lease, nodes);
  else if (settled.refused.sqlstate === "BT001") fenced(lease);
  else return settled.refused;
  return undefined;
}

/**
 * What was stored had an answer that nobody knows: what mail there was, how children have ended,
 * when sleeps began. A run that stayed without it would wait for it for as long as the lease lasts.
 * Whoever claims it reads what is stored.
 */
function giveBackAll(lease: Lease, nodes: readonly Decided[]): void {
  for (const { member } of nodes) {
    if (member.gone) continue;
    lease.poller.logger.info("the answer to a round with statements was lost; the run was given back", { runId: member.run.id });
    lease.giveBack(member);
  }
}

/**
 * The statements were refused: a failed attempt of this node, stored with the next round. An error
 * of ours would come again.
 */
function refuse(lease: Lease, entry: Decided, refused: Error): void {
  const { poller } = lease;
  const isOfTheDatabase = refused instanceof DatabaseRefusedError;
  if (isOfTheDatabase && refused.sqlstate === "BT003") {
    tellRefused(lease, entry);
    return lease.giveBack(entry.member);
  }
  const outcome = { kind: "failed" as const, error: describeError(refused, poller.redact), retryable: isOfTheDatabase };
  for (const came of entry.came) lease.results.comeBack(entry.member, { ...withoutStatements(came), outcome });
}

/** A round that rests on a timeout is refused for a signal, too: the run is claimed with that. */
function tellRefused({ poller }: Lease, { member, decision }: Decided): void {
  const facts = { runId: member.run.id };
  if (decision.timedOut.length > 0)
    poller.logger.info("a signal may have come just before its wait was over; the run was given back", facts);
  else poller.logger.error("an output was refused as a duplicate; the run was given back", facts);
}

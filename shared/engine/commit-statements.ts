import { DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../domain/database-errors.ts";
import { describeError } from "../domain/errors.ts";
import { applyRound } from "./apply-round.ts";
import { writeRound } from "./build-round.ts";
import { fenced, emptyAnswer } from "./commit-round.ts";
import type { FinishedNode, Lease } from "./lease.ts";
import type { Poller } from "./poller.ts";
import { settleStatements } from "./settle-statements.ts";
import { decide, giveBack } from "./start-members.ts";

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
export async function commitStatements(poller: Poller, lease: Lease, entries: readonly FinishedNode[]): Promise<void> {
  const nodes = [...entries].sort((a, b) => (a.member.run.id < b.member.run.id ? -1 : 1));
  const refused = await tryAll(poller, lease, nodes);
  if (refused === undefined || lease.lost) return;
  for (const node of nodes) {
    const alone = await tryAlone(poller, lease, node, nodes.length === 1 ? refused : undefined);
    if (lease.lost) return;
    if (alone !== undefined) refuse(poller, lease, node, alone);
  }
}

/** One node by itself, again while its outcome is unknown. refused: what became of a first try. */
async function tryAlone(poller: Poller, lease: Lease, node: FinishedNode, refused?: Error): Promise<Error | undefined> {
  let last = refused;
  for (let sent = last === undefined ? 0 : 1; sent < sendsAtMost && !node.member.gone && !lease.lost; sent++) {
    if (last !== undefined && !wasUnknown(last)) return last;
    last = await tryAll(poller, lease, [node]);
    if (last === undefined) return undefined;
  }
  return node.member.gone ? undefined : last;
}

const wasUnknown = ({ cause }: Error) => cause instanceof DatabaseUnknownOutcomeError;

/**
 * One transaction; the error is that of the database's definitive no, or our own while it was
 * written.
 */
async function tryAll(poller: Poller, lease: Lease, nodes: readonly FinishedNode[]): Promise<Error | undefined> {
  const written = writeRound(nodes, poller.settings.ttlMs, poller.clock.now(), { strict: true });
  if ("broken" in written) return written.broken;
  const statements = nodes.flatMap((node) => node.statements ?? []);
  const round = ++lease.round;
  lease.sentAt = poller.clock.now();
  const settled = await settleStatements(poller, lease, round, written.request, statements);
  if (settled.probed !== undefined) applyRound(poller, lease, [], settled.probed);
  if ("answer" in settled) applyRound(poller, lease, nodes, settled.answer);
  else if (settled.refused.sqlstate === "BT002") applyRound(poller, lease, nodes, emptyAnswer(round));
  else if (settled.refused.sqlstate === "BT001") fenced(poller, lease);
  else return settled.refused;
  return undefined;
}

/**
 * The statements were refused: a failed attempt of this node, stored with the next round. An error
 * of ours would come again.
 */
function refuse(poller: Poller, lease: Lease, entry: FinishedNode, refused: Error): void {
  const isOfTheDatabase = refused instanceof DatabaseRefusedError;
  if (isOfTheDatabase && refused.sqlstate === "BT003") {
    poller.logger.error("an output was refused as a duplicate; the run was given back", { runId: entry.member.run.id });
    return giveBack(lease, entry.member);
  }
  const outcome = { kind: "failed" as const, error: describeError(refused, poller.redact), retryable: isOfTheDatabase };
  const { statements: _, ...node } = entry;
  lease.finished.push({ ...node, transition: decide(poller, entry.member, entry.node, outcome) });
}

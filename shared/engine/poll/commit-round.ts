import { DatabaseRefusedError } from "../../domain/database-errors.ts";
import { decideToFail } from "../../domain/decide-to-fail.ts";
import { describeError, type ErrorRecord } from "../../domain/errors.ts";
import { runError } from "../../domain/run-errors.ts";
import { applyRound } from "./apply-round.ts";
import { writeRound, type RoundExtras } from "./build-round.ts";
import type { Lease } from "./lease.ts";
import type { Entry } from "./member.ts";
import type { Poller } from "./poller.ts";
import { settle, unknownMsOf } from "./settle.ts";

/** SQLSTATE unique_violation. */
const UNIQUE = "23505";

/** The lease was taken over: other pollers have its runs now. */
export class FencedError extends Error {
  override readonly name = "FencedError";
  constructor() {
    super("The lease expired and was taken over: stop, its runs go on elsewhere.");
  }
}

/**
 * Stores what finished in one round, and claims more where limits are given. The request is frozen:
 * whatever finishes meanwhile waits for the next round.
 *
 * An output that is stored already, which is a bug somewhere, refuses the round; sent again as
 * checked, it refuses that run alone. Another definitive no because of data (SQLSTATE 22, 23, 54)
 * splits the round in halves, down to the one run that cannot be stored: it fails, with less and
 * less to be stored of it, and its neighbours do not notice. So does an error of our own that the
 * entry of one run sets off while the round is written. Any other no is thrown.
 */
export async function commitRound(lease: Lease, finished: readonly Entry[], extras: RoundExtras = {}): Promise<void> {
  const { poller } = lease;
  const written = writeRound(finished, poller.settings.ttlMs, poller.clock.now(), extras);
  if ("broken" in written) return splitRound(lease, finished, written.broken);
  const { request } = written;
  const round = lease.rounds.begin();
  const settled = await settle(poller, () => poller.store.advance(lease.token, round, request), { unknownMs: unknownMsOf(poller) });
  if ("answer" in settled) return applyRound(lease, finished, settled.answer, extras.claim?.max);
  if (settled.refused.sqlstate === "BT001") return fenced(lease);
  if (!isAboutData(settled.refused) || finished.length === 0) throw settled.refused;
  if (settled.refused.sqlstate === UNIQUE && !extras.checked) return commitRound(lease, finished, { ...extras, checked: true });
  await splitRound(lease, finished, settled.refused);
}

/**
 * Gives every run of a lost lease up; handlers that still run are told, and what they return is
 * dropped.
 */
export function fenced(lease: Lease): void {
  lease.poller.logger.warn("the lease was taken over, its runs are given up", { lease: lease.token, runs: lease.members.size });
  lease.lose(new FencedError());
}

export function isAboutData(refused: DatabaseRefusedError): boolean {
  return /^(22|23|54)/.test(refused.sqlstate ?? "");
}

async function splitRound(lease: Lease, finished: readonly Entry[], problem: Error): Promise<void> {
  if (finished.length === 0) throw problem;
  if (finished.length > 1) {
    const half = Math.ceil(finished.length / 2);
    await commitRound(lease, finished.slice(0, half));
    if (!lease.lost) await commitRound(lease, finished.slice(half));
    return;
  }
  const entry = lessOf(lease.poller, finished[0]!, problem);
  lease.poller.logger.error("what became of a run cannot be stored", {
    runId: entry.member.run.id,
    instead: entry.kind,
    error: problem.message,
  });
  await commitRound(lease, [entry]);
}

/** How long a run is left alone of which not even the failure can be stored. */
const parkMs = 5 * 60_000;

/**
 * What to store of a run instead: that its attempt failed, that the run failed, or nothing, and it
 * is looked at later.
 */
function lessOf(poller: Poller, entry: Entry, problem: Error): Entry {
  if (entry.kind === "park" || entry.kind === "release") throw problem;
  if (entry.kind === "fail") return { kind: "park", member: entry.member, delayMs: parkMs };
  const error = problem instanceof DatabaseRefusedError ? unserializable(poller, problem) : describeError(problem, poller.redact);
  if (entry.kind === "decided" && entry.decision.fate.kind !== "failed" && entry.isLess !== true)
    return { ...entry, decision: decideToFail(entry.member.run, entry.came[0], error, poller.clock.now()), isLess: true };
  return { kind: "fail", member: entry.member, error };
}

function unserializable({ redact }: Poller, refused: DatabaseRefusedError): ErrorRecord {
  const { message } = describeError(refused, redact);
  return runError(
    "UnserializableError",
    `The database cannot store what became of this run: ${message}. Return a value that JSONB can hold.`,
  );
}

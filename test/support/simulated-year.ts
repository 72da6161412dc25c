import { createHash } from "node:crypto";
import { v7 } from "uuid";
import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { AdvanceRequest } from "../../shared/domain/protocol.ts";
import type { Clock } from "./clock.ts";
import { advanceRequest, claimRequest, failure, member, type Member, newRun, sleep, step } from "./engine-calls.ts";

export const WEEK_MS = 7 * 86_400_000;
const HOUR_MS = 3_600_000;
const FIRST_MONDAY = Date.parse("1970-01-05T00:00:00Z");

/** Midnight of UTC on the Monday before. */
export const mondayOf = (at: number): number => at - ((((at - FIRST_MONDAY) % WEEK_MS) + WEEK_MS) % WEEK_MS);

/**
 * Around each end of a week of a year, and around each change of clocks: before it, at it, in what
 * is skipped or repeated, and after.
 */
export function momentsOf(year: number, changes: readonly Date[]): Date[] {
  const [from, to] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
  const moments = new Set<number>();
  for (let monday = mondayOf(from) + WEEK_MS; monday < to; monday += WEEK_MS) [-1, 1_000].forEach((ms) => moments.add(monday + ms));
  for (const change of changes) {
    for (const ms of [-HOUR_MS, 0, HOUR_MS / 2, 2 * HOUR_MS]) moments.add(change.getTime() + ms);
  }
  return [...moments].toSorted((one, other) => one - other).map((ms) => new Date(ms));
}

const KINDS = ["done", "slept", "retried", "delayed", "crashed"] as const;
type Kind = (typeof KINDS)[number];
type Stage = Kind | "woken" | "again";

/** The same for the same words, so that two years can be compared row by row. */
const bytesOf = (...words: unknown[]): Buffer => createHash("sha256").update(words.join()).digest().subarray(0, 16);

/**
 * Lives through a year, moment by moment: makes partitions, enqueues with keys that come again
 * after days, claims, sleeps, retries, crashes, ends, and forgets keys. Gives all that the calls
 * answered, word for word.
 */
export async function liveYear(database: Database, clock: Clock, moments: readonly Date[]): Promise<unknown[]> {
  const calls = runRepository(database);
  const begun = new Map<string, Stage>();
  const answers: unknown[] = [];
  const hold = async (at: Date, suspects: boolean): Promise<void> => {
    const token = v7({ msecs: at.getTime(), random: bytesOf("token", suspects) });
    const claimed = await calls.claim(token, claimRequest({ suspects }));
    const runs: readonly (Member & { id: string })[] = claimed.runs;
    answers.push(claimed);
    if (runs.length === 0) return;
    answers.push(await calls.advance(token, 1, advanceRequest(roundOf(runs, begun))));
    if (!runs.some(({ id }) => begun.get(id) === "crashed")) await calls.release(token);
  };
  for (const [n, at] of moments.entries()) {
    await clock.setNow(at);
    answers.push(await calls.tick());
    // Runs that crash are claimed one by one later, three times each.
    const runs = KINDS.filter((kind) => kind !== "crashed" || n % 8 === 0).map((kind) => ({
      ...newRun({ id: v7({ msecs: at.getTime(), random: bytesOf(n, kind) }), input: { kind, n } }),
      ...(kind === "done" && { key: `key-${n % 10}`, hash: "h" }),
      ...(kind === "delayed" && { delay_ms: 2 * HOUR_MS }),
    }));
    for (const { id, input } of runs) begun.set(id, (input as { kind: Kind }).kind);
    answers.push(await calls.enqueue({ runs }), await calls.enqueue({ runs }));
    for (const suspects of [false, true]) await hold(at, suspects);
    answers.push(await calls.findRun(runs[n % runs.length]!.id));
  }
  return answers;
}

/**
 * What becomes of each run that was claimed: its kind's trouble the first time, its end the second.
 */
function roundOf(runs: readonly Member[], begun: Map<string, Stage>): Partial<AdvanceRequest> {
  const of = (...stages: Stage[]) => runs.filter(({ id }) => stages.includes(begun.get(id)!));
  const ending = of("done", "delayed", "woken", "again");
  const round = {
    sleeps: of("slept").map((run) => sleep(run, { delay_ms: 36 * HOUR_MS })),
    failures: of("retried").map((run) => failure(run)),
    parks: of("retried").map((run) => ({ ...member(run), delay_ms: 1.5 * HOUR_MS })),
    steps: ending.map((run) => step(run, { node: "ship", position: begun.get(run.id) === "woken" ? 1 : 0 })),
    done: ending.map(member),
  };
  for (const { id } of of("slept")) begun.set(id, "woken");
  for (const { id } of of("retried")) begun.set(id, "again");
  return round;
}

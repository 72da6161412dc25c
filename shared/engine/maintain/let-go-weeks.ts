import type { Archive } from "../../domain/archive.ts";
import { keepsAll, type RetentionRules, type Week, type WeekWeight } from "../../domain/retention.ts";
import { archiveRuns, type ExpiredRuns, type TakenRuns } from "./archive-runs.ts";
import { type ChoreFacts, type Deadline, HalfDoneError } from "./maintain.ts";

/** The SQL functions that the retention calls; a week is named by the time at which it begins. */
export interface WeekStore {
  listClosedWeeks(): Promise<{ readonly moment: string; readonly weeks: readonly string[] }>;
  weighWeek(week: Week): Promise<WeekWeight>;
  /** `kept`: something in it has not expired; `busy`: somebody holds it. */
  dropWeek(week: Week): Promise<"gone" | "kept" | "busy">;
  letGoRuns(week: Week, past: string | null, most: number): Promise<{ looked: number; gone: number; past: string | null }>;
  readExpired(week: Week, past: string | null, most: number): Promise<ExpiredRuns>;
  /** How many went: those that are still as they were taken. */
  letGoTaken(week: Week, taken: TakenRuns): Promise<number>;
}

/** What one retention did. */
export interface LetGo extends ChoreFacts {
  /** Weeks that went whole. */
  weeks: number;
  /** Runs that went one by one, and with their weeks. */
  runs: number;
  bytes: number;
  /** Weeks that were in use, and wait for the next day. */
  busy: number;
  /** Weeks that there was no time for. */
  left: number;
}

/** Endings that one statement looks at: some tenths of a second. */
const batch = 5_000;
/** No week is begun, and no batch, with less. */
const leastMs = 20_000;

/** What one retention works with. */
interface Going {
  readonly store: WeekStore;
  readonly deadline: Deadline;
  /** Takes each run before it goes. */
  readonly archive: Archive | undefined;
  readonly sum: LetGo;
}

/**
 * Lets go what has expired in closed weeks: whole ones of which nothing is kept, else runs; with an
 * archive, runs that it took. Throws HalfDoneError.
 */
export async function letGoWeeks(store: WeekStore, rules: RetentionRules, deadline: Deadline, archive?: Archive): Promise<ChoreFacts> {
  if (keepsAll(rules)) return { kept: "for ever" };
  const { moment, weeks } = await store.listClosedWeeks();
  const sum: LetGo = { weeks: 0, runs: 0, bytes: 0, busy: 0, left: weeks.length };
  try {
    for (const starts of weeks) {
      if (deadline.remainingMs() < leastMs) break;
      await letGoWeek({ store, deadline, archive, sum }, { starts, rules, moment });
      sum.left -= 1;
    }
  } catch (thrown) {
    throw new HalfDoneError(sum, thrown);
  }
  return sum;
}

/** What each closed week would let go; writes nothing. */
export async function weighWeeks(store: WeekStore, rules: RetentionRules): Promise<(WeekWeight & { readonly starts: string })[]> {
  const { moment, weeks } = await store.listClosedWeeks();
  const weights = [];
  for (const starts of weeks.toSorted()) weights.push({ starts, ...(await store.weighWeek({ starts, rules, moment })) });
  return weights;
}

async function letGoWeek(going: Going, week: Week): Promise<void> {
  const { store, archive } = going;
  const { runs, expired, bytes } = await store.weighWeek(week);
  const byBatches = archive !== undefined && expired > 0;
  if (byBatches) await letGoTaken(going, week, archive);
  // Without rules nothing expires: what no archive took stays, and so does its week.
  const whole = archive === undefined ? week : { ...week, rules: {} };
  if (expired === runs && (await dropWeek(going, whole, byBatches ? 0 : runs, bytes))) return;
  // Of a week in which nothing has expired it is only noted that somebody looked.
  if (!byBatches) await letGoRunByRun(going, week, expired === 0 ? 0 : batch);
}

/** Whether that was all for this week: false, where something in it is kept. */
async function dropWeek({ store, sum }: Going, week: Week, runs: number, bytes: number): Promise<boolean> {
  const whole = await store.dropWeek(week);
  if (whole === "busy") sum.busy += 1;
  if (whole === "gone") {
    sum.weeks += 1;
    sum.runs += runs;
    sum.bytes += bytes;
  }
  return whole !== "kept";
}

async function letGoRunByRun({ store, deadline, sum }: Going, week: Week, most: number): Promise<void> {
  let past: string | null = null;
  do {
    const answer = await store.letGoRuns(week, past, most);
    sum.runs += answer.gone;
    past = answer.looked < batch ? null : answer.past;
  } while (past !== null && deadline.remainingMs() >= leastMs);
}

/** Batch by batch, so that none is taken again once it has gone. */
async function letGoTaken({ store, deadline, sum }: Going, week: Week, archive: Archive): Promise<void> {
  let past: string | null = null;
  do {
    const expired = await store.readExpired(week, past, batch);
    const taken = expired.ids.length === 0 ? { ids: [], digests: [] } : await archiveRuns(archive, week, expired, deadline);
    sum.runs += await store.letGoTaken(week, taken);
    past = expired.past;
  } while (past !== null && deadline.remainingMs() >= leastMs);
}

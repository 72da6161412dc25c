import { keepsAll, type RetentionRules, type Week, type WeekWeight } from "../domain/retention.ts";
import type { ChoreFacts, Deadline } from "./maintain.ts";

/** The SQL functions that the retention calls; a week is named by the time at which it begins. */
export interface WeekStore {
  listClosedWeeks(): Promise<{ readonly moment: string; readonly weeks: readonly string[] }>;
  weighWeek(week: Week): Promise<WeekWeight>;
  /** `kept`: something in it has not expired; `busy`: somebody holds it. */
  dropWeek(week: Week): Promise<"gone" | "kept" | "busy">;
  letGoRuns(week: Week, past: string | null, most: number): Promise<{ looked: number; gone: number; past: string | null }>;
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

/** Lets go what has expired in closed weeks: whole ones of which nothing is kept, else runs. */
export async function letGoWeeks(store: WeekStore, rules: RetentionRules, deadline: Deadline): Promise<ChoreFacts> {
  if (keepsAll(rules)) return { kept: "for ever" };
  const { moment, weeks } = await store.listClosedWeeks();
  const sum: LetGo = { weeks: 0, runs: 0, bytes: 0, busy: 0, left: weeks.length };
  for (const starts of weeks) {
    if (deadline.remainingMs() < leastMs) break;
    await letGoWeek(store, { starts, rules, moment }, deadline, sum);
    sum.left -= 1;
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

async function letGoWeek(store: WeekStore, week: Week, deadline: Deadline, sum: LetGo): Promise<void> {
  const { runs, expired, bytes } = await store.weighWeek(week);
  const whole = expired === runs ? await store.dropWeek(week) : "kept";
  if (whole === "busy") sum.busy += 1;
  if (whole === "gone") {
    sum.weeks += 1;
    sum.runs += runs;
    sum.bytes += bytes;
  }
  if (whole === "kept") {
    // Of a week in which nothing has expired it is only noted that somebody looked.
    sum.runs += await letGoRunByRun(store, week, deadline, expired === 0 ? 0 : batch);
  }
}

async function letGoRunByRun(store: WeekStore, week: Week, deadline: Deadline, most: number): Promise<number> {
  let gone = 0;
  let past: string | null = null;
  do {
    const answer = await store.letGoRuns(week, past, most);
    gone += answer.gone;
    past = answer.looked < batch ? null : answer.past;
  } while (past !== null && deadline.remainingMs() >= leastMs);
  return gone;
}

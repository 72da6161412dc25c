import type { Week, WeekWeight } from "../domain/retention.ts";
import type { Database } from "./database.ts";

/** What the maintenance did with the weeks: those it made, and how many lie ahead now. */
export interface WeeksKept {
  /** Partitions that were missing. */
  readonly made: number;
  /** Whole weeks after this one for which there is room. */
  readonly ahead: number;
}

/** What the maintenance did with the months of the audit, and who did it: pg_partman or Baton. */
export interface MonthsKept {
  readonly by: "pg_partman" | "baton";
  /** Months that were missing. */
  readonly made: number;
  /** Months that ended more than twelve months ago. */
  readonly dropped: number;
}

export type MaintenanceRepository = ReturnType<typeof maintenanceRepository>;

/** A week of millions of runs is looked at in one statement. */
const patient = { timeoutMs: 300_000 };
const ofWeek = "$1::pg_catalog.timestamptz, $2::pg_catalog.jsonb, $3::pg_catalog.timestamptz";

/** The SQL functions of the maintenance as methods of the same names. */
export function maintenanceRepository(database: Database) {
  const { schema } = database;
  async function call<Answer>(text: string, values: readonly unknown[] = []): Promise<Answer> {
    const [row] = await database.query<{ answer: Answer }>(text, values, patient);
    return row!.answer;
  }
  const valuesOf = ({ starts, rules, moment }: Week) => [starts, JSON.stringify(rules), moment];
  return {
    listClosedWeeks: () => call<{ moment: string; weeks: string[] }>(`select ${schema}.list_closed_weeks() as answer`),
    weighWeek: (week: Week) => call<WeekWeight>(`select ${schema}.weigh_week(${ofWeek}) as answer`, valuesOf(week)),
    dropWeek: (week: Week) => call<"gone" | "kept" | "busy">(`select ${schema}.drop_week(${ofWeek}) as answer`, valuesOf(week)),
    letGoRuns: (week: Week, past: string | null, most: number) =>
      call<{ looked: number; gone: number; past: string | null }>(
        `select ${schema}.let_go_runs(${ofWeek}, $4::pg_catalog.uuid, $5::pg_catalog.int4) as answer`,
        [...valuesOf(week), past, most],
      ),
    readExpired: (week: Week, past: string | null, most: number) =>
      call<{ ids: string[]; lines: string[]; past: string | null }>(
        `select ${schema}.read_expired(${ofWeek}, $4::pg_catalog.uuid, $5::pg_catalog.int4) as answer`,
        [...valuesOf(week), past, most],
      ),
    letGoTaken: (week: Week, taken: { readonly ids: readonly string[]; readonly digests: readonly string[] }) =>
      call<number>(`select ${schema}.let_go_taken(${ofWeek}, $4::pg_catalog.jsonb) as answer`, [...valuesOf(week), JSON.stringify(taken)]),
    /** How many tables that were lent to it are the owner's again. */
    takeBackTables: () => call<number>(`select ${schema}.take_back_tables() as answer`),
    lendTable: (part: string) => call<void>(`select ${schema}.lend_table($1::pg_catalog.text) as answer`, [part]),
    keepMonths: () => call<MonthsKept>(`select ${schema}.keep_months() as answer`),
    sweepRollup: (most: number) =>
      call<number>(`select ${schema}.sweep_rollup($1::pg_catalog.int4, ${schema}.moment() - '20 hours'::pg_catalog.interval) as answer`, [
        most,
      ]),
    refreshDaily: () => call<void>(`select ${schema}.refresh_daily() as answer`),
    keepWeeks: () => call<WeeksKept>(`select ${schema}.keep_weeks() as answer`),
  };
}

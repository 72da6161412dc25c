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

/** The SQL functions of the maintenance as methods of the same names. */
export function maintenanceRepository(database: Database) {
  async function call<Answer>(text: string, values: readonly unknown[] = []): Promise<Answer> {
    const [row] = await database.query<{ answer: Answer }>(text, values);
    return row!.answer;
  }
  return {
    /** How many tables that were lent to it are the owner's again. */
    takeBackTables: () => call<number>("select baton.take_back_tables() as answer"),
    lendTable: (part: string) => call<void>("select baton.lend_table($1::pg_catalog.text) as answer", [part]),
    keepMonths: () => call<MonthsKept>("select baton.keep_months() as answer"),
    keepWeeks: () => call<WeeksKept>("select baton.keep_weeks() as answer"),
  };
}

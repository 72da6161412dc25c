import { DatabaseBusyError, OlderSchemaError } from "../domain/database-errors.ts";
import { fillTemplate } from "../domain/query-template.ts";
import type { ReportName, ReportRequest, ReportRow, ReportSource } from "../domain/reports.ts";
import type { Database } from "./database.ts";
import { readQuery } from "./read-query.ts";
import { inSchema } from "./schema-name.ts";

/** A report took longer than it may; nothing was changed, and it would take as long again. */
export class ReportTimeoutError extends Error {
  override readonly name = "ReportTimeoutError";
  readonly report: ReportName;
  readonly limitMs: number;

  constructor(report: ReportName, limitMs: number, options: ErrorOptions) {
    super(`The report ${report} took longer than ${limitMs / 1_000} seconds: look at a shorter time.`, options);
    this.report = report;
    this.limitMs = limitMs;
  }
}

/** A report that was made. */
export interface Report<Name extends ReportName = ReportName> {
  readonly report: Name;
  readonly from: ReportSource;
  readonly rows: readonly ReportRow<Name>[];
}

/** The answer needs this long on its way, once the database has it. */
const graceMs = 2_000;

/**
 * Makes a report, as one READ COMMITTED transaction that is ended after a time. As JSON, so that
 * both drivers give the same numbers and times.
 *
 * Throws `ReportTimeoutError`, and what the database throws.
 */
export async function makeReport<Name extends ReportName>(
  database: Database,
  { report, from, values }: ReportRequest & { readonly report: Name },
  limitMs: number,
): Promise<Report<Name>> {
  const query = fillTemplate(inSchema(readQuery(templateOf(report, from)), database.schema), values);
  const settings = {
    text: "select set_config('statement_timeout', $1, true), set_config('timezone', 'UTC', true)",
    values: [`${limitMs}ms`],
  };
  const asJson = { ...query, text: `select coalesce(json_agg(report), '[]') as rows from (${query.text}) as report` };
  try {
    const [, answer] = await database.transaction([settings, asJson], { timeoutMs: limitMs + graceMs });
    return { report, from, rows: answer![0]!["rows"] as ReportRow<Name>[] };
  } catch (thrown) {
    if (isTimeout(thrown)) throw new ReportTimeoutError(report, limitMs, { cause: thrown });
    throw thrown instanceof OlderSchemaError ? await tellMissing(database, thrown) : thrown;
  }
}

/** The file of `sql/queries/` that a report is made from. */
export function templateOf(report: ReportName, from: ReportSource): string {
  return from === "rollup" ? `${report}-rollup` : report;
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof DatabaseBusyError && thrown.sqlstate === "57014";
}

/** Of a view in a schema that is not there, Postgres says only that the view is not there. */
async function tellMissing(database: Database, thrown: OlderSchemaError): Promise<OlderSchemaError> {
  const { schema } = database;
  const [row] = await database.query<{ missing: boolean }>(`select to_regnamespace('${schema}') is null as missing`);
  return row!.missing ? new OlderSchemaError("none", thrown, schema) : thrown;
}

import { parseArgs } from "node:util";
import { connect } from "../shared/db/connect.ts";
import { makeReport } from "../shared/db/report-repository.ts";
import { readReportRequest, reportNames } from "../shared/domain/reports.ts";
import { explainRefusal } from "./report/explain-refusal.ts";
import { tableOf } from "./report/table.ts";

const USAGE = `Usage: npm run report -- <report> [--since 7d] [--workflow <name>] [--node <name>] [--limit <rows>] [--json]
Reports: ${reportNames.join(", ")}`;

/** Nobody else waits for it. */
const limitMs = 600_000;

/** `npm run report -- slow-steps --since 7d`: a report as a table, or as JSON. */
export async function report(args: readonly string[], url: string | undefined, log: (text: string) => void): Promise<void> {
  const { name, given, json } = readArguments(args);
  if (name === undefined) throw new Error(USAGE);
  const request = readReportRequest(name, given);
  if (!url) throw new Error("Set DATABASE_URL to the database, as a reader: DATABASE_URL=postgresql://… npm run report");
  await using database = connect({ url, driver: "pg" });
  const rows = await makeReport(database, request, limitMs).catch(async (thrown: unknown) => {
    throw await explainRefusal(database, thrown);
  });
  log(json ? JSON.stringify(rows, null, 2) : tableOf(rows));
}

/** Whatever is given as an option is one of the report's, which says what it does not know. */
function readArguments(args: readonly string[]) {
  const text = { type: "string" } as const;
  const options = { since: text, workflow: text, node: text, limit: text, json: { type: "boolean" } } as const;
  const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false });
  const { json, ...others } = values;
  if (positionals.length > 1) throw new Error(USAGE);
  const given = Object.fromEntries(Object.entries(others).map(([option, value]) => [option, String(value)]));
  return { name: positionals[0], given, json: json === true };
}

if (import.meta.main) {
  report(process.argv.slice(2), process.env["DATABASE_URL"], console.log).catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}

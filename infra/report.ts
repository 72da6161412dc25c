import { parseArgs } from "node:util";
import { connect } from "../shared/db/connect.ts";
import { makeReport } from "../shared/db/report-repository.ts";
import { DatabaseRefusedError } from "../shared/domain/database-errors.ts";
import { readReportRequest, reportNames } from "../shared/domain/reports.ts";
import { defaultNames, type Names, prefixOf, rename } from "./migrate/names.ts";
import { tableOf } from "./report/table.ts";
import { chosenSchema, serviceName } from "./service.ts";

const USAGE = `Usage: npm run report -- <report> [--since 7d] [--workflow <name>] [--node <name>] [--limit <rows>] [--json]
Reports: ${reportNames.join(", ")}`;

const FROM_ROLLUP = "From the rollup, as windows over 7d are: sums by workflow; – is what they do not have.\n";

/** Nobody else waits for it. */
const limitMs = 600_000;

/** `npm run report -- slow-steps --since 7d`: a report as a table, or as JSON. */
export async function report(
  args: readonly string[],
  url: string | undefined,
  log: (text: string) => void,
  names = defaultNames,
): Promise<void> {
  const { name, given, json } = readArguments(args);
  if (name === undefined) throw new Error(USAGE);
  const request = readReportRequest(name, given);
  if (!url) throw new Error("Set DATABASE_URL to the database, as a reader: DATABASE_URL=postgresql://… npm run report");
  await using database = connect({ url, driver: "pg", schema: names.schema });
  const made = await makeReport(database, request, limitMs).catch((thrown: unknown) => Promise.reject(withGroup(thrown, names) as Error));
  log(json ? JSON.stringify(made, null, 2) : `${made.from === "rollup" ? FROM_ROLLUP : ""}${tableOf(made.rows)}`);
}

/** What the database does not allow, with who may. */
function withGroup(thrown: unknown, names: Names): unknown {
  if (!(thrown instanceof DatabaseRefusedError) || thrown.sqlstate !== "42501") return thrown;
  return new Error(
    `This login may not make reports: ${thrown.message}. Take one that is in ${rename("baton_reader", names)}, or the owner's.`,
    {
      cause: thrown,
    },
  );
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

function ownNames(): Names {
  return { schema: chosenSchema(process.env), prefix: prefixOf(serviceName()) };
}

if (import.meta.main) {
  report(process.argv.slice(2), process.env["DATABASE_URL"], console.log, ownNames()).catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}

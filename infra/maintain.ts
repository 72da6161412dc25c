import { parseArgs } from "node:util";
import { connect } from "../shared/db/connect.ts";
import { connectionFrom } from "../shared/db/default-database.ts";
import { maintenanceRepository } from "../shared/db/maintenance-repository.ts";
import { retentionRules, type ServiceRetention } from "../shared/domain/retention.ts";
import { weighWeeks } from "../shared/engine/let-go-weeks.ts";
import { maintain, MaintenanceFailedError } from "../shared/engine/maintain.ts";
import { choresOn } from "../shared/lambda/maintain-app.ts";
import { retention } from "../shared/workflows/retention.ts";
import { explainArguments } from "./explain-arguments.ts";

const USAGE = "Usage: DATABASE_URL=<the owner's, or of a login in baton_maintainer> npm run maintain [-- --dry-run]";

/** What the retention would let go of each week, in lines for people; changes nothing. */
export async function dryRun(kept: ServiceRetention, log: (line: string) => void): Promise<void> {
  await using database = connect(connectionFrom(process.env));
  const weeks = await weighWeeks(maintenanceRepository(database), retentionRules(kept));
  const [sum, megabytes] = [{ runs: 0, bytes: 0 }, (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`];
  for (const { starts, runs, expired, bytes } of weeks) {
    const isWhole = expired === runs;
    const freed = isWhole ? bytes : (bytes * expired) / runs;
    log(`week of ${starts.slice(0, 10)}: ${isWhole ? "goes whole, " : ""}${expired} of ${runs} runs, ${megabytes(freed)}`);
    sum.runs += expired;
    sum.bytes += freed;
  }
  log(`${sum.runs} runs would be let go, ${megabytes(sum.bytes)}; nothing was done.`);
}

/** The whole maintenance by hand, without a deadline, and whether or not the database sleeps. */
async function maintainByHand(): Promise<void> {
  await using database = connect(connectionFrom(process.env));
  const log = (message: string, fields?: object) => console.log(JSON.stringify({ message, ...fields }));
  const logger = { debug: log, info: log, warn: log, error: log };
  const { failed } = await maintain({ chores: choresOn(database), logger, deadline: { remainingMs: () => Infinity } });
  if (Object.keys(failed).length > 0) throw new MaintenanceFailedError(failed);
}

async function main(args: string[]): Promise<void> {
  const options = { "dry-run": { type: "boolean", default: false } } as const;
  const { values } = explainArguments(USAGE, () => parseArgs({ args, options }));
  if (!process.env["DATABASE_URL"]) throw new Error(USAGE);
  await (values["dry-run"] ? dryRun(retention, console.log) : maintainByHand());
}

if (import.meta.main) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}

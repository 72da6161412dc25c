import { parseArgs } from "node:util";
import { connect } from "../shared/db/connect.ts";
import type { Database } from "../shared/db/database.ts";
import { connectionFrom } from "../shared/db/default-database.ts";
import { maintenanceRepository } from "../shared/db/maintenance-repository.ts";
import { keepsAll, retentionRules, type ServiceRetention } from "../shared/domain/retention.ts";
import { weighWeeks } from "../shared/engine/maintain/let-go-weeks.ts";
import { maintain, MaintenanceFailedError } from "../shared/engine/maintain/maintain.ts";
import { choresOn } from "../shared/lambda/chores.ts";
import { archive, retention } from "../shared/workflows/retention.ts";
import { explainArguments } from "./explain-arguments.ts";
import { chosenSchema } from "./service.ts";

const USAGE = `Usage: npm run maintain [-- --dry-run]
What is done once a day, at once: partitions ahead, old runs, indexes of closed weeks, the rollup, the audit's months.
--dry-run: only says what the retention would let go of each week.`;

/** What the retention would let go of each week, in lines for people; changes nothing. */
export async function dryRun(kept: ServiceRetention, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<void> {
  const rules = retentionRules(kept);
  if (keepsAll(rules)) return log("Everything is kept for ever: shared/workflows/retention.ts names no time. Nothing was done.");
  await using database = connectTo(env);
  const [sum, megabytes] = [{ runs: 0, bytes: 0 }, (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`];
  for (const { starts, runs, expired, bytes } of await weighWeeks(maintenanceRepository(database), rules)) {
    const isWhole = runs > 0 && expired === runs;
    const freed = isWhole ? bytes : (bytes * expired) / Math.max(runs, 1);
    log(`week of ${starts.slice(0, 10)}: ${isWhole ? "goes whole, " : ""}${expired} of ${runs} runs, ${megabytes(freed)}`);
    sum.runs += expired;
    sum.bytes += freed;
  }
  log(`${sum.runs} runs would be let go, ${megabytes(sum.bytes)}; nothing was done.`);
}

function connectTo(env: NodeJS.ProcessEnv): Database {
  return connect({ ...connectionFrom(env), schema: chosenSchema(env) });
}

/** Always a day; a timer of Infinity would be over at once. */
const deadline = { remainingMs: () => 86_400_000 };

/** The whole maintenance, whether or not the database sleeps. */
async function maintainByHand(): Promise<void> {
  await using database = connectTo(process.env);
  const log = (message: string, fields?: object) => console.log(JSON.stringify({ message, ...fields }));
  const logger = { debug: log, info: log, warn: log, error: log };
  const { failed } = await maintain({ chores: choresOn(database, { retention, archive }), logger, deadline });
  if (Object.keys(failed).length > 0) throw new MaintenanceFailedError(failed);
}

async function main(args: string[]): Promise<void> {
  const options = { "dry-run": { type: "boolean", default: false }, help: { type: "boolean", default: false } } as const;
  const { values } = explainArguments(USAGE, () => parseArgs({ args, options }));
  if (values.help) return console.log(USAGE);
  if (!process.env["DATABASE_URL"])
    throw new Error(
      "Set DATABASE_URL to the database to maintain, as its owner or as a login in baton_maintainer: DATABASE_URL=postgresql://… npm run maintain",
    );
  await (values["dry-run"] ? dryRun(retention, process.env, console.log) : maintainByHand());
}

if (import.meta.main) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}

import type { Database } from "../../shared/db/database.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import { createOperator } from "../../shared/operator.ts";
import { type DatabaseOptions, DEV_URL, givenUrl, tell } from "./context.ts";
import { defaultEntry, loadEntry, workflowIn } from "./entry.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { quiet } from "./quiet.ts";

/** What says which workflow is meant. */
export interface TargetFlags extends DatabaseOptions {
  /** The module that exports the workflows. */
  readonly entry?: string;
  readonly workflowVersion?: string;
}

/** A workflow, whose schema checks the input; or its name and version alone. */
export type RunTarget = AnyWorkflow | { readonly name: string; readonly version: number };

/**
 * What a run is to be made of, and says so unless the version was given. Only the code knows its
 * workflows: a database knows what it was given to run. Throws CommandError.
 */
export async function targetOf(database: Database, name: string, flags: TargetFlags): Promise<RunTarget> {
  const version = flags.workflowVersion === undefined ? undefined : Number(flags.workflowVersion);
  const { url, by } = givenUrl(flags);
  // The code of `dev` is that of this folder.
  const entry = flags.entry ?? (by === DEV_URL && version === undefined ? defaultEntry() : undefined);
  if (entry !== undefined) return sayWhy(workflowIn(await loadEntry(entry, url), name, version), `of ${entry}`);
  if (version !== undefined) return { name, version };
  const found = { name, version: await versionOfNewestRun(database, name) };
  return sayWhy(found, "that of its newest run here; --entry <module> takes the newest of the code, --workflow-version another");
}

function sayWhy<Target extends RunTarget>(target: Target, why: string): Target {
  tell(`${target.name}, version ${target.version}: ${why}`);
  return target;
}

async function versionOfNewestRun(database: Database, workflow: string): Promise<number> {
  const { runs } = await createOperator({ database, logger: quiet }).list({ workflow, limit: 1 });
  if (runs[0] !== undefined) return runs[0].version;
  throw new CommandError(
    EXIT.usage,
    `This database has no run of ${workflow} yet, and only the code knows its workflows: say --entry <module>, the one that exports ` +
      "workflows, or --workflow-version <version>.",
  );
}

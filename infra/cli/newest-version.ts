import type { Database } from "../../shared/db/database.ts";
import { createOperator } from "../../shared/operator.ts";
import { tell } from "./context.ts";
import { quiet } from "./quiet.ts";

/**
 * The version that the newest run of a workflow has; 1 where it has none yet. Only the code knows
 * its workflows: a database knows what it was given to run.
 */
export async function newestVersion(database: Database, workflow: string): Promise<number> {
  const { runs } = await createOperator({ database, logger: quiet }).list({ workflow, limit: 1 });
  const version = runs[0]?.version ?? 1;
  tell(
    `${workflow}, version ${version}${runs.length === 0 ? ": this database has no run of it yet; --workflow-version says another" : ""}`,
  );
  return version;
}

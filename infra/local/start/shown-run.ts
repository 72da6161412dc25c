import type { RunFacts } from "../../../shared/domain/run-protocol.ts";
import type { Database } from "../../../shared/db/database.ts";
import { inSchema } from "../../../shared/db/schema-name.ts";
import { describeRun, type RunView } from "../../../shared/engine/operate/describe-run.ts";

/** What the display knows of a run: no input and no outputs of steps. */
export type ShownRun = Pick<RunView, "id" | "workflow" | "status" | "error" | "waiting" | "steps">;
export type ShownStep = ShownRun["steps"][number];

/**
 * Inputs and outputs may have megabytes, and are not shown: they stay in the database. What was
 * stored without a handler tells how its node goes on.
 */
const READ = `
  select json_build_object(
    'id', facts -> 'id', 'workflow', facts -> 'workflow', 'status', facts -> 'status', 'error', facts -> 'error',
    'created_at', facts -> 'created_at', 'moment', facts -> 'moment', 'finished_at', facts -> 'finished_at',
    'run_at', facts -> 'run_at', 'blocked', facts -> 'blocked', 'failures', facts -> 'failures',
    'forgiven', facts -> 'forgiven', 'hidden', facts -> 'hidden',
    'checkpoints', (
      select coalesce(json_agg(json_build_object('node', c -> 'node', 'position', c -> 'position', 'attempt', c -> 'attempt',
        'started_at', c -> 'started_at', 'finished_at', c -> 'finished_at',
        'output', case when c ->> 'attempt' = '0' then c -> 'output' end)), '[]')
      from json_array_elements(facts -> 'checkpoints') as c)) as facts
  from unnest($1::uuid[]) as id, baton.find_run(id) as facts
  where facts is not null`;

/** Reads any number of runs with one statement; those that are not there are left out. */
export function shownRuns(database: Pick<Database, "query" | "schema">): (ids: readonly string[]) => Promise<ShownRun[]> {
  return async (ids) => {
    const rows = await database.query<{ facts: RunFacts }>(inSchema(READ, database.schema), [`{${ids.join(",")}}`]);
    return rows.map(({ facts }) => describeRun(facts, undefined, { stacks: false }));
  };
}

import { createOperator, type RunFilter, type RunSummary } from "../../shared/operator.ts";
import { tableOf } from "../report/table.ts";
import { confirm, type DatabaseOptions, openDatabase, placeOf, print, printJson, readInput, tell, urlOf } from "./context.ts";
import { CommandError, EXIT, exitCodeOf } from "./exit-codes.ts";
import { jsonOf } from "./json-of.ts";
import { quiet } from "./quiet.ts";

/** The flags of `runs list`, as texts. */
export interface ListFlags extends DatabaseOptions {
  readonly workflow?: string;
  readonly runVersion?: string;
  readonly status?: string;
  readonly attributes?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly endedAfter?: string;
  readonly endedBefore?: string;
  readonly errorName?: string;
  readonly failedNode?: string;
  readonly limit?: string;
  readonly cursor?: string;
  readonly json?: boolean;
}

/** `runs list`: a page of runs as a table, or the page itself as JSON. */
export async function listRuns(flags: ListFlags): Promise<void> {
  await using database = openDatabase(flags);
  const page = await createOperator({ database, logger: quiet }).list(filterOf(flags));
  if (flags.json) return printJson(page);
  print(tableOf(page.runs.map(rowOf)));
  if (page.more) tell(`There may be more: --cursor ${page.cursor}`);
}

function filterOf({ runVersion, attributes, limit, ...flags }: ListFlags): RunFilter {
  const texts = Object.entries(flags).filter(([flag]) => !["url", "schema", "json"].includes(flag));
  return {
    ...(Object.fromEntries(texts) as RunFilter),
    ...(runVersion !== undefined && { version: Number(runVersion) }),
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(attributes !== undefined && { attributes: jsonOf(attributes, "--attributes") as NonNullable<RunFilter["attributes"]> }),
  };
}

function rowOf({ id, workflow, version, status, createdAt, finishedAt }: RunSummary): Record<string, string | number | null> {
  return { id, workflow, version, status, created: createdAt, finished: finishedAt };
}

/** `runs get`: the run with its steps, as JSON. */
export async function getRun(id: string, flags: DatabaseOptions): Promise<void> {
  await using database = openDatabase(flags);
  const run = await createOperator({ database, logger: quiet }).get(id);
  if (run === null) throw new CommandError(EXIT.notFound, `No run of ${placeOf(urlOf(flags))} has the id ${id}.`);
  printJson(run);
}

/** The flags of what changes runs. */
export interface SteerFlags extends DatabaseOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
  /** Of `cancel`. */
  readonly undo?: boolean;
}

/**
 * `runs cancel` and `runs redrive`: one run or several, or `-` for ids on standard input. Goes on
 * after one that cannot be; the first such gives the exit code.
 */
export async function steerRuns(action: "cancel" | "redrive", given: readonly string[], flags: SteerFlags): Promise<void> {
  const ids = given.includes("-") ? (await readInput()).split(/\s+/).filter(Boolean) : given;
  if (ids.length === 0) throw new CommandError(EXIT.usage, "Say which runs, by their ids.");
  await confirm(`${action} ${ids.length === 1 ? `run ${ids[0]}` : `${ids.length} runs`} of ${placeOf(urlOf(flags))}`, flags.yes ?? false);
  await using database = openDatabase(flags);
  const operator = createOperator({ database, logger: quiet });
  const failures: unknown[] = [];
  for (const id of ids) {
    try {
      const steered = await operator[action](id, { ...(flags.undo && { undo: true }) });
      if (flags.json) print(JSON.stringify(steered));
      else print(`${steered.id}  ${steered.status}`);
    } catch (thrown) {
      failures.push(thrown);
      tell((thrown as Error).message);
    }
  }
  if (failures.length > 0) throw new CommandError(exitCodeOf(failures[0]), `${failures.length} of ${ids.length} could not be done.`);
}

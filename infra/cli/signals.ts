import { createOperator, type UnclaimedSignals } from "../../shared/operator.ts";
import { tableOf } from "../report/table.ts";
import { type DatabaseOptions, openDatabase, print, printJson, tell } from "./context.ts";
import { quiet } from "./quiet.ts";

/** The flags of `signals unclaimed`, as texts. */
export interface UnclaimedFlags extends DatabaseOptions {
  readonly workflow?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

/** `signals unclaimed`: a page of keys as a table, or the page itself as JSON. */
export async function listUnclaimed(flags: UnclaimedFlags): Promise<void> {
  const { workflow, limit, cursor } = flags;
  await using database = openDatabase(flags);
  const page = await createOperator({ database, logger: quiet }).listUnclaimed({ workflow, limit, cursor });
  if (flags.json) return printJson(page);
  print(tableOf(page.signals.map(rowOf)));
  if (page.more) tell(`There are more: --cursor ${page.cursor}`);
}

function rowOf({ workflow, name, key, count, oldestAt, expiresAt }: UnclaimedSignals): Record<string, string | number> {
  return { workflow, name, key, count, oldest: oldestAt, expires: expiresAt };
}

import { readFileSync } from "node:fs";
import { createClient } from "../../shared/client.ts";
import { toMilliseconds, type Duration } from "../../shared/domain/duration.ts";
import { openDatabase, print, printJson, readInput } from "./context.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { jsonOf } from "./json-of.ts";
import { quiet } from "./quiet.ts";
import { type TargetFlags, targetOf } from "./run-target.ts";
import { followRun } from "./tail.ts";

/** The flags of `trigger`. */
export interface TriggerFlags extends TargetFlags {
  /** JSON, `@file`, or `-` for standard input. */
  readonly data?: string;
  readonly key?: string;
  readonly delay?: string;
  readonly wait?: boolean;
  readonly timeout?: string;
  readonly json?: boolean;
}

/** `trigger`: stores a run, and follows it with `--wait`. */
export async function triggerRun(name: string, flags: TriggerFlags): Promise<void> {
  const input = await readData(flags.data ?? "{}");
  const timeoutMs = flags.timeout === undefined ? undefined : toMilliseconds(flags.timeout as Duration);
  await using database = openDatabase(flags);
  const target = await targetOf(database, name, flags);
  const client = createClient({ database, logger: quiet });
  const options = { ...(flags.key && { idempotencyKey: flags.key }), ...(flags.delay && { delay: flags.delay as Duration }) };
  const accepted = await client.enqueue(target as never, input as never, options);
  if (!flags.wait) return flags.json ? printJson(accepted) : print(accepted.id);
  if (!flags.json) print(accepted.id);
  await followRun(database, accepted.id, { ...flags, timeoutMs });
}

async function readData(given: string): Promise<unknown> {
  const text = given === "-" ? await readInput() : given.startsWith("@") ? readFile(given.slice(1)) : given;
  return jsonOf(text, "--data");
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandError(EXIT.usage, `--data names a file that cannot be read: ${file}.`, { cause });
  }
}

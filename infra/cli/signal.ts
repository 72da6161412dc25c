import { createClient } from "../../shared/client.ts";
import { confirm, type DatabaseOptions, openDatabase, placeOf, print, printJson, urlOf } from "./context.ts";
import { jsonOf } from "./json-of.ts";
import { quiet } from "./quiet.ts";

/** The flags of `runs signal`. */
export interface SignalFlags extends DatabaseOptions {
  /** By which the run waits; then a workflow is named, and no run. */
  readonly key?: string;
  /** The same id sends the same signal. */
  readonly id?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `runs signal`: sends a signal to a run, or by a business key to the one that has it. */
export async function signalRun(to: string, name: string, json: string, flags: SignalFlags): Promise<void> {
  const payload = jsonOf(json, "the payload");
  const { key, id } = flags;
  const whom = key === undefined ? `run ${to}` : `key ${key} of ${to}`;
  await confirm(`signal "${name}" to ${whom} of ${placeOf(urlOf(flags))}`, flags.yes ?? false);
  await using database = openDatabase(flags);
  const client = createClient({ database, logger: quiet });
  const sent =
    key === undefined
      ? { ...(await client.signal(to, name, payload, { id })), run: to }
      : await client.signalKey(to, name, key, payload, { id });
  if (flags.json) return printJson(sent);
  print(`${sent.run ?? "kept for the run that will wait by this key"}  ${sent.status}`);
}

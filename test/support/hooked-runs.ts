import type { HookEntries, ManifestEntry } from "../../shared/domain/protocol.ts";
import type { TestDatabase } from "./database.ts";

/** Both hooks of the workflow whose runs `newRun` makes. */
export const both: HookEntries = { failed: { name: "notify-ops", version: 3 }, ended: { name: "audit", version: 1 } };

/** A manifest in which that workflow has hooks. */
export function hooked(hooks?: HookEntries, name = "fulfil-order"): ManifestEntry[] {
  return [{ name, version: 1, shape: "new", ...(hooks && { hooks }) }];
}

/** A run that a hook has started, and which ending of which run it follows. */
export interface HookRun {
  readonly id: string;
  readonly run: string;
  readonly ending: number;
  readonly hook: string;
  readonly workflow: string;
  readonly version: number;
  readonly priority: number;
  readonly input: Record<string, unknown>;
}

/** What a deployment does, and what came of it. */
export function hooksOf({ query }: TestDatabase) {
  return {
    deploy: async (manifest: readonly ManifestEntry[]) =>
      (await query<{ answer: { changed: number } }>("select baton.replace_hooks($1) as answer", [JSON.stringify({ manifest })]))[0]!.answer,
    /** Runs that hooks have started, of one run or of all. */
    started: (run?: string) =>
      query<HookRun & Record<string, unknown>>(
        `select h.hook_run_id as id, h.run_id as run, h.ending, h.hook, r.workflow, r.version, r.priority, r.input
         from baton.hook_run h join baton.run r on r.id = h.hook_run_id where $1::uuid is null or h.run_id = $1
         order by h.ending, h.hook desc, h.run_id`,
        [run ?? null],
      ),
    registered: () =>
      query<Record<string, unknown>>("select name, version, when_failed as failed, when_ended as ended from baton.workflow order by 1, 2"),
  };
}

import { randomUUID } from "node:crypto";
import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { advanceRequest, block, claimRequest, member, newRun, step } from "./engine-calls.ts";

const TEXTS = "a9 a10 A10 a-10 co-op coop i I ı İ v w z Z ä a\u0308 ae é e\u0301 ss ß ﬀ ff Ω \u2126 あ ア ー \u200d";
/**
 * Texts that one collation or another holds for the same, or puts into another order than their
 * bytes.
 */
export const STRANGERS: readonly string[] = TEXTS.split(" ");

/** Uses each text as a workflow, a key and a node, and gives who was found under it. */
export async function liveAsStrangers(database: Database): Promise<Record<string, readonly unknown[]>> {
  const calls = runRepository(database);
  const runs = STRANGERS.map((text) => newRun({ workflow: text }));
  const place = (ids: readonly string[]) => ids.map((id) => runs.findIndex((run) => run.id === id)).toSorted((one, other) => one - other);
  const keyed = (run: (typeof runs)[number], key: string) => ({ ...run, key, hash: "h" });
  await calls.enqueue({ runs: runs.map((run) => keyed(run, "same")) });
  const ones = newRun({ workflow: "one" });
  const byKey = await calls.enqueue({
    runs: STRANGERS.map((text) => keyed({ ...newRun({ workflow: "one" }), ...(text === "a9" && ones) }, text)),
  });
  const again = await calls.enqueue({ runs: STRANGERS.map((text) => keyed(newRun({ workflow: "one" }), text)) });
  const token = randomUUID();
  const { runs: members } = await calls.claim(token, claimRequest({ max: 100 }));
  const nodes = members.find(({ id }) => id === ones.id)!;
  const strangers = members.filter(({ id }) => runs.some((run) => run.id === id));
  await calls.advance(
    token,
    1,
    advanceRequest({
      steps: STRANGERS.map((node, position) => step(nodes, { node, position, output: position })),
      done: [member(nodes)],
      blocked: strangers.map((run) => block(run, { workflow: runs.find(({ id }) => id === run.id)!.workflow, version: 1, shape: "old" })),
    }),
  );
  await calls.release(token);
  const listed: unknown[] = [];
  const unblocked: unknown[] = [];
  for (const workflow of STRANGERS) {
    listed.push(place((await calls.listRuns({ workflow, limit: 100 })).runs.map(({ id }) => id)));
    const woken = await calls.claim(randomUUID(), claimRequest({ max: 100, manifest: [{ name: workflow, version: 1, shape: "new" }] }));
    unblocked.push(place(woken.runs.map(({ id }) => id).filter((id) => runs.some((run) => run.id === id))));
  }
  const state = (await calls.state(ones.id)) as Record<string, unknown>;
  return {
    listed,
    unblocked,
    keys: [new Set(byKey.runs.map(({ id }) => id)).size],
    again: [JSON.stringify(again.runs.map(({ id }) => id)) === JSON.stringify(byKey.runs.map(({ id }) => id))],
    nodes: STRANGERS.map((node) => state[node]),
  };
}

import type { QueryAsOwner } from "../support/database.ts";
import type { Outcome, SceneCall } from "./scene.ts";

interface Kept {
  readonly status: string | null;
  readonly held: boolean;
  readonly ready: boolean;
  readonly blocked: boolean;
  readonly stop: boolean;
  readonly steps: number;
}

/** What a call promised by its answer, and does not hold: a sentence, or nothing. */
export async function brokenPromise(query: QueryAsOwner, made: SceneCall, { answer, sqlstate }: Outcome): Promise<string | undefined> {
  const name = /baton\.(\w+)\(/.exec(made.text)![1]!;
  if (sqlstate !== undefined) {
    return name === "advance" && sqlstate === "BT001" ? undefined : `${name} was refused with ${sqlstate}`;
  }
  const check = checks[name];
  return check && check(query, made, answer!);
}

const checks: Record<string, (query: QueryAsOwner, made: SceneCall, answer: Record<string, unknown>) => Promise<string | undefined>> = {
  async enqueue(query, _, answer) {
    for (const { id } of answer["runs"] as { id: string }[]) {
      const [row] = await query("select from baton.run where id = $1", [id]);
      if (row === undefined) return `enqueue answered ${id}, which is not stored`;
    }
    return undefined;
  },
  async cancel(query, { values: [id] }, { status }) {
    const kept = await look(query, id as string);
    if (status === "cancelled" && kept.status !== "cancelled") return `cancel said cancelled, and the run is ${kept.status ?? "going on"}`;
    // Asked in time or overtaken by an ending: both are true afterwards.
    if (status === "cancelling" && kept.status === null && !kept.stop) return "cancel said cancelling, and nothing will stop the run";
    return undefined;
  },
  async redrive(query, { values: [id] }, { status }) {
    const kept = await look(query, id as string);
    return status === "failed" && kept.status === "failed" ? "redrive said that it goes on, and it is still failed" : undefined;
  },
  async advance(query, { values: [, , round] }, answer) {
    const { steps, done } = JSON.parse(round as string) as { steps?: { run: string[] }; done?: { run: string[] } };
    const skipped = new Set([...(answer["stopped"] as string[]), ...(answer["lost"] as string[])]);
    for (const run of steps?.run ?? []) {
      if (!skipped.has(run) && (await look(query, run)).steps === 0) return `a round was applied, and the output of ${run} is not stored`;
    }
    for (const run of done?.run ?? []) {
      if (!skipped.has(run) && (await look(query, run)).status !== "done") return `a round was applied, and ${run} is not done`;
    }
    return undefined;
  },
};

async function look(query: QueryAsOwner, id: string): Promise<Kept> {
  const [kept] = await query<Kept & Record<string, unknown>>(
    `select (select status from baton.ending where run_id = $1) as status,
       exists (select from baton.ready where run_id = $1) as ready,
       exists (select from baton.blocked where run_id = $1) as blocked,
       exists (select from baton.lease where $1 = any (run_ids)) as held,
       exists (select from baton.control where run_id = $1) as stop,
       (select count(*)::integer from baton.checkpoint where run_id = $1) as steps`,
    [id],
  );
  return kept!;
}

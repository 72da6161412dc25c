import { hookFailsOf } from "./behaviour.ts";
import type { Relative } from "./judge-family.ts";
import type { Ended, Left } from "./verdict.ts";

/** A run that follows an ending. */
interface Follower extends Record<string, unknown> {
  readonly id: string;
  readonly run: string;
  /** How often that run had been redriven. */
  readonly ending: number;
  readonly hook: "failed" | "ended";
  readonly input: { readonly run: string; readonly status: string; readonly error: unknown };
}

const READ = `
  select h.hook_run_id as id, h.run_id as run, h.ending, h.hook, r.input
  from baton.hook_run h join baton.run r on r.id = h.hook_run_id where h.run_id = any ($1) order by h.ending`;

/** Each ending of a workflow with hooks is followed by a run of each, once, and no other is. */
export async function judgeHooks(
  hookRuns: readonly Ended[],
  runs: readonly Ended[],
  relatives: readonly Relative[],
  { query, faults }: Left,
): Promise<string[]> {
  if (relatives.every(({ model }) => model.spec.hooks === undefined)) return [];
  const followers = await query<Follower>(READ, [[...runs, ...hookRuns].map(({ id }) => id)]);
  for (const { hook, input } of followers) faults.count(`hook ${hook} of ${input.status}`);
  const known = new Set(followers.map(({ id }) => id));
  return [
    ...hookRuns.filter(({ id }) => !known.has(id)).map(({ id, workflow, key }) => `run ${id} of ${workflow} follows no ending of ${key}`),
    ...hookRuns.flatMap(judgeHookRun),
    ...runs.flatMap((run) => {
      const relative = relatives.find(({ key }) => key === run.key);
      const own = followers.filter((follower) => follower.run === run.id);
      return relative === undefined ? [] : judgeFollowers(run, relative, own).map((problem) => `run ${run.id}: ${problem}`);
    }),
  ];
}

function judgeHookRun({ id, workflow, status, place, error }: Ended): string[] {
  const expected = hookFailsOf(id) === Infinity ? "failed" : "done";
  return status === expected || error?.name === "PoisonError"
    ? []
    : [`run ${id} of the hook ${workflow} is ${status ?? place} in place of ${expected}`];
}

function judgeFollowers(run: Ended, { model, isAwaited }: Relative, followers: readonly Follower[]): string[] {
  const { failed, ended } = model.spec.hooks ?? {};
  const endings = Array.from({ length: run.redrives + (run.status === null ? 0 : 1) }, (_, n) => n);
  const of = (hook: Follower["hook"], ending: number) =>
    followers.filter((follower) => follower.hook === hook && follower.ending === ending);
  // Only what has failed is redriven, or, with its parent, what was cancelled with that.
  const statusOf = (ending: number) =>
    ending === run.redrives ? run.status! : (of("ended", ending)[0]?.input.status ?? (isAwaited ? "any" : "failed"));
  const problems = endings.flatMap((ending) => {
    const status = statusOf(ending);
    const [isFailed, mayBeFailed] = [failed !== undefined && status === "failed", failed !== undefined && status === "any"];
    return [
      ...judgeCount(`ending ${ending}, ${status}, is followed by hooks of failed`, of("failed", ending).length, isFailed, mayBeFailed),
      ...judgeCount(`ending ${ending}, ${status}, is followed by hooks of ended`, of("ended", ending).length, ended !== undefined, false),
    ];
  });
  const strays = followers.filter(({ ending }) => !endings.includes(ending));
  const last = followers.filter(
    ({ ending, input }) =>
      ending === run.redrives && (input.status !== run.status || JSON.stringify(input.error) !== JSON.stringify(run.error)),
  );
  return [
    ...problems,
    ...strays.map(({ ending, hook }) => `a hook of ${hook} follows ending ${ending}, which it does not have`),
    ...last.map(({ hook, input }) => `a hook of ${hook} is told ${JSON.stringify(input)} of an ending that is ${run.status}`),
  ];
}

function judgeCount(what: string, count: number, isDue: boolean, mayBe: boolean): string[] {
  if (count === (isDue ? 1 : 0) || (mayBe && count === 1)) return [];
  return [`${what} ${count} times`];
}

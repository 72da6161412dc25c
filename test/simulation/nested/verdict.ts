import { isOfUndo } from "../../../shared/domain/undo/ruling.ts";
import type { AnyWorkflow } from "../../../shared/domain/workflow-types.ts";
import type { QueryAsOwner } from "../../support/database.ts";
import type { Answerers } from "./answerers.ts";
import { differ, type Seen } from "./expectation.ts";
import type { Faults } from "./faults.ts";
import { judgeFamily, type Relative } from "./judge-family.ts";
import { judgeHooks } from "./judge-hooks.ts";
import { judgeUndo } from "./judge-undo.ts";
import { familyOf, timesOf, type Model } from "./model-shape.ts";
import type { Senders } from "./senders.ts";
import type { Tally } from "./world.ts";

export interface StoredRow {
  readonly node: string;
  readonly attempt: number;
  readonly output: unknown;
  /** When it was over, in microseconds since 1970. */
  readonly at: number;
}

export interface StoredFailure {
  readonly node: string;
  readonly at: number;
  readonly isFatal: boolean;
}

/** What is stored of a run at its end. */
export interface Ended {
  readonly id: string;
  readonly key: string;
  readonly workflow: string;
  readonly status: string | null;
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly place: string | null;
  readonly rows: readonly StoredRow[];
  readonly failures: readonly StoredFailure[];
  readonly effects: readonly string[];
  readonly redrives: number;
  /** Who has started it. */
  readonly parent: string | null;
  readonly path: string | null;
}

/** What a seed has left behind, and what there was to be. */
export interface Left {
  readonly query: QueryAsOwner;
  readonly roots: ReadonlyMap<string, Model>;
  readonly workflows: readonly AnyWorkflow[];
  readonly cancelled: ReadonlySet<string>;
  readonly undone: ReadonlyMap<string, readonly string[]>;
  readonly answerers: Answerers;
  readonly senders: Senders;
  readonly faults: Faults;
  readonly tally: Tally;
}

const READ = `
  select r.id, r.workflow, r.input ->> 'run' as key, e.status, e.error, baton.place_status(r.id, baton.now()) as place,
    coalesce((select json_agg(json_build_object('node', c.node, 'attempt', c.attempt, 'output', c.output,
        'at', (extract(epoch from c.finished_at) * 1000000)::bigint) order by c.position, c.node)
      from baton.checkpoint c where c.run_id = r.id), '[]') as rows,
    coalesce((select json_agg(json_build_object('node', f.node, 'at', (extract(epoch from f.finished_at) * 1000000)::bigint, 'isFatal', f.retry_at is null))
      from baton.failure f where f.run_id = r.id and f.node <> ''), '[]') as failures,
    coalesce((select json_agg(x.path) from test.effect x where x.run_id = r.id), '[]') as effects,
    (select count(*)::int from baton.redrive d where d.run_id = r.id) as redrives, h.parent_id as parent, h.path
  from baton.run r left join baton.ending e on e.run_id = r.id left join baton.child h on h.run_id = r.id
  where r.workflow = any ($1)`;

/** What is not as the models say. */
export async function judge(left: Left): Promise<string[]> {
  const { query, roots, workflows, tally } = left;
  const all = await query<Ended & Record<string, unknown>>(READ, [workflows.map(({ name }) => name)]);
  const relatives = [...roots].flatMap(([id, model]) => familyOf(id, model));
  const hooks = new Set(relatives.flatMap(({ model: { spec } }) => Object.values<string>({ ...spec.hooks })));
  const runs = all.filter(({ workflow }) => !hooks.has(workflow));
  tally.runs += all.length;
  const problems = [
    ...judgeFamily(runs, relatives, left),
    ...(await judgeHooks(
      all.filter(({ workflow }) => hooks.has(workflow)),
      runs,
      relatives,
      left,
    )),
  ];
  for (const run of runs) {
    tally.rows += run.rows.length;
    const relative = relatives.find(({ key }) => key === run.key);
    if (relative !== undefined) problems.push(...(await judgeRun(run, relative, left)).map((problem) => `run ${run.id}: ${problem}`));
  }
  return problems;
}

async function judgeRun(run: Ended, { key, model }: Relative, { undone, faults, answerers, senders }: Left): Promise<string[]> {
  const seen: Seen = new Map();
  const rows = run.rows.flatMap((row) => judgeRow(row, model, seen) ?? []);
  const isMissing = run.status === "done";
  const there = new Set(run.rows.map(({ node }) => timesOf(node)));
  const missing = [...model.rows].filter(([path, { optional }]) => isMissing && !optional && !there.has(path)).map(([path]) => path);
  return [
    ...rows,
    ...missing.map((path) => `nothing is stored at ${path}`),
    ...judgeEffects(run, there),
    ...judgeUndo(run, model, undone.get(run.id) ?? [], faults),
    ...judgeAnswers(run, answerers),
    ...(await senders.judge({ run: run.id, key }, run.rows)),
  ];
}

function judgeRow({ node, attempt, output }: StoredRow, { rows }: Model, seen: Seen): string | undefined {
  if (isOfUndo(node)) return undefined;
  const expected = rows.get(timesOf(node));
  if (expected === undefined) return `${node} is stored, which is none of the model's`;
  const problem = differ(expected.output, output, seen, `the output of ${node}`);
  if (problem !== undefined) return problem;
  if (expected.attempt === undefined || expected.attempt === attempt) return undefined;
  return `${node} is attempt ${attempt} in place of ${expected.attempt}`;
}

/** No deadline beats an answer that was accepted before. */
function judgeAnswers({ id, rows }: Ended, answerers: Answerers): string[] {
  return rows.flatMap(({ node, output, attempt }) => {
    const isExpired = (output as { decision?: unknown } | null)?.decision === "expired";
    const asked = Math.max(...rows.map((row) => (row.node.startsWith(`${node}/~until/`) ? Number(row.node.slice(-5)) : -1)));
    return answerers
      .acceptedFor(id, node)
      .filter((ticket) => (ticket.kind === "approval" ? isExpired && ticket.generation === asked : ticket.attempt !== attempt))
      .map((ticket) => `${node} has come to ${JSON.stringify(output)}, although an answer was accepted: ${JSON.stringify(ticket)}`);
  });
}

/** Each statement's effect is there once, with its row. */
function judgeEffects({ effects }: Ended, there: ReadonlySet<string>): string[] {
  const twice = effects.filter((path, n) => effects.indexOf(path) !== n).map((path) => `the statements of ${path} were applied twice`);
  return [...twice, ...effects.filter((path) => !there.has(path)).map((path) => `the statements of ${path} have no row`)];
}

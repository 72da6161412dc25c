import type { QueryAsOwner } from "../../support/database.ts";
import type { Answerers } from "./answerers.ts";
import { differ, type Seen } from "./expectation.ts";
import { timesOf, type Model } from "./model.ts";
import type { Operators } from "./operators.ts";
import type { Senders } from "./senders.ts";
import type { Tally } from "./world.ts";

interface StoredRow {
  readonly node: string;
  readonly attempt: number;
  readonly output: unknown;
}

/** What is stored of a run at its end. */
interface Ended {
  readonly id: string;
  readonly status: string | null;
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly place: string | null;
  readonly rows: readonly StoredRow[];
  readonly effects: readonly string[];
}

const READ = `
  select r.id, e.status, e.error, baton.place_status(r.id, baton.now()) as place,
    coalesce((select json_agg(json_build_object('node', c.node, 'attempt', c.attempt, 'output', c.output) order by c.position, c.node)
      from baton.checkpoint c where c.run_id = r.id), '[]') as rows,
    coalesce((select json_agg(x.path) from test.effect x where x.run_id = r.id), '[]') as effects
  from baton.run r left join baton.ending e on e.run_id = r.id where r.id = any ($1)`;

/** What is not as the models say. */
export async function judge(
  query: QueryAsOwner,
  models: ReadonlyMap<string, Model>,
  { cancelled }: Operators,
  answerers: Answerers,
  senders: Senders,
  tally: Tally,
): Promise<string[]> {
  const ended = await query<Ended & Record<string, unknown>>(READ, [[...models.keys()]]);
  const problems: string[] = [];
  for (const run of ended) {
    tally.rows += run.rows.length;
    const ofRun = judgeRun(run, models.get(run.id)!, cancelled.has(run.id));
    const all = [...ofRun, ...judgeAnswers(run, answerers), ...(await senders.judge(run.id, run.rows))];
    problems.push(...all.map((problem) => `run ${run.id}: ${problem}`));
  }
  return problems;
}

function judgeRun(run: Ended, model: Model, wasCancelled: boolean): string[] {
  const seen: Seen = new Map();
  const rows = run.rows.flatMap((row) => judgeRow(row, model, seen) ?? []);
  const isMissing = run.status === "done";
  const there = new Set(run.rows.map(({ node }) => timesOf(node)));
  const missing = [...model.rows].filter(([path, { optional }]) => isMissing && !optional && !there.has(path)).map(([path]) => path);
  return [
    ...judgeStatus(run, model, wasCancelled),
    ...rows,
    ...missing.map((path) => `nothing is stored at ${path}`),
    ...judgeEffects(run, there),
  ];
}

function judgeStatus({ status, error, place }: Ended, { stays }: Model, wasCancelled: boolean): string[] {
  if (status === (stays ? "failed" : "done") || (status === "cancelled" && wasCancelled)) return [];
  return [`it is ${status ?? place} in place of ${stays ? "failed" : "done"}${error === null ? "" : `: ${JSON.stringify(error)}`}`];
}

function judgeRow({ node, attempt, output }: StoredRow, { rows }: Model, seen: Seen): string | undefined {
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

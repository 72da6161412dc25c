import pg from "pg";
import { decodeRuns } from "../../shared/domain/wire.ts";

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly "WAL Bytes"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** One scan of a relation that really ran. */
export interface Scan {
  readonly type: string;
  readonly relation: string;
  readonly index: string | undefined;
  /** All that it read, also those that a filter removed. */
  readonly rows: number;
}

/** One statement as it ran inside a function, with the scans that it did. */
export interface Ran {
  readonly statement: string;
  readonly scans: readonly Scan[];
  /** Pages of 8 KB that it touched, with everything that it called. */
  readonly buffers: number;
  /** Bytes of WAL, but for the commit record. */
  readonly wal: number;
}

/** A partition of the state, with its week. */
export const PARTITIONED = /^(run|checkpoint|failure|ending)_(\d+)$/;
const KEYED = new Set(["ready", "dedup", "wait", "message", "signal_key", "unclaimed"]);

/** Statements that read a table as a whole which they should look into by key. */
export function sequentialScans(ran: readonly Ran[]): string[] {
  return ran.flatMap(({ statement, scans }) =>
    scans
      .filter(({ type, relation }) => type === "Seq Scan" && (PARTITIONED.test(relation) || KEYED.has(relation)))
      .map(({ relation }) => `reads all of ${relation}: ${statement.trim().slice(0, 60)}`),
  );
}

/** The looks at ready that take runs out of it. */
export function takingScans(ran: readonly Ran[]): Scan[] {
  const taking = ran.filter(({ statement }) => /from baton\.ready q[^]*for update skip locked/.test(statement));
  return taking.flatMap(({ scans }) => scans.filter(({ relation }) => relation === "ready"));
}

const SETTINGS = [
  "load 'auto_explain'",
  "set auto_explain.log_min_duration = 0",
  "set auto_explain.log_nested_statements = on",
  "set auto_explain.log_analyze = on",
  "set auto_explain.log_timing = off",
  "set auto_explain.log_buffers = on",
  "set auto_explain.log_wal = on",
  "set auto_explain.log_format = json",
  "set auto_explain.log_level = notice",
  "set plan_cache_mode = force_generic_plan",
  "set jit = off",
];

/**
 * A session of its own that tells the plan of each statement, those inside functions too. Needs a
 * superuser.
 */
export async function explainingSession(url: string, settings: readonly string[] = []) {
  const session = new pg.Client({ connectionString: url });
  await session.connect();
  for (const setting of [...SETTINGS, ...settings]) await session.query(setting);
  const plans: Ran[] = [];
  session.on("notice", ({ message }) => {
    const json = /^duration: .* plan:\n([^]*)$/.exec(message ?? "")?.[1];
    if (json === undefined) return;
    const { "Query Text": statement, Plan: plan } = JSON.parse(json) as { "Query Text": string; Plan: PlanNode };
    const buffers = (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0);
    plans.push({ statement, scans: scansOf(plan), buffers, wal: plan["WAL Bytes"] ?? 0 });
  });
  return {
    /**
     * Runs one call and gives its answer, every statement that ran for it, the buffers that it
     * touched and the WAL that it wrote.
     */
    async call(text: string, ...values: unknown[]): Promise<{ answer: unknown; ran: Ran[]; buffers: number; wal: number }> {
      plans.length = 0;
      const { rows } = await session.query(`select ${text} as answer`, values);
      const { answer } = rows[0];
      return {
        answer: /^baton\.(claim|advance)\(/.test(text) ? decodeRuns(answer) : answer,
        ran: [...plans],
        buffers: plans.at(-1)!.buffers,
        wal: plans.at(-1)!.wal,
      };
    },
    [Symbol.asyncDispose]: () => session.end(),
  };
}

function scansOf(node: PlanNode): Scan[] {
  const below = (node.Plans ?? []).flatMap(scansOf);
  const loops = node["Actual Loops"] ?? 0;
  const relation = node["Relation Name"] ?? "";
  if (loops === 0 || relation === "" || !node["Node Type"].endsWith("Scan")) return below;
  const rows = ((node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0)) * loops;
  return [{ type: node["Node Type"], relation, index: indexOf(node), rows }, ...below];
}

/** Of a bitmap, the first of those that it is made of. */
function indexOf(node: PlanNode): string | undefined {
  return node["Index Name"] ?? (node.Plans ?? []).map(indexOf).find((index) => index !== undefined);
}

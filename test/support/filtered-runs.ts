import type { ListRequest, RunStatus } from "../../shared/domain/run-protocol.ts";
import type { QueryAsOwner } from "./database.ts";

const DAY_MS = 86_400_000;
const STATUSES = ["done", "failed", "cancelled", "ready", "waiting", "running", "blocked"] as const;
const WORKFLOWS = ["a", "b", "c"];
const NODES = ["charge", "ship"];
const ERRORS = ["PaymentError", "TimeoutError", "x".repeat(200)];
const ATTRIBUTES = [{ customer: "c-1" }, { customer: "c-2", tags: ["eu", "vip"] }, { tags: ["eu"] }, { deep: { in: [{ side: 1 }] } }];

/** A run as the rows of all tables tell of it. */
export interface FilteredRun {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly created_at: string;
  readonly status: RunStatus;
  readonly ended_at: string | undefined;
  readonly error_name: string | undefined;
  readonly attributes: object | undefined;
  readonly failures: readonly { readonly node: string; readonly attempt: number; readonly final: boolean }[];
  readonly checkpoints: readonly string[];
}

const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!;
const iso = (ms: number) => new Date(ms).toISOString();

/** Runs of the last weeks before now, of every status, some redriven. */
export function makeRuns(count: number, weeks: number, now: number, random: () => number): FilteredRun[] {
  return Array.from({ length: count }, () => {
    const created = now - random() * weeks * 7 * DAY_MS;
    const status = pick(STATUSES, random);
    const ended = ["done", "failed", "cancelled"].includes(status) ? iso(created + random() * (now - created)) : undefined;
    const failures = NODES.flatMap((node) =>
      [1, 2].filter(() => random() < 0.4).map((attempt) => ({ node, attempt, final: random() < 0.6 })),
    );
    return {
      id: idOf(created + (random() < 0.1 ? -random() * DAY_MS : 0), random),
      workflow: pick(WORKFLOWS, random),
      version: 1 + Math.floor(random() * 2),
      created_at: iso(created),
      status,
      ended_at: ended,
      error_name: status === "failed" ? pick(ERRORS, random) : undefined,
      attributes: random() < 0.6 ? pick(ATTRIBUTES, random) : undefined,
      failures,
      checkpoints: NODES.filter(() => random() < 0.3),
    };
  });
}

function idOf(ms: number, random: () => number): string {
  const hex = (digits: number) =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  const time = Math.floor(ms).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-8${hex(3)}-${hex(6)}${hex(6)}`;
}

const TABLES = `
  with made as (
    select * from jsonb_to_recordset($1::jsonb) as r (id uuid, workflow text, version integer, created_at timestamptz, status text, ended_at timestamptz,
      error_name text, attributes jsonb, failures jsonb, checkpoints jsonb)
  ), runs as (
    insert into baton.run select id, workflow, version, 2, '{}', created_at, created_at from made
  ), endings as (
    insert into baton.ending select id, status, case when status = 'failed' then jsonb_build_object('name', error_name, 'message', 'm') end, ended_at
    from made where ended_at is not null
  ), attributes as (
    insert into baton.attribute select id, attributes from made where attributes is not null
  ), ready as (
    insert into baton.ready select id, 2, case status when 'ready' then baton.now() - interval '1 minute' else baton.now() + interval '1 day' end, 20, false
    from made where status in ('ready', 'waiting')
  ), blocked as (
    insert into baton.blocked select id, workflow, version, '', 'unknown', baton.now() from made where status = 'blocked'
  ), leases as (
    insert into baton.lease select gen_random_uuid(), 0, baton.now() + interval '1 hour', baton.now(), 0, repeat('0', count(*)::integer)::varbit, 0,
      repeat('1', count(*)::integer)::varbit, null, array_agg(id) from made where status = 'running'
  ), checkpoints as (
    insert into baton.checkpoint select id, node, nth, 1, created_at, created_at, '1'
    from made cross join lateral jsonb_array_elements_text(checkpoints) with ordinality as c (node, nth)
  )
  insert into baton.failure select id, f ->> 'node', (f ->> 'attempt')::integer, created_at, created_at,
    case when not (f ->> 'final')::boolean then created_at end, '{"name": "Error", "message": "m"}'
  from made cross join lateral jsonb_array_elements(failures) as f`;

/** Writes them into the tables, as the engine leaves them. */
export async function storeRuns(query: QueryAsOwner, runs: readonly FilteredRun[]): Promise<void> {
  await query(TABLES, [JSON.stringify(runs)]);
}

/** A filter that some of them may fit. */
export function makeFilter(runs: readonly FilteredRun[], random: () => number): Partial<ListRequest> {
  const time = () => pick(runs, random).created_at;
  const filters: (() => Partial<ListRequest>)[] = [
    () => ({ workflow: pick(WORKFLOWS, random) }),
    () => ({ version: pick([1, 2, 3], random) }),
    () => ({ status: pick(STATUSES, random) }),
    () => ({
      attributes: pick([{}, { tags: ["eu"] }, { customer: "c-1" }, { deep: { in: [{}] } }, { deep: { in: [{ side: 1 }] } }], random),
    }),
    () => ({ created_after: time() }),
    () => ({ created_before: time() }),
    () => ({ ended_after: time() }),
    () => ({ ended_before: time() }),
    () => ({ error_name: pick(ERRORS, random) }),
    () => ({ failed_node: pick(NODES, random) }),
  ];
  return Object.assign({}, ...Array.from({ length: Math.floor(random() * 4) }, () => pick(filters, random)())) as Partial<ListRequest>;
}

/** Whether a run is one that a list with this filter shows, as its documentation says. */
export function fits(run: FilteredRun, filter: Partial<ListRequest>): boolean {
  const within = (time: string | undefined, after?: string, before?: string) =>
    (after === undefined && before === undefined) ||
    (time !== undefined && (after === undefined || time >= after) && (before === undefined || time < before));
  return (
    (filter.workflow ?? run.workflow) === run.workflow &&
    (filter.version ?? run.version) === run.version &&
    (filter.status ?? run.status) === run.status &&
    within(run.created_at, filter.created_after, filter.created_before) &&
    within(run.ended_at, filter.ended_after, filter.ended_before) &&
    (filter.error_name === undefined || run.error_name === filter.error_name) &&
    (filter.failed_node === undefined || failedAt(run, filter.failed_node)) &&
    (filter.attributes === undefined || contains(run.attributes, filter.attributes))
  );
}

function failedAt(run: FilteredRun, node: string): boolean {
  const last = run.failures.findLast((failure) => failure.node === node);
  return run.status === "failed" && last?.final === true && !run.checkpoints.includes(node);
}

/** As `@>` of JSONB. */
function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) return Array.isArray(whole) && part.every((item) => whole.some((one) => contains(one, item)));
  if (typeof part !== "object" || part === null) return whole === part;
  if (typeof whole !== "object" || whole === null || Array.isArray(whole)) return false;
  return Object.entries(part).every(([key, value]) => key in whole && contains((whole as Record<string, unknown>)[key], value));
}

import type pg from "pg";
import { withClient } from "../../infra/migrate/connection.ts";
import { assertInvariants } from "../support/invariants.ts";
import { type Ledger, readAttempts } from "./ledger.ts";
import type { StormServer } from "./server.ts";
import { judgeFamilies } from "./verdict-families.ts";
import { IS_UNDONE, look } from "./watch.ts";
import { type LedgerLine, stepBefore } from "./workflow.ts";

/** What it came to; runs that were promised and are not there, and effects that happened twice. */
export interface Verdict {
  readonly runs: number;
  readonly attempts: number;
  readonly lost: number;
  readonly doubled: number;
}

interface StoredStep {
  readonly run: string;
  readonly node: string;
  readonly attempt: number;
  readonly nonce: string;
}

/** Holds the database against the ledger; what does not fit becomes a problem of the ledger's. */
export async function judge(server: StormServer, ledger: Ledger): Promise<Verdict> {
  const expected = new Map(ledger.seen);
  await look(server, ledger, 1e9);
  return withClient(server.ownerUrl, async (client) => {
    await assertInvariants(async (text) => (await client.query(text)).rows as never).catch((error: unknown) =>
      ledger.problem((error as Error).message),
    );
    const [lost, doubled] = [await judgeRuns(client, ledger), await judgeEntries(client, ledger)];
    const attempts = readAttempts(server.folder);
    await judgeSteps(client, ledger, attempts);
    await judgeWaits(client, ledger);
    await judgeFamilies(client, ledger, attempts);
    await judgeRollup(client, ledger);
    await judgeActions(client, ledger);
    await requireSeen(client, ledger, expected);
    return { runs: ledger.accepted.size, attempts: attempts.length, lost, doubled };
  });
}

/**
 * Each promised run is there, under its tag, once, and has ended: done, undone, or cancelled where
 * somebody asked for that.
 */
async function judgeRuns(client: pg.Client, ledger: Ledger): Promise<number> {
  const { rows } = await client.query<{ id: string; tag: string; status: string | null }>(
    `select r.id, r.input ->> 'tag' as tag, case when e.status = 'failed' and r.workflow = 'storm-saga' and ${IS_UNDONE} then 'undone' else e.status end as status
     from baton.run r left join baton.ending e on e.run_id = r.id where r.workflow not in ('storm-part', 'storm-note')`,
  );
  const stored = new Map(rows.map((row) => [row.id, row]));
  const lost = [...ledger.accepted].filter(([id, tag]) => stored.get(id)?.tag !== tag);
  for (const [id, tag] of lost) ledger.problem(`${id} (${tag}) was promised and is not stored`);
  for (const [tag, runs] of Map.groupBy(rows, (row) => row.tag)) {
    if (runs.length > 1) ledger.problem(`${tag} was stored ${runs.length} times`);
    if (!ledger.sent.has(tag)) ledger.problem(`${tag} is stored, and nobody sent it`);
  }
  for (const { id, tag, status } of rows) {
    if (status !== "done" && status !== "undone" && !(status === "cancelled" && ledger.cancels.has(id)))
      ledger.problem(`${id} (${tag}) ended as ${status}`);
  }
  return lost.length;
}

/**
 * Each redrive and each run that was cancelled has its row in the audit: nothing of it is so old
 * that it went.
 */
async function judgeActions(client: pg.Client, ledger: Ledger): Promise<void> {
  const { rows } = await client.query<{ run_id: string; what: string }>(`
    with redriven as (
      select run_id, count(*) as times from baton.redrive group by run_id
    ), noted as (
      select run_id, count(*) as times from baton.audit where action = 'redrive' group by run_id
    )
    select run_id, 'was redriven and not noted so often' as what
    from redriven full join noted using (run_id) where redriven.times is distinct from noted.times
    union all
    select e.run_id, 'was cancelled, and nobody is noted' from baton.ending e
    where e.status = 'cancelled' and not exists (select from baton.child c where c.run_id = e.run_id and not c.detached)
      and not exists (select from baton.audit a where a.run_id = e.run_id and a.action = 'cancel')`);
  for (const { run_id: run, what } of rows) ledger.problem(`${run} ${what}`);
}

/** One debit and one credit for each run that is done, for others at most. */
async function judgeEntries(client: pg.Client, ledger: Ledger): Promise<number> {
  const { rows } = await client.query<{ run_id: string; wrong: boolean }>(`
    select run_id, count(*) > 2 or count(distinct account) <> count(*) as wrong from storm.entry group by run_id having count(*) <> 2
    union all
    select c.run_id, false from baton.checkpoint c where c.node = 'book' and not exists (select from storm.entry e where e.run_id = c.run_id)
    union all
    select e.run_id, false from storm.entry e
    where not exists (select from baton.checkpoint c where c.run_id = e.run_id and c.node = 'book') group by e.run_id
    union all
    select d.run_id, false from baton.ending d
    join baton.run r on r.id = d.run_id and r.workflow = 'storm'
    where d.status = 'done' and not exists (select from storm.entry e where e.run_id = d.run_id)`);
  for (const { run_id: run, wrong } of rows)
    ledger.problem(`${run} was booked ${wrong ? "more than once" : "without its output, or half"}`);
  return rows.filter(({ wrong }) => wrong).length;
}

/**
 * Each stored output is that of one attempt that was made, and each attempt saw the stored output
 * of the step before.
 */
async function judgeSteps(client: pg.Client, ledger: Ledger, attempts: readonly LedgerLine[]): Promise<void> {
  const { rows } = await client.query<StoredStep>(
    "select run_id as run, node, attempt, output ->> 'nonce' as nonce from baton.checkpoint where node in ('first', 'second', 'third')",
  );
  const stored = new Map(rows.map((step) => [`${step.run} ${step.node}`, step]));
  const made = new Map(attempts.map((line) => [line.nonce, line]));
  for (const { run, node, attempt, nonce } of rows) {
    const line = made.get(nonce);
    if (line?.run !== run || line.node !== node) ledger.problem(`the output of ${node} in ${run} is that of no attempt that was made`);
    else if (line.attempt !== attempt) ledger.problem(`${node} in ${run}: attempt ${line.attempt} is stored as attempt ${attempt}`);
  }
  for (const { run, node, saw } of attempts) {
    const before = stepBefore[node];
    const told = before === undefined ? null : stored.get(`${run} ${before}`)?.nonce;
    if (saw !== told) ledger.problem(`an attempt of ${node} in ${run} saw ${saw} of the step before, and ${told} is stored`);
  }
}

/** Whoever waited has gone on with what was sent, and nothing that was sent lies about twice. */
async function judgeWaits(client: pg.Client, ledger: Ledger): Promise<void> {
  const { rows } = await client.query<{ tag: string; what: unknown }>(`
    with gate as (
      select r.input ->> 'tag' as tag, e.status,
        (select c.output from baton.checkpoint c where c.run_id = r.id and c.node = 'gate/waits/go') as go,
        (select c.output from baton.checkpoint c where c.run_id = r.id and c.node = 'gate/waits/sign-off') as sign_off,
        (select c.output from baton.checkpoint c where c.run_id = r.id and c.node = 'gate/waits/work') as work
      from baton.run r left join baton.ending e on e.run_id = r.id where (r.input ->> 'waits')::boolean
    )
    select tag, json_build_array(go, sign_off, work) as what from gate
    where go <> jsonb_build_object('tag', tag) or sign_off ->> 'decision' <> 'yes' or sign_off ->> 'by' <> tag or work <> jsonb_build_object('tag', tag)
      or (status = 'done' and (go is null or sign_off is null or work is null))
    union all
    select m.body ->> 'tag', '"left"' from baton.message m where m.name = 'go' group by m.body ->> 'tag' having count(*) > 1`);
  for (const { tag, what } of rows) ledger.problem(`${tag} waited, and has come to ${JSON.stringify(what)}`);
}

/**
 * The sums by minute, rolled up by ticks in the midst of it, are those of a recount; a redrive took
 * a failed ending back, or that of a child which was cancelled with its parent: it stays counted.
 */
async function judgeRollup(client: pg.Client, ledger: Ledger): Promise<void> {
  await client.query("select baton.sweep_rollup(1000000, 'infinity')");
  const { rows } = await client.query<{ what: string; sum: number; counted: number }>(`
    with sums as (select sum(enqueued) as enqueued, sum(done) as done, sum(failed) as failed, sum(cancelled) as cancelled,
      sum(steps) as steps, sum(failures) as failures from baton.rollup)
    select what, sum::int, counted::int from sums cross join lateral (values
      ('enqueued', enqueued, (select count(*) from baton.run)),
      ('done', done, (select count(*) from baton.ending where status = 'done')),
      ('failed or cancelled', failed + cancelled, (select count(*) from baton.ending where status <> 'done') + (select count(*) from baton.redrive)),
      ('steps', steps, (select count(*) from baton.steps where not is_sleep)),
      ('failures', failures, (select count(*) from baton.failure))) as v (what, sum, counted)
    where sum is distinct from counted`);
  for (const { what, sum, counted } of rows) ledger.problem(`the rollup has ${sum} ${what}, and there are ${counted}`);
}

/** What was seen during the storm is still there. */
async function requireSeen(client: pg.Client, ledger: Ledger, expected: ReadonlyMap<string, string>): Promise<void> {
  const { rows } = await client.query<{ what: string }>(
    "select run_id || ' ' || node as what from baton.checkpoint union all select run_id || ' ended as' from baton.ending",
  );
  const there = new Set(rows.map(({ what }) => what));
  for (const [what, value] of expected) if (!there.has(what)) ledger.problem(`${what} ${value} was stored, and is gone`);
}

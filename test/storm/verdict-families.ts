import type pg from "pg";
import type { Ledger } from "./ledger.ts";
import type { LedgerLine } from "./workflow.ts";

/** Each row is a fact that must not be: (run_id, what). */
const WRONG = `
  -- Whatever died meanwhile: each node has started one run.
  select c.parent_id as run_id, c.path || ' has ' || count(*) || ' children' as what from baton.child c group by 1, c.path having count(*) > 1
  union all
  select r.id, 'is done, and has ' || count(c.run_id) filter (where e.status = 'done') || ' awaited children that are'
  from baton.run r join baton.ending p on p.run_id = r.id and p.status = 'done'
  left join baton.child c on c.parent_id = r.id and not c.detached left join baton.ending e on e.run_id = c.run_id
  where r.workflow = 'storm-family' group by r.id having count(c.run_id) filter (where e.status = 'done') <> 2
  union all
  select r.id, 'is a part of no run' from baton.run r where r.workflow = 'storm-part' and not exists (select from baton.child c where c.run_id = r.id)
  union all
  -- The hooks of endings; invariants.sql has that none of the last ones is without.
  select r.id, 'follows no ending' from baton.run r
  where r.workflow = 'storm-note' and not exists (select from baton.hook_run h where h.hook_run_id = r.id)
  union all
  select r.id, 'has ended ' || 1 + (select count(*) from baton.redrive d where d.run_id = r.id) || ' times, and is followed ' || count(h.hook_run_id) || ' times'
  from baton.run r left join baton.hook_run h on h.run_id = r.id and h.hook = 'ended'
  where r.workflow in ('storm-family', 'storm-saga') group by r.id having count(h.hook_run_id) <> 1 + (select count(*) from baton.redrive d where d.run_id = r.id)
  union all
  select d.run_id, 'has ' || count(*) || ' entries of its deposit, of ' || sum(d.amount) from storm.deposit d
  group by d.run_id having count(*) <> (
    select count(*) from baton.checkpoint c where c.run_id = d.run_id and c.node in ('deposit', '~undo/deposit'))
  union all
  select u.run_id, 'is undone of ' || (u.output #>> '{}') || ', and has ' || count(c.node) || ' rows of that'
  from baton.checkpoint u left join baton.checkpoint c on c.run_id = u.run_id and starts_with(c.node, '~undo/')
  where u.node = '~undone' group by u.run_id, u.output having (u.output #>> '{}')::int <> count(c.node)
  union all
  select r.id, 'is undone, but for ' || c.node
  from baton.run r join baton.checkpoint u on u.run_id = r.id and u.node = '~undone'
  join baton.checkpoint c on c.run_id = r.id and c.node in ('reserve', 'deposit', 'hire')
  where not exists (select from baton.checkpoint d where d.run_id = r.id and d.node = '~undo/' || c.node)`;

/** Children once, a hook's run for each ending, and what was done is undone, the last first. */
export async function judgeFamilies(client: pg.Client, ledger: Ledger, attempts: readonly LedgerLine[]): Promise<void> {
  const { rows } = await client.query<{ run_id: string; what: string }>(WRONG);
  for (const { run_id: run, what } of rows) ledger.problem(`${run} ${what}`);
  const { rows: undone } = await client.query<{ id: string }>(
    "select run_id || ' ' || node as id from baton.checkpoint where node in ('~undo/reserve', '~undo/hire')",
  );
  const made = new Set(attempts.map(({ run, node }) => `${run} ${node}`));
  for (const { id } of undone) if (!made.has(id)) ledger.problem(`${id} is stored, and nobody has done it`);
  const { rows: counts } = await client.query<Record<string, number>>(`
    select (select count(*) from baton.child)::int as children, (select count(*) from baton.hook_run)::int as hooks,
      (select count(*) from baton.checkpoint where node = '~undone' and output <> '0')::int as undone,
      (select count(*) from baton.redrive d join baton.child using (run_id))::int as redriven`);
  Object.assign(ledger.families, counts[0]);
}

import type { QueryAsOwner } from "./database.ts";

/**
 * Fills a database with what `docs/data.md` asks about: 12 orders of the last two hours, of which
 * one has failed and one waits, and 4 newsletters; with steps, failures, attributes and two actions
 * of operators. Nothing depends on chance; times are so long before now.
 */
export async function fillDataPage(query: QueryAsOwner): Promise<void> {
  await query("select baton.make_partitions(now() - interval '3 days', now() + interval '1 day', false)");
  for (const statement of STATEMENTS) await query(statement);
}

/**
 * The n-th run, newest last; its id and its creation are of the same moment. Run 7 has ended 5 s
 * more than an hour ago, so that for almost six minutes, longer than a test lives, the same runs
 * are older than an hour: every bound of the page is met as late.
 */
const RUNS = `
  create temp table filled as
  select n, now() - (17 - n) * interval '6 minutes' - interval '45 seconds' as at,
    overlay(baton.id_at(now() - (17 - n) * interval '6 minutes' - interval '45 seconds')::text placing lpad(n::text, 12, '0') from 25)::uuid as id,
    case when n % 4 = 0 then 'send-newsletter' else 'fulfil-order' end as workflow
  from generate_series(1, 16) as n`;

const STATEMENTS = [
  RUNS,
  `insert into baton.run (id, workflow, version, priority, input, start_at, created_at)
   select id, workflow, 1, 2, case workflow
     when 'fulfil-order' then jsonb_build_object('orderId', 'o-' || n, 'amountCents', n * 1000, 'items', jsonb_build_array(
       jsonb_build_object('sku', 'book-' || n % 3, 'quantity', n % 2 + 1), jsonb_build_object('sku', 'pen', 'quantity', 10)))
     else jsonb_build_object('issue', n / 4) end, at, at from filled`,
  `insert into baton.attribute (run_id, attributes)
   select id, jsonb_build_object('customerId', 'c-' || n % 5, 'tags', case when n % 2 = 0 then '["eu", "gift"]'::jsonb else '["us"]' end)
   from filled where workflow = 'fulfil-order'`,
  // Reserve takes as many seconds as the order has a number, charge two.
  `insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
   select id, 'reserve', 0, 1, at + interval '1 second', at + (n + 1) * interval '1 second', '{"reserved": true}' from filled where workflow = 'fulfil-order'`,
  `insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
   select id, 'charge', 1, case when n % 3 = 0 then 2 else 1 end, at + interval '30 seconds', at + interval '32 seconds', jsonb_build_object('chargeId', 'ch-' || n)
   from filled where workflow = 'fulfil-order' and n not in (13, 15)`,
  `insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
   select id, 'send', 0, 1, at, at + interval '3 seconds', '{"sent": 500}' from filled where workflow = 'send-newsletter'`,
  `insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
   select id, 'charge', 1, at + interval '20 seconds', at + interval '25 seconds', at + interval '30 seconds',
     jsonb_build_object('name', 'BankError', 'message', 'connection to bank-' || n || ' was refused')
   from filled where workflow = 'fulfil-order' and n % 3 = 0 and n not in (13, 15)`,
  `insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
   select id, 'charge', 1, at + interval '20 seconds', at + interval '25 seconds', null, '{"name": "CardError", "message": "card 4711 has expired"}'
   from filled where n = 13`,
  `insert into baton.ending (run_id, status, error, at)
   select id, case n when 13 then 'failed' else 'done' end, case n when 13 then '{"name": "CardError", "message": "card 4711 has expired"}'::jsonb end,
     at + interval '40 seconds' from filled where n <> 15`,
  `insert into baton.ready (run_id, band, run_at, bytes, begun) select id, 2, now() + interval '1 hour', 100, true from filled where n = 15`,
  `select baton.note_action('redrive', id, 'oncall', '{"redrives": 0}', baton.now()) from filled where n in (3, 6)`,
  "drop table filled",
];

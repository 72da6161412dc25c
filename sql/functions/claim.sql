-- Claims a batch of due runs under a new lease, or returns the lease that this token already has:
-- sent twice, it claims once. Blocked runs that the manifest knows come first, in a lease of their
-- own. They are the default queue's: what is to be done elsewhere, its poller hands on.
--
-- token:   a random uuid of the caller, new for each claim.
-- request: { columns: true, ttl_ms, max, max_bytes, low, manifest: [{ name, version, shape,
--          skips?, waits?, hooks?, undoes? }], suspects?, queue? } — suspects: true claims only
--          runs whose lease ran out, in a lease of their own. queue: the name of the caller's
--          queue, where that is not the default one; its lease is of that queue.
--          skips: what of its runs is not read, as list_ranges says. hooks: { failed?, ended? }
--          with { name, version } of what follows the endings of its runs; stored where nobody has
--          said anything of it yet (add_hooks). undoes: something of it has an undo.
--          ttl_ms: an hour at most, whatever is asked for; a lease that lasts longer was extended
--          by a clock that was ahead.
-- answer:  { now, round, runs, low, due_in_ms, suspects, stopped, poisoned } — runs as
--          describe_members says; without ids, no lease is made: nothing is due; suspects: some
--          are due; poisoned: how many were failed, or had no run behind them any more.
-- grant: baton_poller
create or replace function baton.claim(token uuid, request jsonb) returns json
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  moment timestamptz;
  held baton.lease;
  queue smallint := 0;
  got record;
  described record;
  ids uuid[];
  stopped uuid[];
  crashes integer := 0;
  poisoned integer := 0;
  low jsonb := coalesce(request -> 'low', '{}');
begin
  perform baton.require_read_committed();
  if not request ? 'columns' and request ? 'ttl_ms' then
    raise exception 'this claim is that of an older poller' using errcode = 'BT030', hint = 'Deploy the pollers that belong to this schema.';
  end if;
  perform baton.require_id('the token of claim', token);
  perform baton.check_claim('the request of claim', request, '{columns,ttl_ms,max,max_bytes,manifest}', '{columns,ttl_ms,max,max_bytes,low,manifest,suspects,queue}');
  -- Two copies of one call: the second waits here and then finds the lease of the first. Nobody
  -- else can hold this key: the token is random, and known to its caller alone.
  perform pg_advisory_xact_lock(hashtextextended(token::text, 0));
  select * into held from baton.lease l where l.token = claim.token;
  if found then
    return baton.repeat_claim(held, low, request -> 'manifest');
  end if;
  if request ? 'queue' then
    queue := baton.add_queue(request ->> 'queue');
  end if;
  if request @? '$.manifest[*].undoes' then
    perform baton.note_undoable(request -> 'manifest');
  end if;
  moment := baton.now();
  if request @? '$.manifest[*].hooks' then
    perform baton.add_hooks(request -> 'manifest', moment);
  end if;
  if (request ->> 'suspects')::boolean then
    got := baton.take_suspects(request, 16 * queue, moment, poisoned);
    crashes := got.crashes;
    poisoned := got.poisoned;
  else
    if queue = 0 then
      got := baton.take_unblocked(request, moment, poisoned);
      poisoned := got.poisoned;
      ids := got.ids;
    end if;
    if ids is null then
      got := baton.take_batch(request, 16 * queue, moment, poisoned);
      poisoned := got.poisoned;
      low := got.low;
    end if;
  end if;
  stopped := baton.sort_stops(got.ids, moment);
  perform baton.end_each(stopped, 'cancelled', null, moment);
  -- Slots in the order in which they were taken: by priority, then by time.
  select array_agg(t.id order by t.nth) into ids from unnest(got.ids) with ordinality as t (id, nth) where t.id <> all (stopped);
  described := baton.describe_members(ids, array(select generate_series(0, cardinality(ids) - 1)), got.begun_ids, request -> 'manifest');
  if described.missing is not null then
    select array_agg(t.id order by t.nth) into ids from unnest(ids) with ordinality as t (id, nth) where t.id <> all (described.missing);
    poisoned := poisoned + cardinality(described.missing);
    described := baton.describe_members(ids, array(select generate_series(0, cardinality(ids) - 1)), got.begun_ids, request -> 'manifest');
  end if;
  if cardinality(ids) > 0 then
    insert into baton.lease (token, round, expires_at, claimed_at, crashes, run_ids, gone, fresh_round, fresh, queue)
    values (claim.token, 0, moment + least((request ->> 'ttl_ms')::integer, 3600000) * interval '1 millisecond', moment, crashes, ids,
      repeat('0', cardinality(ids))::varbit, 0, repeat('1', cardinality(ids))::varbit, nullif(queue, 0));
  end if;
  perform baton.settle_families(null, moment);
  return json_build_object('now', moment, 'round', 0, 'low', low, 'stopped', stopped, 'due_in_ms', baton.next_due(moment, low, 3, queue),
    'suspects', exists (select from baton.ready q where q.band between 16 * queue + 4 and 16 * queue + 8 and q.run_at <= moment),
    'poisoned', poisoned, 'runs', described.runs);
end
$$;

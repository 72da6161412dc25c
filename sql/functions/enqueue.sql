-- Stores a batch of runs, all or none; the same call again changes nothing and gives the same
-- answer.
--
-- request: { columns, shared?, fresh?, request?, checked? }
--          columns: { id: [], input: [], … }: one array for each key of a run, with null where a
--          run has none; the header of store_runs has the keys.
--          shared: { workflow, version, priority } where they are the same for all runs, and
--          queue: the name of theirs, where it is not the default one.
--          fresh: true: they were never sent before. One that is there after all raises 23505.
--          request: { workflow, key, hash }: the idempotency key of the call as a whole.
--          checked: true: the caller has seen to it that JavaScript gives each input and the
--          attributes back as they are, and nobody looks again.
--          The runs may also be given as { runs: [{ id, workflow, … }] } in the place of columns
--          and shared. So do older producers, which send fresh ones as { fresh: columns, shared? }.
-- answer:  { now, nudge, fresh, runs } — nudge: wake a poller, some of them are due. runs: [{ id,
--          status }] in the order given, or null for fresh runs without any key: each is stored
--          under its id; fresh: how many these are, so that nobody believes functions that do not
--          know them and store nothing.
-- raises:  BT010 an id outside the window that is not stored, BT011 an idempotency key with another
--          body, BT040 another shape, BT050 an input over 256 KiB of text, BT051 an input that
--          or attributes that JavaScript would not give back as they are, BT052 a start more than
--          ten years ahead, BT053 attributes over 2 KiB of text.
-- grant: baton_producer
create or replace function baton.enqueue(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  moment timestamptz := baton.now();
  runs jsonb;
  fresh boolean;
  keyed boolean;
  known uuid[];
  accepted jsonb;
  due integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  if not request ? 'columns' then
    request := baton.enqueue_as_columns(request);
  end if;
  runs := request -> 'columns';
  perform baton.check_enqueue(request, runs);
  fresh := request -> 'fresh' is not distinct from 'true';
  keyed := request ? 'request';
  perform baton.ensure_week(moment);
  if keyed then
    accepted := baton.remember_request(request, moment);
    if accepted is not null then
      return jsonb_build_object('now', moment, 'nudge', false, 'runs', accepted);
    end if;
  end if;
  perform baton.refuse_foreign_ids(runs -> 'id', moment);
  if request -> 'checked' is distinct from 'true' then
    perform baton.refuse_unfaithful(runs -> 'input', 'the input of run %s');
    perform baton.refuse_unfaithful(runs -> 'attributes', 'the attributes of run %s');
  end if;
  if runs ? 'key' then
    known := baton.remember_runs(runs, request -> 'shared', moment);
  end if;
  due := baton.store_runs(runs, request -> 'shared', known, fresh, moment);
  if keyed or known is not null or not fresh then
    select jsonb_agg(jsonb_build_object('id', coalesce(known[r.nth], r.id::uuid),
        'status', case when r.run_at::timestamptz > moment or r.delay_ms::bigint > 0 then 'waiting' else 'ready' end) order by r.nth)
      into accepted
    from rows from (jsonb_array_elements_text(runs -> 'id'), jsonb_array_elements_text(runs -> 'run_at'),
      jsonb_array_elements_text(runs -> 'delay_ms')) with ordinality as r (id, run_at, delay_ms, nth);
  end if;
  if keyed then
    update baton.dedup set answer = accepted
    where workflow = request #>> '{request,workflow}' and scope = 'request' and key = request #>> '{request,key}';
  end if;
  if keyed or known is not null then
    perform baton.forget_some(jsonb_array_length(runs -> 'id'), moment);
  end if;
  return jsonb_build_object('now', moment, 'nudge', due > 0, 'runs', accepted,
    'fresh', case when accepted is null then jsonb_array_length(runs -> 'id') end);
end
$$;

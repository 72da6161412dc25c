-- Stores a batch of runs, all or none; the same call again changes nothing and gives the same
-- answer.
--
-- request: { runs: [{ id, workflow, version, priority, input, run_at?, delay_ms?, attributes?,
--          key?, hash? }], request?: { workflow, key, hash } }
--          or { fresh: { id: [], input: [], workflow?: [], version?: [], priority?: [], run_at?:
--          [], delay_ms?: [], attributes?: [] }, shared? }: runs that were never sent before and
--          have no keys, one array for each column; shared: { workflow, version, priority } where
--          they are the same for all. One that is there after all raises 23505.
--          and checked?: true: the caller has seen to it that JavaScript gives each input and the
--          attributes back as they are, and nobody looks again.
--          attributes: an object; a key of it that is null is left out.
-- answer:  { now, nudge, fresh, runs } — nudge: wake a poller, some of them are due. runs: [{ id,
--          status }] in the order given, or null for fresh runs: each is stored under its id;
--          fresh: how many these are, so that nobody believes functions that do not know them and
--          store nothing.
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
  keyed boolean := request ? 'request';
  ids jsonb := coalesce(request #> '{fresh,id}', jsonb_path_query_array(request, '$.runs[*].id'));
  runs jsonb := request -> 'runs';
  accepted jsonb;
  due integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.check_enqueue(request);
  perform baton.ensure_week(moment);
  if keyed then
    accepted := baton.remember_request(request, moment);
    if accepted is not null then
      return jsonb_build_object('now', moment, 'nudge', false, 'runs', accepted);
    end if;
  end if;
  perform baton.refuse_foreign_ids(ids, moment);
  if request -> 'checked' is distinct from 'true' then
    perform baton.refuse_unfaithful(coalesce(request #> '{fresh,input}', jsonb_path_query_array(request, '$.runs[*].input')), 'the input of run %s');
    perform baton.refuse_unfaithful(
      coalesce(request #> '{fresh,attributes}', baton.attributes_as_column(runs) -> 'attributes'), 'the attributes of run %s');
  end if;
  if runs @? '$[*].key' then
    runs := baton.remember_runs(request, moment);
  end if;
  due := baton.store_runs(coalesce(request -> 'fresh', baton.runs_as_columns(runs)), request -> 'shared', request ? 'fresh', moment);
  if not request ? 'fresh' then
    select jsonb_agg(jsonb_build_object('id', coalesce(r.known, r.id),
        'status', case when r.run_at > moment or r.delay_ms > 0 then 'waiting' else 'ready' end) order by r.nth)
      into accepted
    from rows from (jsonb_to_recordset(runs) as (id uuid, run_at timestamptz, delay_ms bigint, known uuid))
      with ordinality as r (id, run_at, delay_ms, known, nth);
  end if;
  if keyed then
    update baton.dedup set answer = accepted
    where workflow = request #>> '{request,workflow}' and scope = 'request' and key = request #>> '{request,key}';
  end if;
  if keyed or runs @? '$[*].key' then
    perform baton.forget_some(jsonb_array_length(runs), moment);
  end if;
  return jsonb_build_object('now', moment, 'nudge', due > 0, 'fresh', jsonb_array_length(request #> '{fresh,id}'), 'runs', accepted);
end
$$;

-- What the migrations and functions make, for reviewing; written by: npm run schema

create schema baton;

-- owner: baton_migrator
create table baton.attribute (
  run_id uuid not null,
  attributes jsonb not null,
  constraint attribute_of_run PRIMARY KEY (run_id)
)
partition by RANGE (run_id);
CREATE INDEX attribute_contained ON ONLY baton.attribute USING gin (attributes jsonb_path_ops);

-- owner: baton_migrator
create table baton.blocked (
  run_id uuid not null,
  workflow text not null,
  version integer not null,
  shape text not null,
  reason text not null,
  at timestamp with time zone not null,
  constraint blocked_run PRIMARY KEY (run_id)
);

-- owner: baton_migrator
create table baton.checkpoint (
  run_id uuid not null,
  node text not null,
  "position" smallint not null,
  attempt smallint not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone not null,
  output jsonb not null,
  constraint checkpoint_is_written_once PRIMARY KEY (run_id, node)
)
partition by RANGE (run_id);

-- owner: baton_migrator
create table baton.clock (
  latest timestamp with time zone not null,
  was timestamp with time zone,
  set_to timestamp with time zone,
  band smallint,
  run_at timestamp with time zone,
  again boolean not null default false
);

-- owner: baton_migrator
create table baton.control (
  run_id uuid not null,
  kind text not null,
  at timestamp with time zone not null,
  constraint control_kind_is_known CHECK ((kind = 'cancel'::text)),
  constraint control_run PRIMARY KEY (run_id)
);

-- owner: baton_migrator
create table baton.dedup (
  workflow text not null,
  scope text not null,
  key text not null,
  hash text not null,
  answer jsonb not null,
  expires_at timestamp with time zone not null,
  constraint dedup_key PRIMARY KEY (workflow, scope, key)
);
CREATE INDEX dedup_expiry ON baton.dedup USING btree (expires_at);

-- owner: baton_migrator
create table baton.ending (
  run_id uuid not null,
  status text not null,
  error jsonb,
  at timestamp with time zone not null,
  constraint ending_is_written_once PRIMARY KEY (run_id),
  constraint ending_status_is_known CHECK ((status = ANY (ARRAY['done'::text, 'failed'::text, 'cancelled'::text])))
)
partition by RANGE (run_id);
CREATE INDEX ending_cancelled ON ONLY baton.ending USING btree (run_id) WHERE (status = 'cancelled'::text);
CREATE INDEX ending_failed ON ONLY baton.ending USING btree (run_id) WHERE (status = 'failed'::text);

-- owner: baton_migrator
create table baton.failure (
  run_id uuid not null,
  node text not null,
  attempt smallint not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone not null,
  retry_at timestamp with time zone,
  error jsonb not null,
  constraint failure_is_written_once PRIMARY KEY (run_id, node, attempt)
)
partition by RANGE (run_id);

-- owner: baton_migrator
create table baton.lease (
  token uuid not null,
  round integer not null,
  expires_at timestamp with time zone not null,
  claimed_at timestamp with time zone not null,
  crashes smallint not null,
  gone bit varying storage plain not null,
  fresh_round integer not null,
  fresh bit varying storage plain not null,
  told jsonb,
  run_ids uuid[] storage external not null,
  constraint lease_token PRIMARY KEY (token)
)
with (fillfactor=50, toast_tuple_target=128, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=500);

-- owner: baton_migrator
create table baton.migration (
  name text not null,
  applied_at timestamp with time zone not null default now(),
  checksum text not null,
  constraint migration_name PRIMARY KEY (name)
);

-- owner: baton_migrator
create table baton.ready (
  run_id uuid not null,
  band smallint not null,
  run_at timestamp with time zone not null,
  bytes integer not null,
  begun boolean not null,
  constraint ready_run PRIMARY KEY (run_id)
)
with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=2000, autovacuum_vacuum_cost_delay=0);
CREATE INDEX ready_claim_order ON baton.ready USING btree (band, run_at);

-- owner: baton_migrator
create table baton.redrive (
  run_id uuid not null,
  at timestamp with time zone not null,
  forgiven jsonb not null,
  constraint redrive_of_run PRIMARY KEY (run_id, at)
);

-- owner: baton_migrator
create table baton.rolled (
  part text not null,
  chunk integer not null,
  seen bigint not null,
  until bigint,
  looked_at timestamp with time zone not null,
  constraint rolled_chunk PRIMARY KEY (part, chunk)
);

-- owner: baton_migrator
create table baton.rolled_part (
  part text not null,
  inserts bigint not null,
  constraint rolled_part_name PRIMARY KEY (part)
);

-- owner: baton_migrator
create table baton.rolling (
  at timestamp with time zone not null
);

-- owner: baton_migrator
create table baton.rollup (
  minute timestamp with time zone not null,
  workflow text not null,
  enqueued bigint not null,
  done bigint not null,
  failed bigint not null,
  cancelled bigint not null,
  steps bigint not null,
  failures bigint not null,
  bytes bigint not null,
  durations jsonb not null,
  waits jsonb not null,
  steps_took jsonb not null,
  constraint rollup_of_minute PRIMARY KEY (minute, workflow)
);

-- owner: baton_migrator
create table baton.run (
  id uuid not null,
  workflow text not null,
  version integer not null,
  priority smallint not null,
  input jsonb not null,
  start_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  start_is_named boolean,
  constraint run_id PRIMARY KEY (id),
  constraint run_priority_is_0_to_3 CHECK (((priority >= 0) AND (priority <= 3)))
)
partition by RANGE (id);

-- owner: baton_migrator
create table baton.setback (
  was timestamp with time zone not null,
  set_to timestamp with time zone not null,
  constraint setback_is_noted_once PRIMARY KEY (was, set_to)
);

-- owner: baton_views
create view baton.backlog (
  run_id uuid,
  workflow text,
  priority smallint,
  status text,
  due_at timestamp with time zone,
  overdue_ms bigint,
  suspect boolean,
  reason text,
  created_at timestamp with time zone
);

-- owner: baton_migrator
create materialized view baton.daily (
  day timestamp with time zone,
  workflow text,
  enqueued bigint,
  done bigint,
  failed bigint,
  cancelled bigint,
  steps bigint,
  failures bigint,
  bytes bigint,
  p50_duration_ms bigint,
  p95_duration_ms bigint,
  p50_waited_ms bigint,
  p95_waited_ms bigint,
  p50_step_ms bigint,
  p95_step_ms bigint
);

-- owner: baton_views
create view baton.failures (
  run_id uuid,
  workflow text,
  node text,
  attempt smallint,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  duration_ms bigint,
  retry_at timestamp with time zone,
  error_name text,
  error_message text,
  fingerprint text
);

-- owner: baton_views
create view baton.runs (
  id uuid,
  workflow text,
  version integer,
  priority smallint,
  status text,
  created_at timestamp with time zone,
  start_at timestamp with time zone,
  due_at timestamp with time zone,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  waited_ms bigint,
  duration_ms bigint,
  steps integer,
  failures integer,
  crashes integer,
  redrives integer,
  error_name text,
  error_message text,
  input_bytes integer
);

-- owner: baton_views
create view baton.steps (
  run_id uuid,
  workflow text,
  node text,
  "position" smallint,
  attempt smallint,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  duration_ms bigint,
  is_sleep boolean,
  output_bytes integer
);

-- owner: baton_views
create view baton.throughput (
  minute timestamp with time zone,
  workflow text,
  enqueued bigint,
  done bigint,
  failed bigint,
  cancelled bigint,
  steps bigint,
  failures bigint,
  p50_duration_ms bigint,
  p95_duration_ms bigint,
  p50_waited_ms bigint,
  p95_waited_ms bigint,
  enqueued_5m bigint,
  done_5m bigint,
  failed_5m bigint,
  steps_5m bigint,
  enqueued_60m bigint,
  done_60m bigint,
  failed_60m bigint,
  steps_60m bigint
);

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.add_facts(part text, first tid, after tid, since bigint, before bigint)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  written integer;
begin
  insert into baton.rollup as r
  select * from baton.count_facts(part, first, after, since, before, '-infinity')
  on conflict (minute, workflow) do update set enqueued = r.enqueued + excluded.enqueued, done = r.done + excluded.done,
    failed = r.failed + excluded.failed, cancelled = r.cancelled + excluded.cancelled, steps = r.steps + excluded.steps,
    failures = r.failures + excluded.failures, bytes = r.bytes + excluded.bytes, durations = baton.sum_buckets(jsonb_build_array(r.durations, excluded.durations)),
    waits = baton.sum_buckets(jsonb_build_array(r.waits, excluded.waits)), steps_took = baton.sum_buckets(jsonb_build_array(r.steps_took, excluded.steps_took));
  get diagnostics written = row_count;
  return written;
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.advance(token uuid, round integer, request jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
declare
  held baton.lease;
  moment timestamptz;
  strictly boolean := request ? 'strict';
  checked boolean := request ? 'checked' or request ? 'strict';
  lost uuid[];
  done integer[];
  stopped uuid[];
  skipped uuid[];
  refill record;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the token of advance', token);
  if round is null then
    raise exception 'the round of advance has no number' using errcode = 'BT040', hint = 'Number the rounds of a lease from 1. Nothing was stored.';
  end if;
  select * into held from baton.lease l where l.token = advance.token for update;
  if not found or held.round > advance.round then
    raise exception 'lease % does not take round %', token, advance.round
      using errcode = 'BT001', hint = 'It expired or was taken over: forget its runs, others go on with them.';
  elsif held.round = advance.round then
    return baton.repeat_round(held, strictly, request #> '{claim,low}');
  end if;
  if jsonb_typeof(request -> 'steps') = 'array' or jsonb_typeof(request -> 'done') = 'array' or jsonb_typeof(request -> 'failed') = 'array' then
    raise exception 'this round is that of an older poller' using errcode = 'BT030', hint = 'Deploy the pollers that belong to this schema.';
  end if;
  perform baton.check_round(request);
  moment := baton.now();
  -- Read out of line once; else every look at a slot of it reads it again, 8 KB for each step.
  held.run_ids := held.run_ids[:];
  lost := baton.append_checkpoints(held, request -> 'steps', checked, moment);
  if strictly and cardinality(lost) > 0 then
    raise exception 'runs % have that output already, or are no members of lease %', lost, token using errcode = 'BT003';
  end if;
  perform baton.append_failures(held, request -> 'failures', moment);
  done := baton.end_members(held, request -> 'done', 'done', lost, checked, moment)
    || baton.end_members(held, request -> 'failed', 'failed', lost, checked, moment);
  stopped := baton.stop_members(held, done, moment);
  skipped := lost || stopped;
  if cardinality(lost) > 0 then
    perform baton.return_members(held,
      array(select unnest((baton.list_members(held.run_ids, held.gone)).ids) intersect select unnest(lost) except select unnest(stopped)),
      moment);
  end if;
  held.gone := baton.mark_gone(held, done || baton.append_sleeps(held, request -> 'sleeps', skipped, moment)
    || baton.park_members(held, request -> 'parks', false, skipped, moment)
    || baton.park_members(held, request -> 'released', true, skipped, moment)
    || baton.block_members(held, request -> 'blocked', skipped, moment), skipped);
  held.round := advance.round;
  held.told := case when cardinality(skipped) > 0 then jsonb_build_object('lost', to_jsonb(lost), 'stopped', to_jsonb(stopped)) end;
  if request ? 'claim' then
    refill := baton.refill_lease(held, request -> 'claim', moment, (request ->> 'ttl_ms')::integer);
    return json_build_object('now', moment, 'round', advance.round, 'stopped', stopped, 'lost', lost,
      'low', refill.low, 'due_in_ms', refill.due_in_ms, 'poisoned', refill.poisoned, 'runs', refill.runs);
  end if;
  update baton.lease l set round = held.round, gone = held.gone, told = held.told,
    expires_at = moment + least((request ->> 'ttl_ms')::integer, 3600000) * interval '1 millisecond'
  where l.token = advance.token;
  return json_build_object('now', moment, 'round', advance.round, 'stopped', stopped, 'lost', lost);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.append_checkpoints(held baton.lease, steps jsonb, checked boolean, moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  known uuid[] := '{}';
  stored integer;
begin
  if steps is null then
    return '{}';
  end if;
  if checked then
    known := baton.runs_with_output(array(select r::uuid from jsonb_array_elements_text(steps -> 'run') as r),
      array(select jsonb_array_elements_text(steps -> 'node')));
  end if;
  insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
  select s.run::uuid, s.node, s.position::smallint, least(s.attempt::integer, 32767),
    moment - (s.age_ms::integer + s.took_ms::integer) * interval '1 millisecond', moment - s.age_ms::integer * interval '1 millisecond', s.output
  from rows from (
    jsonb_array_elements_text(steps -> 'place'), jsonb_array_elements_text(steps -> 'run'), jsonb_array_elements_text(steps -> 'node'),
    jsonb_array_elements_text(steps -> 'position'), jsonb_array_elements_text(steps -> 'attempt'),
    jsonb_array_elements_text(steps -> 'age_ms'), jsonb_array_elements_text(steps -> 'took_ms'), jsonb_array_elements(steps -> 'output')
  ) as s (place, run, node, position, attempt, age_ms, took_ms, output)
  where baton.has_member(held, s.place::integer, s.run::uuid) and s.run::uuid <> all (known);
  get diagnostics stored = row_count;
  if stored = jsonb_array_length(steps -> 'run') then
    return '{}';
  end if;
  return array(
    select distinct s.run::uuid from rows from (jsonb_array_elements_text(steps -> 'place'), jsonb_array_elements_text(steps -> 'run')) as s (place, run)
    where s.run::uuid = any (known) or not baton.has_member(held, s.place::integer, s.run::uuid));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.append_failures(held baton.lease, failures jsonb, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if coalesce(jsonb_array_length(failures), 0) = 0 then
    return;
  end if;
  insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
  select f.run, f.node, least(f.attempt, 32767), moment - (f.age_ms + f.took_ms) * interval '1 millisecond',
    moment - f.age_ms * interval '1 millisecond',
    case when f.delay_ms is not null then moment + least(f.delay_ms, 315532800000) * interval '1 millisecond' end, f.error
  from jsonb_to_recordset(failures)
    as f (place integer, run uuid, node text, attempt integer, age_ms integer, took_ms integer, delay_ms bigint, error jsonb)
  where baton.has_member(held, f.place, f.run)
  on conflict do nothing;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.append_sleeps(held baton.lease, sleeps jsonb, skipped uuid[], moment timestamp with time zone)
 RETURNS integer[]
 LANGUAGE plpgsql
AS $function$
declare
  ids uuid[];
  wakes timestamptz[];
  slots integer[];
begin
  if coalesce(jsonb_array_length(sleeps), 0) = 0 then
    return '{}';
  end if;
  with entry as (
    select s.*, moment + least(s.delay_ms, 315532800000) * interval '1 millisecond' as until
    from jsonb_to_recordset(sleeps) as s (place integer, run uuid, node text, position smallint, attempt integer, delay_ms bigint)
    where baton.has_member(held, s.place, s.run) and s.run <> all (skipped)
  ), begun as (
    insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
    select run, node, position, least(coalesce(attempt, 1), 32767), moment, until,
      jsonb_build_object('until', to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    from entry
    on conflict do nothing
  )
  select array_agg(run), array_agg(until), array_agg(place) into ids, wakes, slots from entry;
  perform baton.put_back(ids, wakes);
  return coalesce(slots, '{}');
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.beat(token uuid, ttl_ms integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
declare
  moment timestamptz := baton.now();
  beaten boolean;
begin
  perform baton.require_read_committed();
  if token is null or ttl_ms is null or ttl_ms not between 1 and 3600000 then
    raise exception 'a beat needs the token of a lease and 1 to 3600000 milliseconds, this one has % and %', token, ttl_ms
      using errcode = 'BT040', hint = 'Call baton.beat(token uuid, ttl_ms integer). Nothing was done.';
  end if;
  update baton.lease l set expires_at = greatest(l.expires_at, moment + beat.ttl_ms * interval '1 millisecond')
  where l.token = any (array(select h.token from baton.lease h where h.token = beat.token for update skip locked));
  beaten := found;
  return jsonb_build_object('held', beaten or exists (select from baton.lease l where l.token = beat.token));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.block_members(held baton.lease, entries jsonb, skipped uuid[], moment timestamp with time zone)
 RETURNS integer[]
 LANGUAGE plpgsql
AS $function$
declare
  slots integer[];
begin
  if coalesce(jsonb_array_length(entries), 0) = 0 then
    return '{}';
  end if;
  with aside as (
    insert into baton.blocked (run_id, workflow, version, shape, reason, at)
    select e.run, e.workflow, e.version, e.shape, e.reason, moment
    from jsonb_to_recordset(entries) as e (place integer, run uuid, workflow text, version integer, shape text, reason text)
    where baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
    on conflict do nothing
    returning run_id
  )
  select array_agg(array_position(held.run_ids, run_id) - 1) into slots from aside;
  return coalesce(slots, '{}');
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.cancel(id uuid, request jsonb DEFAULT '{}'::jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  ended text;
  parked integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of cancel', id);
  perform baton.require_keys('the request of cancel', request, '{}', '{redrives}');
  perform baton.require_kind('the request of cancel', request, 'number', '{redrives}');
  if not baton.lock_run(id) then
    return null;
  end if;
  select e.status into ended from baton.ending e where e.run_id = cancel.id;
  if found then
    return jsonb_build_object('status', ended);
  end if;
  if (request ->> 'redrives')::integer <> baton.redrives(id) then
    return jsonb_build_object('status', (
      select coalesce((select e.status from baton.ending e where e.run_id = cancel.id), baton.place_status(id, baton.now()))));
  end if;
  insert into baton.control (run_id, kind, at) values (cancel.id, 'cancel', baton.now()) on conflict do nothing;
  with unready as (
    delete from baton.ready q where q.run_id = cancel.id returning 1
  ), unblocked as (
    delete from baton.blocked b where b.run_id = cancel.id returning 1
  )
  select count(*) into parked from (select * from unready union all select * from unblocked) as taken;
  if parked > 0 then
    perform baton.end_runs(array[cancel.id], 'cancelled', null, true, baton.now());
    return jsonb_build_object('status', 'cancelled');
  end if;
  return jsonb_build_object('status', 'cancelling');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_claim(what text, request jsonb, required text[], optional text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  if jsonb_typeof(request) = 'object' and request ?& required and request - optional = '{}'
    and array[jsonb_typeof(request -> 'max'), jsonb_typeof(request -> 'max_bytes'), jsonb_typeof(request -> 'low')] = '{number,number,object}'
    and coalesce(jsonb_typeof(request -> 'ttl_ms'), 'number') = 'number' and coalesce(jsonb_typeof(request -> 'suspects'), 'boolean') = 'boolean'
    and coalesce(jsonb_typeof(request -> 'manifest'), 'array') = 'array'
    and not request @? '$.manifest[*] ? (!exists(@.name) || !exists(@.version) || !exists(@.shape))' then
    return;
  end if;
  perform baton.require_keys(what, request, required, optional);
  perform baton.require_kind(what, request, 'number', '{ttl_ms,max,max_bytes}');
  perform baton.require_kind(what, request, 'object', '{low}');
  perform baton.require_kind(what, request, 'boolean', '{suspects}');
  if request ? 'manifest' then
    perform baton.require_rows(what || ', manifest,', request -> 'manifest', '{name,version,shape}', '{}');
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_columns(what text, given jsonb, required text[], optional text[] DEFAULT NULL::text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  size integer;
  key text;
begin
  if jsonb_typeof(given) is distinct from 'object' or not given ?& required or given - coalesce(optional, required) <> '{}' then
    perform baton.require_keys(what, given, required, coalesce(optional, required));
  end if;
  foreach key in array coalesce(optional, required) loop
    if jsonb_typeof(given -> key) <> 'array' then
      perform baton.require_kind(what, given, 'array', array[key]);
    elsif jsonb_array_length(given -> key) <> size then
      raise exception '% has % entries under "%" and % under "%"', what, size, required[1], jsonb_array_length(given -> key), key
        using errcode = 'BT040', hint = 'All columns have the same length. Nothing was done; correct the call and send it again.';
    end if;
    size := coalesce(size, jsonb_array_length(given -> key));
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_enqueue(request jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  fresh jsonb := request -> 'fresh';
  index bigint;
begin
  if fresh is null then
    perform baton.require_keys('the request of enqueue', request, '{runs}', '{runs,request,checked}');
    perform baton.check_runs(request -> 'runs');
  else
    perform baton.require_keys('the request of enqueue', request, '{fresh}', '{fresh,shared,checked}');
    perform baton.check_columns('the fresh runs of enqueue', fresh, '{id,input}', '{id,input,workflow,version,priority,run_at,delay_ms}');
    if request ? 'shared' then
      perform baton.require_keys('what fresh runs share', request -> 'shared', '{}', '{workflow,version,priority}');
    end if;
    if fresh @? '$.id[*] ? (@ == null)' then
      raise exception 'a fresh run of enqueue has no id' using errcode = 'BT040', hint = 'Give each a UUIDv7. Nothing was stored.';
    end if;
  end if;
  if jsonb_array_length(coalesce(fresh -> 'id', request -> 'runs')) = 0 then
    raise exception 'enqueue was given no run' using errcode = 'BT040', hint = 'Give at least one.';
  end if;
  if request ? 'request' then
    perform baton.require_keys('the key of the request', request -> 'request', '{workflow,key,hash}', '{workflow,key,hash}');
    perform baton.require_kind('the key of the request', request -> 'request', 'string', '{workflow,key,hash}');
    select nth - 1 into index from jsonb_array_elements(request -> 'runs') with ordinality as r (run, nth)
    where run -> 'workflow' is distinct from request #> '{request,workflow}'
    limit 1;
    if found then
      raise exception 'run % is of another workflow than the key of the request', index
        using errcode = 'BT040', hint = 'A key holds for one workflow: enqueue the runs of each by themselves. Nothing was stored.';
    end if;
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_round(request jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  if jsonb_typeof(request) is distinct from 'object' or jsonb_typeof(request -> 'ttl_ms') is distinct from 'number'
    or request - '{ttl_ms,strict,checked,claim,steps,done,failed,failures,sleeps,parks,released,blocked}'::text[] <> '{}' then
    perform baton.require_keys('the round', request, '{ttl_ms}',
      '{ttl_ms,strict,checked,claim,steps,done,failed,failures,sleeps,parks,released,blocked}');
    perform baton.require_kind('the round', request, 'number', '{ttl_ms}');
  end if;
  if request ? 'steps' then
    perform baton.check_steps(request -> 'steps');
  end if;
  if request ? 'done' then
    perform baton.check_columns('what is done in the round', request -> 'done', '{run,place}');
  end if;
  if request ? 'claim' then
    perform baton.check_claim('the claim of the round', request -> 'claim', '{max,max_bytes}', '{max,max_bytes,low,manifest,columns,ttl_ms}');
  end if;
  -- Most rounds have nothing of what follows.
  if request - '{ttl_ms,strict,checked,claim,steps,done}'::text[] = '{}' then
    return;
  end if;
  if request ? 'failed' then
    perform baton.check_columns('what failed in the round', request -> 'failed', '{run,place,error}');
  end if;
  if request ? 'failures' then
    perform baton.require_rows('the failures of the round', request -> 'failures', '{run,place,node,attempt,age_ms,took_ms,delay_ms,error}', '{}');
  end if;
  if request ? 'sleeps' then
    perform baton.require_rows('the sleeps of the round', request -> 'sleeps', '{run,place,node,position,delay_ms}', '{attempt}');
  end if;
  if request ? 'parks' then
    perform baton.require_rows('what the round parks', request -> 'parks', '{run,place,delay_ms}', '{}');
  end if;
  if request ? 'released' then
    perform baton.require_rows('what the round gives back', request -> 'released', '{run,place}', '{delay_ms}');
  end if;
  if request ? 'blocked' then
    perform baton.require_rows('what the round sets aside', request -> 'blocked', '{run,place,workflow,version,shape,reason}', '{}');
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_runs(runs jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  index bigint;
begin
  perform baton.require_rows('the runs of enqueue', runs, '{id,workflow,version,priority,input}', '{run_at,delay_ms,key,hash}');
  select nth - 1 into index from jsonb_array_elements(runs) with ordinality as r (run, nth)
  where jsonb_typeof(run -> 'id') <> 'string' or (run ? 'key') <> (run ? 'hash')
    or jsonb_typeof(run -> 'key') <> 'string' or jsonb_typeof(run -> 'hash') <> 'string'
  limit 1;
  if found then
    raise exception 'the runs of enqueue, entry %, has an id, a key or a hash that is no text, or one of the last two alone', index
      using errcode = 'BT040', hint = 'A key goes with the hash of what it stands for. Nothing was stored.';
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_steps(steps jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  if jsonb_typeof(steps) is distinct from 'object' or steps - '{run,place,node,position,attempt,age_ms,took_ms,output}'::text[] <> '{}'
    or array[jsonb_typeof(steps -> 'run'), jsonb_typeof(steps -> 'place'), jsonb_typeof(steps -> 'node'), jsonb_typeof(steps -> 'position'),
      jsonb_typeof(steps -> 'attempt'), jsonb_typeof(steps -> 'age_ms'), jsonb_typeof(steps -> 'took_ms'), jsonb_typeof(steps -> 'output')]
      <> '{array,array,array,array,array,array,array,array}'
    or jsonb_array_length(steps -> 'run') <> any (array[jsonb_array_length(steps -> 'place'), jsonb_array_length(steps -> 'node'),
      jsonb_array_length(steps -> 'position'), jsonb_array_length(steps -> 'attempt'), jsonb_array_length(steps -> 'age_ms'),
      jsonb_array_length(steps -> 'took_ms'), jsonb_array_length(steps -> 'output')]) then
    perform baton.check_columns('the steps of the round', steps, '{run,place,node,position,attempt,age_ms,took_ms,output}');
  end if;
  if steps @? '$.position[*] ? (@ < 0)' then
    raise exception 'a step of the round has a negative position' using errcode = 'BT040', hint = 'The first node has the position 0. Nothing was stored.';
  end if;
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.claim(token uuid, request jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
declare
  moment timestamptz;
  held baton.lease;
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
  perform baton.check_claim('the request of claim', request, '{columns,ttl_ms,max,max_bytes,manifest}', '{columns,ttl_ms,max,max_bytes,low,manifest,suspects}');
  -- Two copies of one call: the second waits here and then finds the lease of the first. Nobody
  -- else can hold this key: the token is random, and known to its caller alone.
  perform pg_advisory_xact_lock(hashtextextended(token::text, 0));
  select * into held from baton.lease l where l.token = claim.token;
  if found then
    return baton.repeat_claim(held, low);
  end if;
  moment := baton.now();
  if (request ->> 'suspects')::boolean then
    got := baton.take_suspects(moment, poisoned);
    crashes := got.crashes;
    poisoned := got.poisoned;
  else
    got := baton.take_unblocked(request, moment, poisoned);
    poisoned := got.poisoned;
    if got.ids is null then
      got := baton.take_batch(request, moment, poisoned);
      poisoned := got.poisoned;
      low := got.low;
    end if;
  end if;
  stopped := baton.runs_to_stop(got.ids);
  perform baton.end_each(stopped, 'cancelled', null, moment);
  -- Slots in the order in which they were taken: by priority, then by time.
  select array_agg(t.id order by t.nth) into ids from unnest(got.ids) with ordinality as t (id, nth) where t.id <> all (stopped);
  described := baton.describe_members(ids, array(select generate_series(0, cardinality(ids) - 1)), got.begun_ids);
  if described.missing is not null then
    select array_agg(t.id order by t.nth) into ids from unnest(ids) with ordinality as t (id, nth) where t.id <> all (described.missing);
    poisoned := poisoned + cardinality(described.missing);
    described := baton.describe_members(ids, array(select generate_series(0, cardinality(ids) - 1)), got.begun_ids);
  end if;
  if cardinality(ids) > 0 then
    insert into baton.lease (token, round, expires_at, claimed_at, crashes, run_ids, gone, fresh_round, fresh)
    values (claim.token, 0, moment + least((request ->> 'ttl_ms')::integer, 3600000) * interval '1 millisecond', moment, crashes, ids,
      repeat('0', cardinality(ids))::varbit, 0, repeat('1', cardinality(ids))::varbit);
  end if;
  return json_build_object('now', moment, 'round', 0, 'low', low, 'stopped', stopped, 'due_in_ms', baton.next_due(moment, low),
    'suspects', exists (select from baton.ready q where q.band > 3 and q.run_at <= moment),
    'poisoned', poisoned, 'runs', described.runs);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.commit_durably()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_buckets(milliseconds double precision[])
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(jsonb_object_agg(bucket, n), '{}')
  from (
    select ceil(ln(greatest(ms, 1)) / ln(1.1::float8) - 1e-9)::integer as bucket, count(*) as n from unnest(milliseconds) as t (ms) where ms is not null group by 1
  ) as counted
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_digits(number numeric)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$ select length(trim(both '0' from translate(number::text, '-.', ''))) $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_facts(part text, first tid, after tid, since bigint, before bigint, earliest timestamp with time zone)
 RETURNS SETOF baton.rollup
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
declare
  kind text := split_part(part, '_', 1);
  week text := split_part(part, '_', 2);
  latest bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  rows_of text := format(
    '(select f.*, x.number from baton.%I f, lateral (select ($5 & -4294967296) | f.xmin::text::bigint as low) as l,
        lateral (select case when l.low >= $5 then l.low - 4294967296 else l.low end as number) as x
      where f.ctid >= $1 and f.ctid < $2 and x.number >= $3 and x.number < $4)', part);
  facts text := case kind
    when 'run' then 'select created_at as moment, id as run_id, ''enqueued'' as what, pg_column_size(input) as bytes, null::float8 as took, null::float8 as waited from %s f'
    when 'checkpoint' then 'select case when sleeps then started_at else finished_at end, run_id, case when not sleeps then ''steps'' end, bytes,
        case when not sleeps then (extract(epoch from finished_at - started_at) * 1000)::float8 end, null::float8
      from (select *, pg_column_size(output) as bytes, pg_column_size(output) < 100 and output =
        jsonb_build_object(''until'', to_char(finished_at at time zone ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'')) as sleeps from %s f) as step'
    when 'failure' then 'select finished_at, run_id, ''failures'', 0, null::float8, null::float8 from %s f'
    when 'ending' then format('select f.at, f.run_id, f.status, 0,
        case when f.status = ''done'' then (extract(epoch from f.at - b.began) * 1000)::float8 end,
        case when f.status = ''done'' then (extract(epoch from b.began - r.start_at) * 1000)::float8 end
      from %%s f join baton.run_%1$s r on r.id = f.run_id
      cross join lateral (select least((select min(c.started_at) from baton.checkpoint_%1$s c where c.run_id = f.run_id),
        (select min(g.started_at) from baton.failure_%1$s g where g.run_id = f.run_id)) as began) as b', week)
  end;
begin
  return query execute format(
    'select date_trunc(''minute'', f.moment), r.workflow, count(*) filter (where what = ''enqueued''), count(*) filter (where what = ''done''),
       count(*) filter (where what = ''failed''), count(*) filter (where what = ''cancelled''), count(*) filter (where what = ''steps''),
       count(*) filter (where what = ''failures''), sum(bytes)::bigint,
       baton.count_buckets(array_agg(took) filter (where what = ''done'' and took is not null)),
       baton.count_buckets(array_agg(waited) filter (where what = ''done'' and waited is not null)),
       baton.count_buckets(array_agg(took) filter (where what = ''steps''))
     from (%s) as f (moment, run_id, what, bytes, took, waited) join baton.%I r on r.id = f.run_id
     where f.moment >= $6
     group by 1, 2', format(facts, rows_of), 'run_' || week)
  using first, after, since, before, latest, earliest;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_failures(ids uuid[], lowest uuid, highest uuid)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select json_object_agg(run_id, counts)
    from (
      select run_id, json_object_agg(node, attempts) as counts
      from (
        select run_id, node, count(*) as attempts
        from baton.failure where run_id = any (array(select unnest(ids))) and run_id between lowest and highest and node <> '' group by run_id, node
      ) as of_node
      group by run_id
    ) as of_run);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_fitting(sizes integer[], room bigint, first_fits boolean)
 RETURNS integer
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  taken bigint := 0;
begin
  for i in 1 .. cardinality(sizes) loop
    taken := taken + sizes[i];
    if taken > room and not (first_fits and i = 1) then
      return i - 1;
    end if;
  end loop;
  return cardinality(sizes);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.count_minutes(earliest timestamp with time zone)
 RETURNS SETOF baton.rollup
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
declare
  latest bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  recent record;
  look record;
begin
  return query select * from baton.rollup r where r.minute >= earliest;
  for recent in
    select c.relname as part, baton.count_pages(c.oid) as pages
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent in ('baton.run'::regclass, 'baton.checkpoint'::regclass, 'baton.failure'::regclass, 'baton.ending'::regclass)
      and baton.count_pages(c.oid) > 0
    order by right(c.relname, 8) desc limit 8
  loop
    for look in select * from baton.list_chunks(recent.part, recent.pages, null, null, 64) loop
      return query select * from baton.count_facts(recent.part, format('(%s,0)', look.chunk * 128)::tid,
        format('(%s,0)', (look.chunk + 1) * 128)::tid, look.seen, latest, earliest);
    end loop;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_pages(part oid)
 RETURNS bigint
 LANGUAGE sql
AS $function$ select coalesce(pg_relation_size(part), 0) / current_setting('block_size')::integer $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.crash_each(held baton.lease, ids uuid[], moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  id uuid;
  poisoned integer := 0;
begin
  return baton.crash_members(held, ids, moment);
exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
  if cardinality(ids) = 1 then
    perform baton.end_each(ids, 'failed', jsonb_build_object('name', 'UnstorableError',
      'message', 'The database could not store what happened to this run: ' || sqlerrm || '.'), moment);
    return 1;
  end if;
  foreach id in array ids loop
    poisoned := poisoned + baton.crash_each(held, array[id], moment);
  end loop;
  return poisoned;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.crash_members(held baton.lease, ids uuid[], moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid;
  highest uuid;
  present uuid[];
  alone boolean := cardinality(held.run_ids) = 1;
  began boolean := held.round > held.fresh_round;
  progressed uuid[];
  doubtful uuid[];
  crashes integer := greatest(held.crashes, case when alone then 3 else 1 end);
begin
  ids := array(select t.id from unnest(ids) as t (id) order by t.id);
  lowest := ids[1];
  highest := ids[cardinality(ids)];
  present := array(select r.id from baton.run r where r.id = any (array(select unnest(ids))) and r.id between lowest and highest);
  if began and (alone or held.crashes > 0) then
    crashes := case when alone then crashes + 1 else least(held.crashes + 1, 3) end;
  end if;
  if began or held.crashes = 0 then
    insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
    select t.id, '', least(f.crashes + 1, 32767), least(held.claimed_at, moment), moment, moment, jsonb_build_object('name', 'PollerCrashedError',
      'message', format('Its lease ran out %s seconds ago: the poller did not answer in time; it crashed, was frozen, or its event loop was blocked.',
        floor(extract(epoch from moment) - extract(epoch from held.expires_at))))
    from unnest(present) as t (id)
    cross join lateral (
      select count(*) as crashes from baton.failure where run_id = t.id and run_id between lowest and highest and node = ''
    ) as f
    on conflict do nothing;
  end if;
  progressed := baton.runs_with_progress(present, held.claimed_at);
  doubtful := array(select unnest(present) except select unnest(progressed));
  perform baton.put_back(progressed, array_fill(moment, array[cardinality(progressed)]), case when alone then 4 else 1 end);
  if crashes > 5 then
    perform baton.end_runs(doubtful, 'failed', array_fill(jsonb_build_object('name', 'PoisonError', 'message',
      'Three leases in a row ran out while they held this run alone: its step ends the process or blocks the event loop. Mend it, then redrive the run.'),
      array[cardinality(doubtful)]), true, moment);
    return cardinality(ids) - cardinality(progressed);
  end if;
  perform baton.put_back(doubtful, array_fill(moment, array[cardinality(doubtful)]), crashes);
  return cardinality(ids) - cardinality(present);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.cut_keys(most integer, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update baton.dedup set expires_at = moment + interval '7 days'
  where ctid = any (array(
    select ctid from baton.dedup where expires_at > moment + interval '7 days 5 minutes' order by expires_at desc limit most for update skip locked));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.cut_leases(moment timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
AS $function$
declare
  tokens uuid[];
  latest timestamptz;
begin
  select array_agg(late.token), max(late.expires_at) filter (where late.expires_at < moment + interval '10 years') into tokens, latest
  from (select token, expires_at from baton.lease where expires_at > moment + interval '30 seconds' for update skip locked) as late;
  update baton.lease set expires_at = moment + interval '30 seconds', claimed_at = least(claimed_at, moment) where token = any (tokens);
  return latest;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.describe_members(ids uuid[], slots integer[], begun_ids uuid[], OUT runs json, OUT missing uuid[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid;
  highest uuid;
  found_ids uuid[];
  workflows json;
  versions json;
  inputs json;
  outputs json;
  failures json;
  forgiven json;
begin
  select array_agg(t.id order by t.id), array_agg(t.slot order by t.id) into ids, slots from unnest(ids, slots) as t (id, slot);
  lowest := ids[1];
  highest := ids[cardinality(ids)];
  select array_agg(r.id), json_agg(r.workflow), json_agg(r.version), json_agg(r.input) into found_ids, workflows, versions, inputs
  from (
    select id, workflow, version, input from baton.run where id = any (array(select unnest(ids))) and id between lowest and highest order by id
  ) as r;
  -- A run that somebody deleted by hand, or whose week was dropped, leaves a gap; the others still
  -- have their slots.
  if found_ids is distinct from ids then
    missing := array(select unnest(ids) except select unnest(found_ids));
    slots := array(select t.slot from unnest(ids, slots) as t (id, slot) where t.id = any (found_ids) order by t.id);
  end if;
  if begun_ids is not null then
    outputs := baton.gather_outputs(begun_ids, lowest, highest);
    failures := baton.count_failures(begun_ids, lowest, highest);
    forgiven := baton.forgiven_failures(begun_ids);
  end if;
  runs := json_build_object('id', coalesce(found_ids, '{}'), 'place', coalesce(slots, '{}'), 'workflow', workflows, 'version', versions,
    'input', inputs, 'outputs', outputs, 'failures', failures, 'forgiven', forgiven);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.end_each(ids uuid[], new_status text, error jsonb, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  id uuid;
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return;
  end if;
  -- A block of its own: every claim calls this, and nearly none has anybody to end and needs a
  -- subtransaction.
  begin
    perform baton.end_runs(ids, new_status, array_fill(error, array[cardinality(ids)]), true, moment);
  exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
    if cardinality(ids) > 1 then
      foreach id in array ids loop
        perform baton.end_each(array[id], new_status, error, moment);
      end loop;
    end if;
  end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.end_members(held baton.lease, ended jsonb, new_status text, skipped uuid[], checked boolean, moment timestamp with time zone)
 RETURNS integer[]
 LANGUAGE plpgsql
AS $function$
declare
  ids uuid[];
  slots integer[];
  errors jsonb[];
begin
  if ended is null then
    return '{}';
  end if;
  select array_agg(e.run::uuid), array_agg(e.place::integer), array_agg(e.error) into ids, slots, errors
  from rows from (
    jsonb_array_elements_text(ended -> 'place'), jsonb_array_elements_text(ended -> 'run'), jsonb_array_elements(ended -> 'error')
  ) as e (place, run, error)
  where baton.has_member(held, e.place::integer, e.run::uuid) and e.run::uuid <> all (skipped);
  perform baton.end_runs(ids, new_status, errors, checked, moment);
  return coalesce(slots, '{}');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.end_runs(ids uuid[], new_status text, errors jsonb[], checked boolean, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  ended uuid[];
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return;
  end if;
  if exists (select from baton.control) then
    delete from baton.control where run_id = any (ids);
  end if;
  if checked then
    ended := baton.runs_with_ending(ids);
    select array_agg(t.id), array_agg(t.error) into ids, errors from unnest(ids, errors) as t (id, error) where t.id <> all (ended);
  end if;
  insert into baton.ending (run_id, status, error, at)
  select t.id, new_status, t.error, moment from unnest(ids, errors) as t (id, error);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.end_unlawful(moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  latest timestamptz := moment + interval '96432 hours';
  ids uuid[];
begin
  with unlawful as (
    select late.ctid
    from generate_series(0, 8) as b (band)
    cross join lateral (
      (select q.ctid from baton.ready q where q.band = b.band and q.run_at > latest and q.run_at < baton.never() limit 1000)
      union all
      (select q.ctid from baton.ready q where q.band = b.band and q.run_at > baton.never() limit 1000)
    ) as late
  ), taken as (
    delete from baton.ready where ctid = any (array(select ctid from unlawful)) returning run_id
  )
  select array_agg(run_id) into ids from taken;
  perform baton.end_each(ids, 'failed', jsonb_build_object('name', 'UnlawfulTimeError',
    'message', 'This run was due at a time that is more than ten years ahead and not baton.never(): enqueue it again with a time within ten years.'), moment);
  return coalesce(cardinality(ids), 0);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.enqueue(request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
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
    perform baton.refuse_unfaithful(coalesce(request #> '{fresh,input}', jsonb_path_query_array(request, '$.runs[*].input')));
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
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.ensure_partitions()
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  moment timestamptz := baton.now();
begin
  return baton.make_partitions(moment - interval '24 hours', moment + interval '5 minutes', false)
    + baton.make_partitions(moment - interval '168 hours', moment + interval '504 hours', true);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.ensure_week(moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  first_week text := to_char(date_trunc('week', (moment - interval '24 hours') at time zone 'UTC'), '"baton.ending_"YYYYMMDD');
  last_week text := to_char(date_trunc('week', (moment + interval '5 minutes') at time zone 'UTC'), '"baton.ending_"YYYYMMDD');
begin
  if to_regclass(last_week) is null or (first_week <> last_week and to_regclass(first_week) is null) then
    perform baton.make_partitions(moment - interval '24 hours', moment + interval '5 minutes', false);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.existing_runs(ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return array(select id from baton.run where id = any (ids) and id between lowest and highest);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.fail_oversized(INOUT ctids tid[], INOUT sizes integer[], moment timestamp with time zone, OUT dropped integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  ids uuid[];
begin
  with taken as (
    delete from baton.ready where ctid = any (ctids) and bytes > 8388608 returning run_id
  )
  select array_agg(run_id) into ids from taken;
  dropped := coalesce(cardinality(ids), 0);
  perform baton.end_each(ids, 'failed', jsonb_build_object('name', 'StateTooLargeError', 'message',
    'Input and outputs of this run are more than 8 MiB as the text that the database sends: store the data elsewhere and return a reference to it.'), moment);
  select array_agg(t.ctid order by t.nth), array_agg(t.size order by t.nth) into ctids, sizes
  from unnest(ctids, sizes) with ordinality as t (ctid, size, nth) where t.size <= 8388608;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_free_slots(gone bit varying, wanted integer)
 RETURNS integer[]
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  slots integer[];
begin
  if wanted is null then
    return '{}';
  end if;
  slots := array(select p from generate_series(0, length(gone) - 1) as p where get_bit(gone, p) = 1 limit wanted);
  return slots || array(select generate_series(length(gone), length(gone) + wanted - cardinality(slots) - 1));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_pointer(document jsonb, wanted jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  with recursive part as (
    select '' as pointer, document as value
    union all
    select p.pointer || '/' || replace(replace(inner_part.key, '~', '~0'), '/', '~1'), inner_part.value
    from part p cross join lateral (
      select o.key, o.value from jsonb_each(case when jsonb_typeof(p.value) = 'object' then p.value end) as o
      union all
      select (a.nth - 1)::text, a.value
      from jsonb_array_elements(case when jsonb_typeof(p.value) = 'array' then p.value end) with ordinality as a (value, nth)
    ) as inner_part
  )
  select pointer from part where value = wanted limit 1
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.find_run(id uuid)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select json_build_object('id', r.id, 'workflow', r.workflow, 'version', r.version, 'priority', r.priority, 'input', r.input,
      'created_at', r.created_at, 'moment', clock.moment, 'status', coalesce(e.status, baton.place_status(r.id, clock.moment)),
      'error', e.error, 'finished_at', e.at, 'run_at', q.run_at, 'blocked', b.reason,
      'redrives', (select count(*) from baton.redrive d where d.run_id = find_run.id),
      'crashes', (select count(*) from baton.failure f where f.run_id = find_run.id and f.node = ''),
      'checkpoints', coalesce((
        select json_agg(json_build_object('node', c.node, 'position', c.position, 'attempt', c.attempt, 'started_at', c.started_at,
          'finished_at', c.finished_at, 'output', c.output) order by c.position)
        from baton.checkpoint c where c.run_id = find_run.id), '[]'),
      'failures', coalesce((
        select json_agg(json_build_object('node', f.node, 'attempt', f.attempt, 'started_at', f.started_at, 'finished_at', f.finished_at,
          'retry_at', f.retry_at, 'error', case when f.newer > 20
            then jsonb_build_object('name', f.error ->> 'name', 'message', left(f.error ->> 'message', 200)) else f.error end) order by f.attempt)
        from (
          select *, row_number() over (order by finished_at desc) as newer
          from baton.failure where run_id = find_run.id and node <> ''
        ) as f), '[]'))
    from baton.run r
    cross join (select baton.now() as moment) as clock
    left join baton.ending e on e.run_id = find_run.id
    left join baton.ready q on q.run_id = find_run.id
    left join baton.blocked b on b.run_id = find_run.id
    where r.id = find_run.id);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.fingerprint(name text, message text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select concat_ws(': ', name,
    regexp_replace(left(message, 200), '[[:alpha:]_-]*[[:digit:]][[:alnum:]_-]*([.,:/+@#]+[[:alpha:]_-]*[[:digit:]][[:alnum:]_-]*)*', '#', 'g'))
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.forget_keys(most integer, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  delete from baton.dedup where ctid = any (array(
    select ctid from baton.dedup where expires_at <= moment order by expires_at limit most for update skip locked));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.forget_some(keys integer, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if random() * 32 < keys then
    perform baton.forget_keys(greatest(2 * keys, 64), moment);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.forgiven_failures(ids uuid[])
 RETURNS json
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  if not exists (select from baton.redrive) then
    return null;
  end if;
  return (
    select json_object_agg(run_id, forgiven)
    from (select distinct on (run_id) run_id, forgiven from baton.redrive where run_id = any (ids) order by run_id, at desc) as latest);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_outputs(ids uuid[], lowest uuid, highest uuid)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select json_object_agg(run_id, outputs)
    from (
      select run_id, json_object_agg(node, output) as outputs
      from baton.checkpoint where run_id = any (array(select unnest(ids))) and run_id between lowest and highest group by run_id
    ) as of_run);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.has_member(held baton.lease, slot integer, run uuid)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$ select case when held.run_ids[slot + 1] = run then get_bit(held.gone, slot) = 0 else false end $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.heal_clock(moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  known baton.clock;
  overlong boolean := exists (select from baton.lease where expires_at > moment + interval '65 minutes');
begin
  select * into known from baton.clock;
  if not overlong and known.band is null and moment between known.latest - interval '5 minutes' and known.latest + interval '10 minutes' then
    return;
  end if;
  select * into known from baton.clock for update skip locked;
  if not found then
    return;
  end if;
  -- Read again under the lock, or a tick that had to wait would take its own past for a clock that
  -- was set back.
  moment := baton.now();
  overlong := overlong and exists (select from baton.lease where expires_at > moment + interval '65 minutes');
  if overlong or moment < known.latest - interval '5 minutes' then
    insert into baton.setback (was, set_to) values (greatest(known.latest, baton.cut_leases(moment), moment), moment) on conflict do nothing;
    known := row(moment, greatest(known.latest, moment), moment, 0, moment, false);
  elsif moment > known.latest + interval '2 hours' and exists (select from baton.setback s where s.was > known.latest) then
    known := row(moment, known.latest, null, 0, known.latest - interval '15 minutes', false);
  elsif moment > known.latest + interval '10 minutes' then
    known.latest := moment;
  end if;
  if known.band is not null then
    known := baton.heal_waits(known, moment, 10000);
  end if;
  update baton.clock set latest = known.latest, was = known.was, set_to = known.set_to, band = known.band, run_at = known.run_at, again = known.again;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.heal_waits(jump baton.clock, moment timestamp with time zone, most integer)
 RETURNS baton.clock
 LANGUAGE plpgsql
AS $function$
declare
  seen record;
begin
  while jump.band <= 8 and most > 0 loop
    select array_agg(q.run_id) as ids, array_agg(q.run_at) as run_ats, max(q.run_at) as last, count(*)::integer as n into seen
    from (
      select r.run_id, r.run_at from baton.ready r
      where r.band = jump.band and r.run_at > jump.run_at and r.run_at < baton.never()
      order by r.run_at fetch first most rows with ties
    ) as q;
    if not baton.move_waits(jump, seen.ids, seen.run_ats, moment) then
      jump.again := true;
    end if;
    if seen.n < most then
      jump.band := jump.band + 1;
      jump.run_at := case when jump.set_to is null then jump.was - interval '15 minutes' else jump.set_to end;
    else
      jump.run_at := seen.last;
    end if;
    most := most - seen.n;
  end loop;
  if jump.band > 8 then
    jump.band := case when jump.again then 0 end;
    jump.again := false;
  end if;
  return jump;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.id_at(moment timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select (lpad(to_hex(floor(extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.id_time(id uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.is_counted(part text, page bigint, number bigint)
 RETURNS boolean
 LANGUAGE sql
AS $function$ select exists (select from baton.rolled r where r.part = is_counted.part and r.chunk = page / 128 and r.seen > number) $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.is_double(number numeric)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case
    when number = 0 then true
    when abs(number) not between 5e-324 and 1.7976931348623157e308 then false
    else (
      select written = number or baton.count_digits(number) < baton.count_digits(written)
      from (select (number::text::float8)::text::numeric as written offset 0) as double)
  end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.keep_ending(id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  ended record;
  latest bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
begin
  select c.relname::text as part, (e.ctid::text::point)[0]::bigint as page, (e.ctid::text::point)[1]::bigint as nth,
    (latest & -4294967296) | e.xmin::text::bigint as number
  into ended from baton.ending e join pg_class c on c.oid = e.tableoid where e.run_id = keep_ending.id;
  if ended.number >= latest then
    ended.number := ended.number - 4294967296;
  end if;
  if baton.is_counted(ended.part, ended.page, ended.number) then
    return;
  end if;
  perform from baton.rolling for update;
  if not baton.is_counted(ended.part, ended.page, ended.number) then
    perform baton.add_facts(ended.part, format('(%s,%s)', ended.page, ended.nth)::tid, format('(%s,%s)', ended.page, ended.nth + 1)::tid,
      ended.number, ended.number + 1);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_chunks(part text, pages bigint, sweep timestamp with time zone, horizon bigint, most integer)
 RETURNS TABLE(chunk integer, seen bigint, tail integer)
 LANGUAGE sql
 STABLE
AS $function$
  select n, coalesce(r.seen, 0), last.tail
  from (select greatest((list_chunks.pages + 127) / 128 - 2, 0)::integer as tail) as last,
    generate_series(0, (list_chunks.pages - 1) / 128) as c (n)
  left join baton.rolled r on r.part = list_chunks.part and r.chunk = c.n
  where r.chunk is null or r.until is null or r.seen < r.until
    or (r.looked_at < sweep and horizon - r.seen < 2000000000)
  order by r.looked_at nulls first, n desc
  limit most
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_few_ready(due boolean, moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  found_ids uuid[];
begin
  if due then
    found_ids := array(
      select q.run_id from generate_series(0, 8) as b (band)
      cross join lateral (select run_id from baton.ready where band = b.band and run_at <= moment order by run_at limit 1001) as q limit 1001);
  else
    found_ids := array(
      select q.run_id from generate_series(0, 8) as b (band)
      cross join lateral (select run_id from baton.ready where band = b.band and run_at > moment order by run_at limit 1001) as q limit 1001);
  end if;
  return case when cardinality(found_ids) <= 1000 then found_ids end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_ids(wanted_status text, wanted_workflow text, before uuid, most integer, moment timestamp with time zone, OUT ids uuid[], OUT next uuid)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  entries text;
  fits text := '($2 is null or (select r.workflow from baton.run r where r.id = entry.id and r.id >= $7 and r.id < $1) = $2)';
  few uuid[];
  newest timestamp := date_trunc('week', least(moment + interval '5 minutes', baton.id_time(before)) at time zone 'UTC');
  since uuid;
  seen integer;
  unseen integer := 10000;
  found_ids uuid[];
begin
  if wanted_status in ('ready', 'waiting') then
    few := baton.list_few_ready(wanted_status = 'ready', moment);
  elsif wanted_status = 'running' then
    few := array(select unnest((baton.list_members(l.run_ids, l.gone)).ids) from baton.lease l);
  end if;
  entries := case
    when wanted_status is null then 'select id, workflow from baton.run'
    when wanted_status = 'failed' then 'select run_id as id from baton.ending where status = ''failed'''
    when wanted_status = 'cancelled' then 'select run_id as id from baton.ending where status = ''cancelled'''
    when wanted_status = 'done' then 'select run_id as id, status from baton.ending'
    when wanted_status = 'blocked' then 'select run_id as id from baton.blocked'
    when few is not null then 'select q.id from unnest($5) as q (id)'
    when wanted_status in ('ready', 'waiting') then 'select run_id as id, run_at from baton.ready'
  end;
  fits := case
    when wanted_status is null then '($2 is null or entry.workflow = $2)'
    when wanted_status = 'done' then 'entry.status = ''done'' and ' || fits
    when few is not null then fits
    when wanted_status = 'ready' then 'entry.run_at <= $4 and ' || fits
    when wanted_status = 'waiting' then 'entry.run_at > $4 and ' || fits
    else fits
  end;
  entries := format('select * from (%s) as every where id >= $7 and id < $1 order by id desc limit $6', entries);
  ids := '{}';
  for look in 0..10 loop
    since := case when look < 10
      then baton.id_at(greatest(newest - (2 ^ look - 1) * interval '7 days', 'epoch'::timestamp) at time zone 'UTC')
      else '00000000-0000-0000-0000-000000000000' end;
    execute format('select array(select id from (%s) as entry where %s order by id desc limit $3)', entries, fits)
      into found_ids using before, wanted_workflow, most - cardinality(ids), moment, few, unseen, since;
    ids := ids || found_ids;
    exit when cardinality(ids) = most or look = 10;
    execute format('select count(*), (array_agg(id))[$6] from (%s) as entry', entries)
      into seen, next using before, wanted_workflow, most, moment, few, unseen, since;
    exit when next is not null;
    unseen := unseen - seen;
    before := since;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_members(run_ids uuid[], gone bit varying, chosen bit varying DEFAULT NULL::bit varying, OUT ids uuid[], OUT slots integer[])
 RETURNS record
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select array_agg(id order by nth), array_agg((nth - 1)::integer order by nth)
  from unnest(run_ids) with ordinality as m (id, nth)
  where get_bit(gone, (nth - 1)::integer) = 0 and (chosen is null or get_bit(chosen, (nth - 1)::integer) = 1)
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.list_runs(request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  moment timestamptz := baton.now();
  listed record := baton.list_ids(request ->> 'status', request ->> 'workflow',
    coalesce((request ->> 'before')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), (request ->> 'limit')::integer, moment);
  lowest uuid := listed.ids[cardinality(listed.ids)];
  highest uuid := listed.ids[1];
  runs jsonb;
begin
  select coalesce(jsonb_agg(to_jsonb(page) order by page.id desc), '[]') into runs
  from (
    select r.id, r.workflow, r.version, coalesce(e.status, baton.place_status(r.id, moment)) as status, r.created_at, e.at as finished_at
    from unnest(listed.ids) as l (id)
    cross join lateral (select * from baton.run where id = l.id and id between lowest and highest limit 1) as r
    left join lateral (select status, at from baton.ending where run_id = l.id and run_id between lowest and highest limit 1) as e on true
  ) as page;
  return case when request ? 'paged' then jsonb_build_object('runs', runs, 'next', listed.next) else runs end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.lock_run(id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  perform from baton.run r where r.id = lock_run.id for no key update;
  return found;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.make_partitions(earliest timestamp with time zone, latest timestamp with time zone, impatient boolean)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET default_tablespace TO ''
 SET default_table_access_method TO 'heap'
AS $function$
declare
  parents text[] := array['run', 'attribute', 'checkpoint', 'failure', 'ending'];
  weeks timestamp[] := array(
    select generate_series(date_trunc('week', earliest at time zone 'UTC'), latest at time zone 'UTC', interval '7 days'));
  missing record;
  made integer := 0;
begin
  if (select count(*) = cardinality(parents) * cardinality(weeks) from pg_class
      where relnamespace = 'baton'::regnamespace
        and relname = any (array(select p || to_char(w, '_YYYYMMDD') from unnest(parents) as p, unnest(weeks) as w))) then
    return 0;
  end if;
  begin
    if impatient then
      lock table only baton.run in share update exclusive mode nowait;
    else
      lock table only baton.run in share update exclusive mode;
    end if;
  exception when lock_not_available then
    if impatient then
      return 0;
    end if;
    raise;
  end;
  for missing in
    select p.parent, p.parent || to_char(w.week, '_YYYYMMDD') as child, w.week at time zone 'UTC' as starts,
      (w.week + interval '7 days') at time zone 'UTC' as ends
    from unnest(weeks) as w (week), unnest(parents) with ordinality as p (parent, nth)
    order by w.week, p.nth
  loop
    continue when to_regclass('baton.' || missing.child) is not null;
    execute format('create table baton.%I (like baton.%I including all)', missing.child, missing.parent);
    execute format('alter table baton.%I attach partition baton.%I for values from (%L) to (%L)',
      missing.parent, missing.child, baton.id_at(missing.starts), baton.id_at(missing.ends));
    made := made + 1;
  end loop;
  return made;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.mark_gone(held baton.lease, slots integer[], ids uuid[])
 RETURNS bit varying
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  gone varbit := held.gone;
  slot integer;
  id uuid;
begin
  foreach slot in array slots loop
    gone := set_bit(gone, slot, 1);
  end loop;
  foreach id in array ids loop
    slot := array_position(held.run_ids, id);
    if slot is not null then
      gone := set_bit(gone, slot - 1, 1);
    end if;
  end loop;
  return gone;
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.moment()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$ select baton.now() $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.move_waits(jump baton.clock, ids uuid[], run_ats timestamp with time zone[], moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  wrong record;
  moved integer;
begin
  select array_agg(n.id) as ids, array_agg(n.run_at) as run_ats, array_agg(n.due) as dues, count(*) as n into wrong
  from (
    select t.id, t.run_at, case when jump.set_to is null then greatest(t.run_at, t.due)
      when t.run_at > moment + interval '5 minutes' then least(t.run_at, greatest(coalesce(t.due, moment), moment)) else t.run_at end as due
    from unnest(ids, run_ats, baton.recompute_due(ids, jump.was, jump.set_to, moment)) as t (id, run_at, due)
  ) as n
  where n.due <> n.run_at;
  if wrong.n = 0 then
    return true;
  end if;
  with held as (
    select q.ctid from unnest(wrong.ids, wrong.run_ats) as w (id, run_at)
    cross join lateral (
      select r.ctid from baton.ready r where r.run_id = w.id and r.run_at = w.run_at for update skip locked) as q
  ), taken as (
    delete from baton.ready where ctid = any (array(select ctid from held)) returning run_id, band, bytes, begun
  )
  insert into baton.ready (run_id, band, run_at, bytes, begun)
  select t.run_id, t.band, w.due + w.nth * interval '1 microsecond', t.bytes, t.begun
  from unnest(wrong.ids, wrong.dues) with ordinality as w (id, due, nth)
  join taken t on t.run_id = w.id;
  get diagnostics moved = row_count;
  return moved = wrong.n;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.never()
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select '9999-12-31 00:00:00+00'::timestamptz $function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.new_id()
 RETURNS uuid
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
AS $function$
  select (substr(t, 1, 12) || '7' || substr(r, 14, 19))::uuid
  from (select replace(baton.id_at(baton.now())::text, '-', '') as t, replace(gen_random_uuid()::text, '-', '') as r) as parts
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.next_due(moment timestamp with time zone, low jsonb, highest integer DEFAULT 3)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  soonest timestamptz;
begin
  select min(first.run_at) into soonest
  from generate_series(0, highest) as b (band)
  cross join lateral (
    select q.run_at from baton.ready q
    where q.band = b.band and q.run_at >= coalesce((low ->> b.band::text)::timestamptz, '-infinity')
    order by q.run_at limit 1
  ) as first;
  -- greatest() alone would read "none" as "now": it ignores nulls.
  return case when soonest < baton.never() then ceil(extract(epoch from greatest(soonest, moment) - moment) * 1000) end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.now()
 RETURNS timestamp with time zone
 LANGUAGE sql
AS $function$ select clock_timestamp() $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.park_members(held baton.lease, entries jsonb, unproven boolean, skipped uuid[], moment timestamp with time zone)
 RETURNS integer[]
 LANGUAGE plpgsql
AS $function$
declare
  ids uuid[];
  slots integer[];
  times timestamptz[];
begin
  if coalesce(jsonb_array_length(entries), 0) = 0 then
    return '{}';
  end if;
  select array_agg(e.run), array_agg(e.place), array_agg(moment + least(e.delay_ms, 315532800000) * interval '1 millisecond') into ids, slots, times
  from jsonb_to_recordset(entries) as e (place integer, run uuid, delay_ms bigint)
  where baton.has_member(held, e.place, e.run) and e.run <> all (skipped);
  if unproven then
    perform baton.return_members(held, ids, moment);
  else
    perform baton.put_back(ids, times);
  end if;
  return coalesce(slots, '{}');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.place_status(id uuid, moment timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(
    (select 'blocked' from baton.blocked b where b.run_id = place_status.id),
    (select case when q.run_at > moment then 'waiting' else 'ready' end from baton.ready q where q.run_id = place_status.id),
    'running')
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.prove_round(token uuid, round integer, role name)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
begin
  if not exists (
    select from baton.lease l
    where l.token = prove_round.token and l.round = prove_round.round and l.xmin = pg_current_xact_id()::xid
  ) then
    raise exception 'the statements of a sql node ended their transaction'
      using errcode = 'BT004', hint = 'Leave begin, commit, rollback and savepoints to the engine, which stores the output in the same transaction.';
  elsif role is distinct from nullif(current_setting('baton.role', true), '')::name then
    raise exception 'the statements of a sql node changed the role to %', role
      using errcode = 'BT004', hint = 'Put what needs another role into a function that is security definer.';
  end if;
  -- They may have said that the commit need not wait for the disk.
  perform baton.commit_durably();
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.put_back(ids uuid[], run_ats timestamp with time zone[], suspects integer DEFAULT NULL::integer)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  if lowest is null then
    return;
  end if;
  insert into baton.ready (run_id, band, run_at, bytes, begun)
  select t.id, coalesce(3 + suspects, r.priority), t.run_at, r.bytes + c.bytes, true
  from unnest(ids, run_ats) as t (id, run_at)
  cross join lateral (
    select priority, octet_length(input::text) as bytes from baton.run where id = t.id and id between lowest and highest limit 1) as r
  cross join lateral (
    select coalesce(sum(octet_length(output::text)), 0) as bytes
    from baton.checkpoint where run_id = t.id and run_id between lowest and highest) as c
  on conflict do nothing;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.quantile(counts jsonb, part double precision)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select round(power(1.1::float8, min(bucket)) * 2 / 2.1)::bigint
  from (
    select key::integer as bucket, sum(value::bigint) over (order by key::integer) as upto, sum(value::bigint) over () as total from jsonb_each_text(counts)
  ) as ranked
  where upto >= total * part
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.reap_leases(moment timestamp with time zone, OUT crashed integer, OUT poisoned integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  held baton.lease;
  ids uuid[];
begin
  crashed := 0;
  poisoned := 0;
  for held in
    delete from baton.lease where token = any (array(
      select token from baton.lease where expires_at <= moment order by expires_at limit 20 for update skip locked))
    returning *
  loop
    ids := (baton.list_members(held.run_ids, held.gone)).ids;
    continue when ids is null;
    poisoned := poisoned + baton.crash_each(held, ids, moment);
    crashed := crashed + cardinality(ids);
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.recompute_due(ids uuid[], was timestamp with time zone, set_to timestamp with time zone, moment timestamp with time zone)
 RETURNS timestamp with time zone[]
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  if lowest is null then
    return '{}';
  end if;
  return array(
    select (
      select max(case when w.began <= moment then w.until else set_to + greatest(w.until - greatest(w.began, was), interval '0') end)
      from (
        select case when r.start_is_named then '-infinity' else r.created_at end as began, r.start_at as until
        from baton.run r where r.id = t.id and r.id between lowest and highest and r.start_at > moment
        union all
        select c.started_at, c.finished_at
        from baton.checkpoint c where c.run_id = t.id and c.run_id between lowest and highest and c.finished_at > moment
          and c.output ->> 'until' = to_char(c.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        union all
        select f.finished_at, f.retry_at
        from baton.failure f where f.run_id = t.id and f.run_id between lowest and highest and f.retry_at > moment
          and not exists (
            select from baton.checkpoint d where d.run_id = t.id and d.run_id between lowest and highest and d.node = f.node)
      ) as w
      where isfinite(w.until) and w.began < 'infinity'
    )
    from unnest(ids) with ordinality as t (id, nth)
    order by t.nth);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.redrive(id uuid, request jsonb DEFAULT '{}'::jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  ended text;
  before integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of redrive', id);
  perform baton.require_keys('the request of redrive', request, '{}', '{redrives}');
  perform baton.require_kind('the request of redrive', request, 'number', '{redrives}');
  if not baton.lock_run(id) then
    return null;
  end if;
  before := baton.redrives(id);
  select e.status into ended from baton.ending e where e.run_id = redrive.id;
  if ended is distinct from 'failed' or (request ->> 'redrives')::integer <> before then
    return jsonb_build_object('status', coalesce(ended, 'unfinished'),
      'redriven', before >= greatest((request ->> 'redrives')::integer, 1), 'changed', false);
  end if;
  perform baton.keep_ending(id);
  delete from baton.ending e where e.run_id = redrive.id;
  -- Rows of one run count up in time, whatever the clock does: the last one is what is forgiven.
  insert into baton.redrive (run_id, at, forgiven)
  select redrive.id, greatest(baton.now(), (select max(at) + interval '1 microsecond' from baton.redrive r where r.run_id = redrive.id)),
    coalesce(jsonb_object_agg(node, failures), '{}')
  from (select node, count(*) as failures from baton.failure f where f.run_id = redrive.id group by node) as by_node;
  -- A cancel that came too late for the failure is not meant for what follows.
  delete from baton.control c where c.run_id = redrive.id;
  perform baton.put_back(array[redrive.id], array[baton.now()]);
  return jsonb_build_object('status', 'failed', 'redriven', true, 'changed', true);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.redrives(id uuid)
 RETURNS integer
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select (select count(*) from baton.redrive d where d.run_id = redrives.id)::integer from baton.run r where r.id = redrives.id);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.refill_lease(held baton.lease, request jsonb, moment timestamp with time zone, ttl_ms integer, OUT low jsonb, OUT due_in_ms bigint, OUT poisoned integer, OUT runs json)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  got record := baton.take_batch(request, moment, 0);
  described record;
  slots integer[];
  -- Variables of their own, because an element of a record's field is assigned by copying the
  -- array: 500 times 8 KB.
  members uuid[] := held.run_ids;
  new_gone varbit := held.gone;
  claimed_now varbit;
begin
  low := got.low;
  slots := baton.find_free_slots(held.gone, cardinality(got.ids));
  described := baton.describe_members(got.ids, slots, got.begun_ids);
  poisoned := got.poisoned + coalesce(cardinality(described.missing), 0);
  if described.missing is not null then
    select array_agg(t.id order by t.nth), array_agg(t.slot order by t.nth) into got.ids, slots
    from unnest(got.ids, slots) with ordinality as t (id, slot, nth) where t.id <> all (described.missing);
  end if;
  if got.ids is not null then
    claimed_now := repeat('0', greatest(length(new_gone), slots[cardinality(slots)] + 1))::varbit;
    new_gone := new_gone || repeat('0', length(claimed_now) - length(new_gone))::varbit;
    for i in 1 .. cardinality(slots) loop
      members[slots[i] + 1] := got.ids[i];
      new_gone := set_bit(new_gone, slots[i], 0);
      claimed_now := set_bit(claimed_now, slots[i], 1);
    end loop;
    update baton.lease l set round = held.round, gone = new_gone, told = held.told, run_ids = members, fresh = claimed_now,
      fresh_round = held.round, expires_at = moment + least(ttl_ms, 3600000) * interval '1 millisecond'
    where l.token = held.token;
  else
    update baton.lease l set round = held.round, gone = held.gone, told = held.told,
      expires_at = moment + least(ttl_ms, 3600000) * interval '1 millisecond'
    where l.token = held.token;
  end if;
  due_in_ms := baton.next_due(moment, low);
  runs := described.runs;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.refresh_daily()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
begin
  refresh materialized view concurrently baton.daily;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.refuse_foreign_ids(ids jsonb, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  -- Computed once: in the condition they would be for each run, 4 µs of it.
  oldest uuid := baton.id_at(moment - interval '24 hours');
  newest uuid := baton.id_at(moment + interval '5 minutes');
  wrong uuid[];
  unknown uuid;
begin
  wrong := array(
    select given.id from (select i.id::uuid from jsonb_array_elements_text(ids) as i (id) offset 0) as given
    where given.id < oldest or given.id >= newest);
  if cardinality(wrong) = 0 then
    return;
  end if;
  select unnest(wrong) into unknown except select unnest(baton.existing_runs(wrong)) limit 1;
  if found then
    raise exception 'run id % was not made within the last 24 hours', unknown
      using errcode = 'BT010', detail = floor(extract(epoch from moment) * 1000)::bigint::text,
      hint = 'Make a new UUIDv7 from the time in the detail.';
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.refuse_unfaithful(inputs jsonb)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET extra_float_digits TO '1'
AS $function$
declare
  input jsonb;
  nth integer;
  number numeric;
  pointer text;
begin
  for input, nth in select i.input, i.nth - 1 from jsonb_array_elements(inputs) with ordinality as i (input, nth) loop
    if input @? 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")' then
      raise exception 'the input of run % is nested deeper than 64', nth
        using errcode = 'BT051', hint = 'Store the data elsewhere and pass a reference to it.';
    end if;
    if input @? '$.**.__proto__' then
      raise exception 'the input of run % has the key __proto__', nth using errcode = 'BT051', hint = 'Use another key.';
    end if;
    continue when input::text !~ '[0-9][0-9.]{15}';
    for number in select (n #>> '{}')::numeric from jsonb_path_query(input, 'strict $.** ? (@.type() == "number")') as n loop
      continue when baton.is_double(number);
      pointer := baton.find_pointer(input, to_jsonb(number));
      raise exception 'the number at "%" of the input of run % would come back as another one, because a double cannot hold it', pointer, nth
        using errcode = 'BT051', detail = pointer, hint = 'Send it as a string.';
    end loop;
  end loop;
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.release(token uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
declare
  held baton.lease;
  ids uuid[];
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the token of release', token);
  delete from baton.lease l where l.token = release.token returning * into held;
  if found then
    ids := (baton.list_members(held.run_ids, held.gone)).ids;
    perform baton.return_members(held, coalesce(ids, '{}'), baton.now());
  end if;
  return jsonb_build_object('released', coalesce(cardinality(ids), 0));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.remember_request(request jsonb, moment timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  named_workflow text := request #>> '{request,workflow}';
  named_key text := request #>> '{request,key}';
  known baton.dedup;
begin
  insert into baton.dedup as d (workflow, scope, key, hash, answer, expires_at)
  values (named_workflow, 'request', named_key, request #>> '{request,hash}', '[]', moment + interval '7 days')
  on conflict on constraint dedup_key do update set hash = excluded.hash, answer = excluded.answer, expires_at = excluded.expires_at
    where d.expires_at <= moment;
  if found then
    return null;
  end if;
  select * into strict known from baton.dedup where workflow = named_workflow and scope = 'request' and key = named_key;
  if known.hash <> request #>> '{request,hash}' then
    raise exception 'idempotency key "%" was used with another body', named_key
      using errcode = 'BT011', detail = 'request', hint = 'Send the first body again, or use a new key.';
  end if;
  return known.answer;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.remember_runs(request jsonb, moment timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  clash text;
  answer jsonb;
begin
  insert into baton.dedup as d (workflow, scope, key, hash, answer, expires_at)
  select distinct on (r.workflow, r.key) r.workflow, 'run', r.key, r.hash, to_jsonb(r.id), moment + interval '7 days'
  from rows from (jsonb_to_recordset(request -> 'runs') as (id uuid, workflow text, key text, hash text))
    with ordinality as r (id, workflow, key, hash, nth)
  where r.key is not null
  order by r.workflow, r.key, r.nth
  on conflict on constraint dedup_key do update set hash = excluded.hash, answer = excluded.answer, expires_at = excluded.expires_at
    where d.expires_at <= moment;
  select (nth - 1)::text into clash
  from rows from (jsonb_to_recordset(request -> 'runs') as (workflow text, key text, hash text)) with ordinality as r (workflow, key, hash, nth)
  join baton.dedup d on d.workflow = r.workflow and d.scope = 'run' and d.key = r.key
  where d.hash <> r.hash
  order by nth limit 1;
  if found then
    raise exception 'the idempotency key of run % was used with another body', clash
      using errcode = 'BT011', detail = clash, hint = 'Send the first body again, or use a new key.';
  end if;
  select json_agg(run || jsonb_build_object('known', d.answer) order by nth)::jsonb into answer
  from jsonb_array_elements(request -> 'runs') with ordinality as r (run, nth)
  left join baton.dedup d on d.workflow = run ->> 'workflow' and d.scope = 'run' and d.key = run ->> 'key';
  return answer;
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.repair()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
declare
  moment timestamptz := baton.now();
  ids uuid[];
  times timestamptz[];
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  select array_agg(r.id), array_agg(greatest(r.start_at, c.until, f.until)) into ids, times
  from baton.run r
  cross join lateral (select max(finished_at) as until from baton.checkpoint where run_id = r.id) as c
  cross join lateral (
    select max(retry_at) as until from baton.failure x
    where x.run_id = r.id and not exists (select from baton.checkpoint y where y.run_id = r.id and y.node = x.node)
  ) as f
  where not exists (select from baton.ending e where e.run_id = r.id)
    and not exists (select from baton.ready q where q.run_id = r.id)
    and not exists (select from baton.blocked b where b.run_id = r.id)
    and not exists (select from baton.lease l, unnest(l.run_ids) with ordinality as m (id, nth)
      where m.id = r.id and get_bit(l.gone, (nth - 1)::integer) = 0);
  -- What is due is due since then; what waits, waits no longer than it was asked to, also if a
  -- clock that was ahead wrote its times.
  times := array(
    select coalesce(t.due, least(t.stored, moment))
    from unnest(times, baton.recompute_due(ids, moment, moment, moment)) with ordinality as t (stored, due, nth) order by t.nth);
  perform baton.put_back(ids, times);
  return coalesce(cardinality(ids), 0);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.repeat_claim(held baton.lease, low jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  moment timestamptz := baton.now();
  members record := baton.list_members(held.run_ids, held.gone);
begin
  return json_build_object('now', moment, 'round', held.round, 'low', low, 'stopped', '{}'::uuid[], 'suspects', false,
    'due_in_ms', baton.next_due(moment, low), 'runs', (baton.describe_members(members.ids, members.slots, members.ids)).runs);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.repeat_round(held baton.lease, strictly boolean, low jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  moment timestamptz := baton.now();
  claimed_now record;
begin
  if strictly then
    raise exception 'round % of lease % was applied before', held.round, held.token
      using errcode = 'BT002', hint = 'Its statements were committed with it: read this as success.';
  end if;
  if held.fresh_round = held.round then
    claimed_now := baton.list_members(held.run_ids, held.gone, held.fresh);
  else
    claimed_now := baton.list_members('{}', '');
  end if;
  return json_build_object('now', moment, 'round', held.round, 'low', low, 'due_in_ms', baton.next_due(moment, coalesce(low, '{}')),
    'stopped', coalesce(held.told -> 'stopped', '[]'), 'lost', coalesce(held.told -> 'lost', '[]'),
    'runs', (baton.describe_members(claimed_now.ids, claimed_now.slots, claimed_now.ids)).runs);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.require_id(what text, id uuid)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  if id is null then
    raise exception '% is null', what using errcode = 'BT040', hint = 'Name it by its uuid. Nothing was done.';
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.require_keys(what text, given jsonb, required text[], known text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  if jsonb_typeof(given) = 'object' and given ?& required and given - known = '{}' then
    return;
  end if;
  raise exception '% %', what, case
      when given is null then 'is missing'
      when jsonb_typeof(given) <> 'object' then 'is no object but ' || jsonb_typeof(given)
      when not given ?& required then 'lacks the key "' || (select k from unnest(required) as k where not given ? k limit 1) || '"'
      else 'has the unknown key "' || (select k from jsonb_object_keys(given - known) as k limit 1) || '"' end
    using errcode = 'BT040', hint = 'It takes ' || array_to_string(known, ', ') || '. Nothing was done; correct the call and send it again.';
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.require_kind(what text, given jsonb, kind text, keys text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  key text;
begin
  foreach key in array keys loop
    if jsonb_typeof(given -> key) <> kind then
      raise exception '% has under "%" no % but %', what, key, kind, jsonb_typeof(given -> key)
        using errcode = 'BT040', hint = 'Nothing was done; correct the call and send it again.';
    end if;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.require_read_committed()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'this transaction is %, and Baton can be called in READ COMMITTED only', upper(current_setting('transaction_isolation'))
      using errcode = 'BT020', hint = 'Begin it with BEGIN ISOLATION LEVEL READ COMMITTED. Where BEGIN names no level, '
        'default_transaction_isolation of the session, the login or the database decides: set it to ''read committed'' there.';
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.require_rows(what text, given jsonb, required text[], optional text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  known text[] := required || optional;
  wrong record;
begin
  if jsonb_typeof(given) is distinct from 'array' then
    raise exception '% is no list of objects but %', what, coalesce(jsonb_typeof(given), 'missing')
      using errcode = 'BT040', hint = 'Nothing was done; correct the call and send it again.';
  end if;
  select nth - 1 as index, entry into wrong from jsonb_array_elements(given) with ordinality as e (entry, nth)
  where jsonb_typeof(entry) <> 'object' or not entry ?& required or entry - known <> '{}'
  limit 1;
  if found then
    perform baton.require_keys(format('%s, entry %s,', what, wrong.index), wrong.entry, required, known);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.return_members(held baton.lease, ids uuid[], moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  proven uuid[] := case when held.crashes = 0 then ids else baton.runs_with_progress(ids, held.claimed_at) end;
  doubtful uuid[];
begin
  perform baton.put_back(proven, array_fill(moment, array[coalesce(cardinality(proven), 0)]));
  if held.crashes > 0 then
    doubtful := array(select unnest(ids) except select unnest(proven));
    perform baton.put_back(doubtful, array_fill(moment, array[cardinality(doubtful)]), held.crashes);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.roll_up(most integer, moment timestamp with time zone, sweep timestamp with time zone DEFAULT NULL::timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  parts oid[];
  horizon bigint;
  latest bigint;
  changed record;
  look record;
  unlooked integer := most;
  counted integer;
begin
  -- Before the lock, which is a write.
  parts := array(
    select c.oid from pg_inherits i join pg_class c on c.oid = i.inhrelid left join baton.rolled_part p on p.part = c.relname
    where i.inhparent in ('baton.run'::regclass, 'baton.checkpoint'::regclass, 'baton.failure'::regclass, 'baton.ending'::regclass)
      and (sweep is not null or p.inserts is distinct from pg_stat_get_tuples_inserted(c.oid)) and baton.count_pages(c.oid) > 0
    order by right(c.relname, 8) desc, c.relname);
  if cardinality(parts) = 0 then
    return 0;
  end if;
  perform from baton.rolling where sweep is not null or at not between moment - interval '60 seconds' and moment for update skip locked;
  if not found then
    return 0;
  end if;
  horizon := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  latest := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  for changed in
    select c.relname as part, baton.count_pages(c.oid) as pages, pg_stat_get_tuples_inserted(c.oid) as inserts
    from unnest(parts) with ordinality as p (oid, nth) join pg_class c on c.oid = p.oid order by p.nth
  loop
    for look in select * from baton.list_chunks(changed.part, changed.pages, sweep, horizon, unlooked) loop
      counted := baton.add_facts(changed.part, format('(%s,0)', look.chunk * 128)::tid, format('(%s,0)', (look.chunk + 1) * 128)::tid,
        least(look.seen, horizon), horizon);
      insert into baton.rolled as r (part, chunk, seen, until, looked_at)
      values (changed.part, look.chunk, horizon, case when look.chunk < look.tail then latest end, moment)
      on conflict (part, chunk) do update
        set seen = excluded.seen, until = coalesce(r.until, excluded.until), looked_at = excluded.looked_at;
      unlooked := unlooked - 1;
    end loop;
    exit when unlooked <= 0;
    if horizon = latest then
      insert into baton.rolled_part (part, inserts) values (changed.part, changed.inserts)
      on conflict (part) do update set inserts = excluded.inserts;
    end if;
  end loop;
  update baton.rolling set at = moment;
  return most - unlooked;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.runs_as_columns(runs jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select json_build_object('id', coalesce(json_agg(run -> 'id' order by nth), '[]'),
    'workflow', coalesce(json_agg(run -> 'workflow' order by nth), '[]'), 'version', coalesce(json_agg(run -> 'version' order by nth), '[]'),
    'priority', coalesce(json_agg(run -> 'priority' order by nth), '[]'), 'input', coalesce(json_agg(run -> 'input' order by nth), '[]'),
    'run_at', coalesce(json_agg(run -> 'run_at' order by nth), '[]'), 'delay_ms', coalesce(json_agg(run -> 'delay_ms' order by nth), '[]'))::jsonb
  from jsonb_array_elements(runs) with ordinality as r (run, nth)
  where coalesce((run ->> 'known')::uuid = (run ->> 'id')::uuid, true)
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.runs_between(earliest timestamp with time zone, latest timestamp with time zone)
 RETURNS SETOF baton.runs
 LANGUAGE sql
 STABLE
AS $function$
  select r.* from baton.runs r
  where r.id >= (select baton.id_at(earliest - interval '24 hours')) and r.id < (select baton.id_at(latest + interval '5 minutes'))
    and r.created_at >= earliest and r.created_at < latest
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.runs_to_stop(ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  if not exists (select from baton.control) then
    return '{}';
  end if;
  return array(select run_id from baton.control where run_id = any (ids));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.runs_with_ending(ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return array(select run_id from baton.ending where run_id = any (array(select unnest(ids))) and run_id between lowest and highest);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.runs_with_output(ids uuid[], nodes text[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return array(
    select s.id from unnest(ids, nodes) as s (id, node)
    cross join lateral (
      select count(*) as n from baton.checkpoint
      where run_id = s.id and run_id between lowest and highest and checkpoint.node = s.node) as c
    where c.n > 0);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.runs_with_progress(ids uuid[], since timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return array(
    select t.id from unnest(ids) as t (id)
    cross join lateral (
      select count(*) as n from baton.checkpoint
      where run_id = t.id and run_id between lowest and highest and started_at >= since) as c
    cross join lateral (
      select count(*) as n from baton.failure
      where run_id = t.id and run_id between lowest and highest and node <> '' and started_at >= since) as f
    where c.n + f.n > 0
  );
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.state(id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select (
      select json_object_agg(part.name, part.value)::jsonb
      from (
        select 'input' as name, r.input as value union all select c.node, c.output from baton.checkpoint c where c.run_id = state.id
      ) as part)
    from baton.run r where r.id = state.id);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.stop_members(held baton.lease, ended integer[], moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  stopped uuid[] := '{}';
begin
  if exists (select from baton.control) then
    select array_agg(run_id) into stopped
    from unnest(held.run_ids) with ordinality as m (run_id, nth)
    join baton.control c using (run_id)
    where get_bit(held.gone, (nth - 1)::integer) = 0 and (nth - 1)::integer <> all (ended);
    perform baton.end_each(stopped, 'cancelled', null, moment);
  end if;
  return coalesce(stopped, '{}');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.stop_parked(moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  asked uuid[] := array(select run_id from baton.control);
  ids uuid[];
begin
  if asked = '{}' then
    return 0;
  end if;
  with unready as (
    delete from baton.ready where run_id = any (array(select run_id from baton.control)) returning run_id
  ), unblocked as (
    delete from baton.blocked where run_id = any (array(select run_id from baton.control)) returning run_id
  )
  select array_agg(run_id) into ids from (select * from unready union all select * from unblocked) as parked;
  -- The clock is read after what may have waited: what others stored meanwhile must not lie after
  -- the ending.
  perform baton.end_each(ids, 'cancelled', null, greatest(moment, baton.now()));
  -- One statement, and so one moment: a run that is redriven meanwhile may be asked to stop anew.
  delete from baton.control where run_id = any (asked) and (
    run_id = any ((select baton.runs_with_ending(asked))::uuid[]) or run_id <> all ((select baton.existing_runs(asked))::uuid[]));
  return coalesce(cardinality(ids), 0);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.store_runs(runs jsonb, shared jsonb, fresh boolean, moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  all_workflow text := shared ->> 'workflow';
  all_version integer := shared ->> 'version';
  all_priority smallint := shared ->> 'priority';
  due integer;
  largest integer;
  latest timestamptz;
begin
  with given as (
    select r.id::uuid, coalesce(r.workflow, all_workflow) as workflow, coalesce(r.version::integer, all_version) as version,
      coalesce(r.priority::smallint, all_priority) as priority, r.input,
      case when r.run_at::timestamptz = baton.never() then baton.never() else
        greatest(moment, coalesce(r.run_at::timestamptz, moment + least(coalesce(r.delay_ms::bigint, 0), 400000000000) * interval '1 millisecond'))
        + r.nth * interval '1 microsecond' end as start_at,
      case when r.run_at::timestamptz > moment then true end as start_is_named
    from rows from (
      jsonb_array_elements_text(runs -> 'id'), jsonb_array_elements_text(runs -> 'workflow'), jsonb_array_elements_text(runs -> 'version'),
      jsonb_array_elements_text(runs -> 'priority'), jsonb_array_elements(runs -> 'input'), jsonb_array_elements_text(runs -> 'run_at'),
      jsonb_array_elements_text(runs -> 'delay_ms')
    ) with ordinality as r (id, workflow, version, priority, input, run_at, delay_ms, nth)
  ), stored_fresh as (
    insert into baton.run (id, workflow, version, priority, input, start_at, created_at, start_is_named)
    select id, workflow, version, priority, input, start_at, moment, start_is_named from given where fresh
    returning id, priority, start_at, octet_length(input::text) as bytes
  ), stored_new as (
    insert into baton.run (id, workflow, version, priority, input, start_at, created_at, start_is_named)
    select id, workflow, version, priority, input, start_at, moment, start_is_named from given where not fresh
    on conflict do nothing
    returning id, priority, start_at, octet_length(input::text) as bytes
  ), queued as (
    insert into baton.ready (run_id, band, run_at, bytes, begun)
    select id, priority, start_at, bytes, false from (select * from stored_fresh union all select * from stored_new) as stored
    returning run_at, bytes
  )
  select count(*) filter (where run_at <= moment + interval '15 seconds'), max(bytes), max(run_at) filter (where run_at <> baton.never())
    into due, largest, latest from queued;
  if largest > 262144 then
    raise exception 'an input is % bytes of JSON as the database writes it, more than 262144', largest
      using errcode = 'BT050', hint = 'Store the data elsewhere and pass a reference to it.';
  end if;
  if latest > moment + interval '87648 hours 1 second' then
    raise exception 'a run is to start at %, more than ten years ahead', latest
      using errcode = 'BT052', hint = 'Give it a time within ten years, or exactly baton.never().';
  end if;
  return due;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.sum_buckets(counts jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(jsonb_object_agg(bucket, n), '{}')
  from (select b.key as bucket, sum(b.value::bigint) as n from jsonb_array_elements(counts) as c (one), jsonb_each_text(c.one) as b group by 1) as added
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.sweep_rollup(most integer, since timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
begin
  return baton.roll_up(most, baton.now(), since);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_batch(request jsonb, moment timestamp with time zone, INOUT poisoned integer, OUT ids uuid[], OUT begun_ids uuid[], OUT low jsonb)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  free integer := (request ->> 'max')::integer;
  room bigint := (request ->> 'max_bytes')::bigint;
  asked integer;
  wanted_band integer;
  turn integer[] := array[0, 1, 2, 3];
  busy integer[];
  got record;
  mark timestamptz;
begin
  low := coalesce(request -> 'low', '{}');
  busy := array(
    select band from unnest(turn) as b (band)
    where exists (select from baton.ready q where q.band = b.band and q.run_at <= moment
      and q.run_at >= coalesce((low ->> b.band::text)::timestamptz, '-infinity'))
    order by band);
  if cardinality(busy) > 1 and random() * 8 < least(free, 8) then
    turn := busy[2 + floor(random() * (cardinality(busy) - 1))::integer] || turn;
  end if;
  for i in 1 .. cardinality(turn) loop
    exit when free <= 0 or room <= 0;
    wanted_band := turn[i];
    asked := case when i = 1 and cardinality(turn) = 5 then greatest(free / 8, 1) else free end;
    got := baton.take_ready(wanted_band, asked, room, ids is null, coalesce((low ->> wanted_band::text)::timestamptz, '-infinity'), moment, poisoned);
    mark := least(got.last_run_at, moment - interval '5 seconds');
    low := low || jsonb_build_object(wanted_band::text, mark);
    poisoned := got.poisoned;
    continue when got.ids is null;
    ids := ids || got.ids;
    begun_ids := begun_ids || got.begun_ids;
    free := free - cardinality(got.ids);
    room := room - got.bytes;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_ready(wanted_band integer, most integer, room bigint, first_fits boolean, lowest timestamp with time zone, moment timestamp with time zone, INOUT poisoned integer, OUT ids uuid[], OUT begun_ids uuid[], OUT bytes bigint, OUT last_run_at timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  ctids tid[];
  sizes integer[];
begin
  select array_agg(r.ctid), array_agg(r.bytes), sum(r.bytes), min(r.run_at) into ctids, sizes, bytes, last_run_at
  from (
    select q.ctid, q.bytes, q.run_at from baton.ready q
    where q.band = wanted_band and q.run_at >= lowest and q.run_at <= moment
    order by q.run_at limit most for update skip locked
  ) as r;
  if bytes > 8388608 then
    select d.ctids, d.sizes, poisoned + d.dropped into ctids, sizes, poisoned from baton.fail_oversized(ctids, sizes, moment) as d;
  end if;
  if bytes > room and ctids is not null then
    ctids := ctids[1:baton.count_fitting(sizes, room, first_fits)];
  end if;
  bytes := 0;
  if coalesce(cardinality(ctids), 0) = 0 then
    return;
  end if;
  with taken as (
    delete from baton.ready q where q.ctid = any (ctids) returning q.run_id, q.begun, q.bytes, q.run_at
  )
  select array_agg(t.run_id order by t.run_at), array_agg(t.run_id) filter (where t.begun), sum(t.bytes), max(t.run_at)
    into ids, begun_ids, bytes, last_run_at
  from taken t;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_suspects(moment timestamp with time zone, INOUT poisoned integer, OUT ids uuid[], OUT begun_ids uuid[], OUT crashes integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  got record;
begin
  for crashed in reverse 5 .. 1 loop
    got := baton.take_ready(3 + crashed, case crashed when 1 then 64 when 2 then 8 else 1 end, 4194304, true, '-infinity', moment, poisoned);
    poisoned := got.poisoned;
    if got.ids is not null then
      ids := got.ids;
      begun_ids := got.begun_ids;
      crashes := crashed;
      return;
    end if;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_unblocked(request jsonb, moment timestamp with time zone, INOUT poisoned integer, OUT ids uuid[], OUT begun_ids uuid[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  known uuid[];
begin
  if not exists (select from baton.blocked) then
    return;
  end if;
  with taken as (
    delete from baton.blocked where ctid = any (array(
      select b.ctid from baton.blocked b
      join jsonb_to_recordset(request -> 'manifest') as m (name text, version integer, shape text) on m.name = b.workflow and m.version = b.version
      where m.shape <> b.shape
      limit (request ->> 'max')::integer for update of b skip locked))
    returning run_id
  )
  select array_agg(run_id) into known from taken;
  if known is null then
    return;
  end if;
  perform baton.put_back(known, array_fill(moment, array[cardinality(known)]));
  select take_unblocked.poisoned + cardinality(known) - count(*) into poisoned from baton.ready where run_id = any (known);
  with sized as (
    select run_id, bytes, sum(bytes) over (order by run_id) as total from baton.ready where run_id = any (known)
  ), taken as (
    delete from baton.ready q using sized s
    where q.run_id = s.run_id and (s.total <= (request ->> 'max_bytes')::bigint or s.total = s.bytes) and s.bytes <= 8388608
    returning q.run_id
  )
  select array_agg(run_id), array_agg(run_id) into ids, begun_ids from taken;
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.tick()
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
declare
  moment timestamptz := baton.now();
  reaped record;
  stopped integer;
  unlawful integer;
  low jsonb;
  oldest timestamptz;
begin
  perform baton.require_read_committed();
  perform baton.heal_clock(moment);
  perform baton.ensure_partitions();
  reaped := baton.reap_leases(moment);
  stopped := baton.stop_parked(moment);
  unlawful := baton.end_unlawful(moment);
  perform baton.forget_keys(1000, moment);
  perform baton.cut_keys(1000, moment);
  perform baton.roll_up(32, moment);
  select coalesce(jsonb_object_agg(b.band, least(first.run_at, moment - interval '5 seconds')), '{}'), nullif(min(first.run_at), '-infinity') into low, oldest
  from generate_series(0, 3) as b (band)
  cross join lateral (select q.run_at from baton.ready q where q.band = b.band order by q.run_at limit 1) as first;
  return jsonb_build_object('now', moment, 'crashed', reaped.crashed, 'poisoned', reaped.poisoned + unlawful, 'stopped', stopped, 'low', low,
    'oldest_ms', coalesce(ceil(extract(epoch from greatest(moment - oldest, interval '0')) * 1000), 0),
    'suspects', exists (select from baton.ready q where q.band > 3 and q.run_at <= moment), 'due_in_ms', baton.next_due(moment, low, 8),
    'lease_expires_in_ms', (select ceil(extract(epoch from min(greatest(expires_at, moment)) - moment) * 1000) from baton.lease));
end
$function$;

grant usage on schema baton to baton_engine;
grant usage on schema baton to baton_operator;
grant usage on schema baton to baton_poller;
grant usage on schema baton to baton_producer;
grant usage on schema baton to baton_reader;
grant usage on schema baton to baton_views;
grant delete, insert, select, update on table baton.attribute to baton_engine;
grant select on table baton.backlog to baton_operator;
grant select on table baton.backlog to baton_reader;
grant delete, insert, select, update on table baton.blocked to baton_engine;
grant select on table baton.blocked to baton_views;
grant delete, insert, select, update on table baton.checkpoint to baton_engine;
grant select on table baton.checkpoint to baton_views;
grant delete, insert, select, update on table baton.clock to baton_engine;
grant delete, insert, select, update on table baton.control to baton_engine;
grant select on table baton.daily to baton_operator;
grant select on table baton.daily to baton_reader;
grant delete, insert, select, update on table baton.dedup to baton_engine;
grant delete, insert, select, update on table baton.ending to baton_engine;
grant select on table baton.ending to baton_views;
grant delete, insert, select, update on table baton.failure to baton_engine;
grant select on table baton.failure to baton_views;
grant select on table baton.failures to baton_operator;
grant select on table baton.failures to baton_reader;
grant delete, insert, select, update on table baton.lease to baton_engine;
grant select on table baton.lease to baton_views;
grant select on table baton.migration to baton_engine;
grant select on table baton.migration to baton_operator;
grant select on table baton.migration to baton_poller;
grant select on table baton.migration to baton_producer;
grant select on table baton.migration to baton_reader;
grant delete, insert, select, update on table baton.ready to baton_engine;
grant select on table baton.ready to baton_views;
grant delete, insert, select, update on table baton.redrive to baton_engine;
grant select on table baton.redrive to baton_views;
grant delete, insert, select, update on table baton.rolled to baton_engine;
grant delete, insert, select, update on table baton.rolled_part to baton_engine;
grant delete, insert, select, update on table baton.rolling to baton_engine;
grant delete, insert, select, update on table baton.rollup to baton_engine;
grant delete, insert, select, update on table baton.run to baton_engine;
grant select on table baton.run to baton_views;
grant select on table baton.runs to baton_operator;
grant select on table baton.runs to baton_reader;
grant delete, insert, select, update on table baton.setback to baton_engine;
grant select on table baton.steps to baton_operator;
grant select on table baton.steps to baton_reader;
grant select on table baton.throughput to baton_operator;
grant select on table baton.throughput to baton_reader;
grant execute on function baton.add_facts(text,tid,tid,bigint,bigint) to baton_engine;
grant execute on function baton.advance(uuid,integer,jsonb) to baton_poller;
grant execute on function baton.append_checkpoints(baton.lease,jsonb,boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.append_failures(baton.lease,jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.append_sleeps(baton.lease,jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.beat(uuid,integer) to baton_poller;
grant execute on function baton.block_members(baton.lease,jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.cancel(uuid,jsonb) to baton_operator;
grant execute on function baton.check_claim(text,jsonb,text[],text[]) to baton_engine;
grant execute on function baton.check_columns(text,jsonb,text[],text[]) to baton_engine;
grant execute on function baton.check_enqueue(jsonb) to baton_engine;
grant execute on function baton.check_round(jsonb) to baton_engine;
grant execute on function baton.check_runs(jsonb) to baton_engine;
grant execute on function baton.check_steps(jsonb) to baton_engine;
grant execute on function baton.claim(uuid,jsonb) to baton_poller;
grant execute on function baton.commit_durably() to baton_engine;
grant execute on function baton.count_buckets(double precision[]) to baton_engine;
grant execute on function baton.count_digits(numeric) to baton_engine;
grant execute on function baton.count_facts(text,tid,tid,bigint,bigint,timestamp with time zone) to baton_engine;
grant execute on function baton.count_failures(uuid[],uuid,uuid) to baton_engine;
grant execute on function baton.count_fitting(integer[],bigint,boolean) to baton_engine;
grant execute on function baton.count_minutes(timestamp with time zone) to baton_operator;
grant execute on function baton.count_minutes(timestamp with time zone) to baton_reader;
grant execute on function baton.count_pages(oid) to baton_engine;
grant execute on function baton.crash_each(baton.lease,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.crash_members(baton.lease,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.cut_keys(integer,timestamp with time zone) to baton_engine;
grant execute on function baton.cut_leases(timestamp with time zone) to baton_engine;
grant execute on function baton.describe_members(uuid[],integer[],uuid[]) to baton_engine;
grant execute on function baton.end_each(uuid[],text,jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.end_members(baton.lease,jsonb,text,uuid[],boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.end_runs(uuid[],text,jsonb[],boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.end_unlawful(timestamp with time zone) to baton_engine;
grant execute on function baton.enqueue(jsonb) to baton_producer;
grant execute on function baton.ensure_partitions() to baton_engine;
grant execute on function baton.ensure_week(timestamp with time zone) to baton_engine;
grant execute on function baton.existing_runs(uuid[]) to baton_engine;
grant execute on function baton.fail_oversized(tid[],integer[],timestamp with time zone) to baton_engine;
grant execute on function baton.find_free_slots(bit varying,integer) to baton_engine;
grant execute on function baton.find_pointer(jsonb,jsonb) to baton_engine;
grant execute on function baton.find_run(uuid) to baton_operator;
grant execute on function baton.find_run(uuid) to baton_reader;
grant execute on function baton.fingerprint(text,text) to baton_engine;
grant execute on function baton.fingerprint(text,text) to baton_operator;
grant execute on function baton.fingerprint(text,text) to baton_reader;
grant execute on function baton.forget_keys(integer,timestamp with time zone) to baton_engine;
grant execute on function baton.forget_some(integer,timestamp with time zone) to baton_engine;
grant execute on function baton.forgiven_failures(uuid[]) to baton_engine;
grant execute on function baton.gather_outputs(uuid[],uuid,uuid) to baton_engine;
grant execute on function baton.has_member(baton.lease,integer,uuid) to baton_engine;
grant execute on function baton.heal_clock(timestamp with time zone) to baton_engine;
grant execute on function baton.heal_waits(baton.clock,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.id_at(timestamp with time zone) to baton_engine;
grant execute on function baton.id_at(timestamp with time zone) to baton_operator;
grant execute on function baton.id_at(timestamp with time zone) to baton_reader;
grant execute on function baton.id_time(uuid) to baton_engine;
grant execute on function baton.is_counted(text,bigint,bigint) to baton_engine;
grant execute on function baton.is_double(numeric) to baton_engine;
grant execute on function baton.keep_ending(uuid) to baton_engine;
grant execute on function baton.list_chunks(text,bigint,timestamp with time zone,bigint,integer) to baton_engine;
grant execute on function baton.list_few_ready(boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.list_ids(text,text,uuid,integer,timestamp with time zone) to baton_engine;
grant execute on function baton.list_members(uuid[],bit varying,bit varying) to baton_engine;
grant execute on function baton.list_runs(jsonb) to baton_operator;
grant execute on function baton.list_runs(jsonb) to baton_reader;
grant execute on function baton.lock_run(uuid) to baton_engine;
grant execute on function baton.make_partitions(timestamp with time zone,timestamp with time zone,boolean) to baton_engine;
grant execute on function baton.mark_gone(baton.lease,integer[],uuid[]) to baton_engine;
grant execute on function baton.moment() to baton_operator;
grant execute on function baton.moment() to baton_reader;
grant execute on function baton.move_waits(baton.clock,uuid[],timestamp with time zone[],timestamp with time zone) to baton_engine;
grant execute on function baton.never() to baton_engine;
grant execute on function baton.never() to baton_operator;
grant execute on function baton.never() to baton_poller;
grant execute on function baton.never() to baton_producer;
grant execute on function baton.never() to baton_reader;
grant execute on function baton.new_id() to baton_operator;
grant execute on function baton.next_due(timestamp with time zone,jsonb,integer) to baton_engine;
grant execute on function baton.now() to baton_engine;
grant execute on function baton.park_members(baton.lease,jsonb,boolean,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.place_status(uuid,timestamp with time zone) to baton_engine;
grant execute on function baton.prove_round(uuid,integer,name) to baton_poller;
grant execute on function baton.put_back(uuid[],timestamp with time zone[],integer) to baton_engine;
grant execute on function baton.quantile(jsonb,double precision) to baton_engine;
grant execute on function baton.quantile(jsonb,double precision) to baton_operator;
grant execute on function baton.quantile(jsonb,double precision) to baton_reader;
grant execute on function baton.reap_leases(timestamp with time zone) to baton_engine;
grant execute on function baton.recompute_due(uuid[],timestamp with time zone,timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.redrive(uuid,jsonb) to baton_operator;
grant execute on function baton.redrives(uuid) to baton_operator;
grant execute on function baton.redrives(uuid) to baton_reader;
grant execute on function baton.refill_lease(baton.lease,jsonb,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.refresh_daily() to baton_engine;
grant execute on function baton.refuse_foreign_ids(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.refuse_unfaithful(jsonb) to baton_engine;
grant execute on function baton.release(uuid) to baton_poller;
grant execute on function baton.remember_request(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.remember_runs(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.repair() to baton_migrator;
grant execute on function baton.repeat_claim(baton.lease,jsonb) to baton_engine;
grant execute on function baton.repeat_round(baton.lease,boolean,jsonb) to baton_engine;
grant execute on function baton.require_id(text,uuid) to baton_engine;
grant execute on function baton.require_keys(text,jsonb,text[],text[]) to baton_engine;
grant execute on function baton.require_kind(text,jsonb,text,text[]) to baton_engine;
grant execute on function baton.require_read_committed() to baton_engine;
grant execute on function baton.require_rows(text,jsonb,text[],text[]) to baton_engine;
grant execute on function baton.return_members(baton.lease,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.roll_up(integer,timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.runs_as_columns(jsonb) to baton_engine;
grant execute on function baton.runs_between(timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.runs_between(timestamp with time zone,timestamp with time zone) to baton_operator;
grant execute on function baton.runs_between(timestamp with time zone,timestamp with time zone) to baton_reader;
grant execute on function baton.runs_to_stop(uuid[]) to baton_engine;
grant execute on function baton.runs_with_ending(uuid[]) to baton_engine;
grant execute on function baton.runs_with_output(uuid[],text[]) to baton_engine;
grant execute on function baton.runs_with_progress(uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.state(uuid) to baton_operator;
grant execute on function baton.state(uuid) to baton_reader;
grant execute on function baton.stop_members(baton.lease,integer[],timestamp with time zone) to baton_engine;
grant execute on function baton.stop_parked(timestamp with time zone) to baton_engine;
grant execute on function baton.store_runs(jsonb,jsonb,boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.sum_buckets(jsonb) to baton_engine;
grant execute on function baton.sum_buckets(jsonb) to baton_operator;
grant execute on function baton.sum_buckets(jsonb) to baton_reader;
grant execute on function baton.take_batch(jsonb,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.take_ready(integer,integer,bigint,boolean,timestamp with time zone,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.take_suspects(timestamp with time zone,integer) to baton_engine;
grant execute on function baton.take_unblocked(jsonb,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.tick() to baton_poller;

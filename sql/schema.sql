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
create table baton.audit (
  id uuid not null,
  at timestamp with time zone not null,
  action text not null,
  run_id uuid,
  actor text not null,
  details jsonb not null,
  constraint audit_id PRIMARY KEY (at, id)
)
partition by RANGE (at);
CREATE INDEX audit_of_run ON ONLY baton.audit USING btree (run_id, at);

-- owner: baton_migrator
create table baton.awaited (
  parent_id uuid not null,
  path text not null,
  open integer not null,
  failed integer not null default 0,
  tolerated integer,
  most integer,
  behind integer not null default 0,
  constraint awaited_of_node PRIMARY KEY (parent_id, path)
)
with (fillfactor=80);

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
create table baton.child (
  run_id uuid not null,
  parent_id uuid not null,
  path text not null,
  detached boolean not null,
  depth smallint not null,
  item integer not null default '-1'::integer,
  constraint child_run PRIMARY KEY (run_id)
);
CREATE INDEX child_of_parent ON baton.child USING btree (parent_id, path, item, run_id);

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
  undo boolean not null default false,
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
create table baton.hook_run (
  hook_run_id uuid not null,
  run_id uuid,
  ending integer not null,
  hook text not null,
  constraint ending_is_followed_once UNIQUE (run_id, ending, hook),
  constraint hook_is_known CHECK ((hook = ANY (ARRAY['failed'::text, 'ended'::text]))),
  constraint run_of_hook PRIMARY KEY (hook_run_id)
);

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
  queue smallint,
  constraint lease_token PRIMARY KEY (token)
)
with (fillfactor=50, toast_tuple_target=128, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=500);

-- owner: baton_migrator
create table baton.message (
  run_id uuid not null,
  name text not null,
  n bigint not null,
  body jsonb not null,
  at timestamp with time zone not null,
  constraint message_of_run PRIMARY KEY (run_id, name, n)
);

-- owner: baton_migrator
create table baton.migration (
  name text not null,
  applied_at timestamp with time zone not null default now(),
  checksum text not null,
  constraint migration_name PRIMARY KEY (name)
);

-- owner: baton_migrator
create table baton.queue (
  id smallint not null,
  name text not null,
  constraint queue_has_bands CHECK (((id >= 1) AND (id <= 2047))),
  constraint queue_name UNIQUE (name),
  constraint queue_number PRIMARY KEY (id)
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

-- owner: baton_migrator
create table baton.signal_key (
  workflow text not null,
  name text not null,
  key text not null,
  run_id uuid not null,
  constraint owner_of_key PRIMARY KEY (workflow, name, key)
);
CREATE INDEX key_of_run ON baton.signal_key USING btree (run_id);

-- owner: baton_migrator
create table baton.stopping (
  run_id uuid not null,
  parent_id uuid not null,
  constraint stopping_run PRIMARY KEY (run_id)
);
CREATE INDEX stopping_of_parent ON baton.stopping USING btree (parent_id);

-- owner: baton_migrator
create table baton.unclaimed (
  workflow text not null,
  name text not null,
  key text not null,
  n bigint not null,
  body jsonb not null,
  at timestamp with time zone not null,
  constraint unclaimed_of_key PRIMARY KEY (workflow, name, key, n)
);
CREATE INDEX unclaimed_by_age ON baton.unclaimed USING btree (at);

-- owner: baton_migrator
create table baton.undoable (
  workflow text not null,
  version integer not null,
  constraint undoable_workflow PRIMARY KEY (workflow, version)
);

-- owner: baton_migrator
create table baton.wait (
  run_id uuid not null,
  names text[] not null,
  keys jsonb,
  constraint wait_of_run PRIMARY KEY (run_id)
);

-- owner: baton_migrator
create table baton.waiting_item (
  parent_id uuid not null,
  path text not null,
  item integer not null,
  run_id uuid not null,
  again boolean not null,
  constraint waiting_item_of_node PRIMARY KEY (parent_id, path, item)
);

-- owner: baton_migrator
create table baton.wakeup (
  run_id uuid not null,
  constraint wakeup_of_run PRIMARY KEY (run_id)
);

-- owner: baton_migrator
create table baton.week (
  starts timestamp with time zone not null,
  looked_at timestamp with time zone not null,
  kept_until timestamp with time zone,
  constraint week_starts PRIMARY KEY (starts)
);

-- owner: baton_migrator
create table baton.workflow (
  name text not null,
  version integer not null,
  when_failed jsonb,
  when_ended jsonb,
  since timestamp with time zone not null,
  constraint workflow_is_said_once PRIMARY KEY (name, version)
);

-- owner: baton_views
create view baton.actions (
  at timestamp with time zone,
  action text,
  run_id uuid,
  actor text,
  details jsonb
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
  created_at timestamp with time zone,
  queue text
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

-- owner: baton_views
create view baton.unclaimed_signals (
  workflow text,
  name text,
  key text,
  count integer,
  oldest_at timestamp with time zone,
  expires_at timestamp with time zone
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

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.add_hooks(manifest jsonb, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform baton.check_hooks(manifest);
  if exists (
    select from baton.list_hooks(manifest) as h
    where coalesce(h.failed, h.ended) is not null
      and not exists (select from baton.workflow w where w.name = h.name and w.version = h.version)
  ) then
    insert into baton.workflow (name, version, when_failed, when_ended, since)
    select h.name, h.version, h.failed, h.ended, moment
    from baton.list_hooks(manifest) as h
    where coalesce(h.failed, h.ended) is not null
    order by h.name, h.version
    on conflict do nothing;
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.add_mail(sizes integer[], ids uuid[])
 RETURNS integer[]
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return array(
    select t.size + coalesce(sum(octet_length(m.body::text)), 0)
    from unnest(sizes, ids) with ordinality as t (size, id, nth)
    left join baton.wait w on w.run_id = t.id
    left join lateral unnest(w.names) as n (name) on true
    left join lateral (select body from baton.message where run_id = w.run_id and name = n.name order by message.n limit 1) as m on true
    group by t.nth, t.size
    order by t.nth);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.add_queue(name text)
 RETURNS smallint
 LANGUAGE plpgsql
AS $function$
declare
  number smallint := baton.find_queue(name);
begin
  while number is null loop
    insert into baton.queue (id, name) select coalesce(max(q.id), 0) + 1, add_queue.name from baton.queue q on conflict do nothing;
    number := baton.find_queue(name);
  end loop;
  return number;
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
  left_out jsonb;
  late uuid[];
  late_run_ats timestamptz[];
  mail json;
  family json;
  refill record;
  stops record;
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
    return baton.repeat_round(held, strictly, request -> 'claim', request -> 'asks', request -> 'family');
  end if;
  if jsonb_typeof(request -> 'steps') = 'array' or jsonb_typeof(request -> 'done') = 'array' or jsonb_typeof(request -> 'failed') = 'array' then
    raise exception 'this round is that of an older poller' using errcode = 'BT030', hint = 'Deploy the pollers that belong to this schema.';
  end if;
  perform baton.check_round(request);
  moment := baton.now();
  -- Read out of line once; else every look at a slot of it reads it again, 8 KB for each step.
  held.run_ids := held.run_ids[:];
  if request ? 'timeouts' then
    select f.ids, f.run_ats into late, late_run_ats from baton.find_late(held, request -> 'timeouts', request -> 'consumed', moment) as f;
    if strictly and cardinality(late) > 0 then
      raise exception 'runs % of lease % have a signal, and their waits do not time out', late, token using errcode = 'BT003';
    end if;
    perform baton.put_back(late, late_run_ats, home => held.queue);
    held.gone := baton.mark_gone(held, '{}', late);
  end if;
  lost := baton.append_checkpoints(held, request -> 'steps', checked, moment);
  if strictly and cardinality(lost) > 0 then
    raise exception 'runs % have that output already, or are no members of lease %', lost, token using errcode = 'BT003';
  end if;
  if cardinality(late) > 0 then
    lost := array(select unnest(lost) except select unnest(late));
  end if;
  perform baton.append_failures(held, request -> 'failures', moment);
  if request ? 'attributes' then
    left_out := baton.patch_members(held, request -> 'attributes', lost);
  end if;
  done := baton.end_members(held, request -> 'done', 'done', lost, checked, moment)
    || baton.end_members(held, request -> 'failed', 'failed', lost, checked, moment);
  if request ? 'cancelled' then
    done := done || baton.end_members(held, request -> 'cancelled', 'cancelled', lost, checked, moment);
  end if;
  stops := baton.stop_members(held, done, moment);
  stopped := stops.stopped;
  skipped := lost || stopped;
  if cardinality(lost) > 0 then
    perform baton.return_members(held,
      array(select unnest((baton.list_members(held.run_ids, held.gone)).ids) intersect select unnest(lost) except select unnest(stopped)),
      moment);
  end if;
  if request ? 'consumed' then
    -- Of the stopped too, whose steps are stored: their parent's redrive may let them go on.
    perform baton.take_messages(held, request -> 'consumed', lost);
  end if;
  -- What is stored says that they were started, or go on: they are stopped with their parent then.
  if request ? 'children' then
    perform baton.spawn_children(held, request -> 'children', lost, moment);
  end if;
  if request ? 'items' then
    perform baton.spawn_items(held, request -> 'items', lost, moment);
  end if;
  if request ? 'family' then
    perform baton.redrive_children(held, request -> 'family', lost, moment);
    perform baton.repeat_items(held, request -> 'family', lost, moment);
  end if;
  if request ? 'timers' then
    perform baton.append_sleeps(held, request -> 'timers', false, skipped, moment);
  end if;
  if request ? 'waits' then
    done := done || baton.park_waiting(held, request -> 'waits', skipped, moment);
  end if;
  held.gone := baton.mark_gone(held, done || baton.append_sleeps(held, request -> 'sleeps', true, skipped, moment)
    || baton.park_members(held, request -> 'parks', false, skipped, moment)
    || baton.park_members(held, request -> 'released', true, skipped, moment)
    || baton.block_members(held, request -> 'blocked', skipped, moment), skipped);
  if cardinality(stops.called_off) > 0 then
    -- Who has just been parked would tell nobody.
    perform baton.begin_undo(baton.take_parked(stops.called_off), 'cancelled', null, greatest(moment, baton.now()));
  end if;
  held.round := advance.round;
  held.told := case when cardinality(skipped) > 0 or left_out is not null or cardinality(late) > 0 or request ? 'timers'
    then jsonb_strip_nulls(jsonb_build_object('lost', to_jsonb(lost), 'stopped', to_jsonb(stopped), 'left_out', left_out, 'late', to_jsonb(late),
      'applied_at', case when request ? 'timers' then moment end)) end;
  if request ? 'asks' then
    if request @? '$.asks[*].keys' then
      perform baton.take_keys(
        array(select a.run from jsonb_to_recordset(request -> 'asks') as a (place integer, run uuid) where baton.has_member(held, a.place, a.run)),
        request -> 'asks', moment);
    end if;
    mail := baton.gather_mail(held.run_ids, request -> 'asks');
  end if;
  if request ? 'claim' then
    refill := baton.refill_lease(held, request -> 'claim', request -> 'family', moment, (request ->> 'ttl_ms')::integer);
  else
    update baton.lease l set round = held.round, gone = held.gone, told = held.told,
      expires_at = moment + least((request ->> 'ttl_ms')::integer, 3600000) * interval '1 millisecond'
    where l.token = advance.token;
    perform baton.settle_families(request -> 'family', moment);
  end if;
  if request ? 'family' then
    family := baton.gather_families((baton.list_members(held.run_ids, held.gone)).ids, request -> 'family');
  end if;
  if request ? 'claim' then
    return json_build_object('now', moment, 'round', advance.round, 'stopped', stopped, 'lost', lost, 'left_out', left_out, 'late', late,
      'called_off', nullif(stops.called_off, '{}'), 'mail', mail, 'family', family,
      'low', refill.low, 'due_in_ms', refill.due_in_ms, 'poisoned', refill.poisoned, 'runs', refill.runs);
  end if;
  return json_build_object('now', moment, 'round', advance.round, 'stopped', stopped, 'lost', lost, 'left_out', left_out, 'late', late,
    'called_off', nullif(stops.called_off, '{}'), 'mail', mail, 'family', family);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.answer_wait(request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  of_run uuid;
  mail record;
  moment timestamptz;
  about jsonb;
  refused text;
  woken boolean := false;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.check_answer(request);
  perform baton.refuse_unfaithful(jsonb_build_array(request -> 'body'), 'the body of the answer');
  of_run := (request ->> 'run')::uuid;
  if request -> 'look' is distinct from 'true' then
    mail := baton.lock_mail(of_run);
  end if;
  moment := baton.now();
  select jsonb_strip_nulls(jsonb_build_object('workflow', r.workflow, 'version', r.version, 'ended', e.status)) into about
  from baton.run r left join baton.ending e on e.run_id = r.id where r.id = of_run;
  if about is null then
    return jsonb_build_object('status', 'unknown', 'woken', false);
  end if;
  refused := baton.refuse_answer(request, of_run);
  if refused is null and request -> 'look' is distinct from 'true'
    and (select count(*) >= 1000 or coalesce(sum(octet_length(m.body::text)), 0) >= 1048576 from baton.message m where m.run_id = of_run) then
    refused := 'full';
  end if;
  if refused is not null or request -> 'look' = 'true' then
    return jsonb_build_object('status', coalesce(refused, 'accepted'), 'woken', false) || about;
  end if;
  if request -> 'replaces' = 'true' then
    delete from baton.message m where m.run_id = of_run and m.name = request ->> 'name';
  end if;
  insert into baton.message (run_id, name, body, at) values (of_run, request ->> 'name', coalesce(request -> 'body', 'null'), moment);
  -- A statement of its own, as in signal.
  if request -> 'replaces' is distinct from 'true' and request ->> 'name' = any (mail.names) then
    update baton.ready q set run_at = moment where q.run_id = of_run and q.run_at > moment;
    woken := found;
  end if;
  return jsonb_build_object('status', 'accepted', 'woken', woken) || about;
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
CREATE OR REPLACE FUNCTION baton.append_sleeps(held baton.lease, sleeps jsonb, parks boolean, skipped uuid[], moment timestamp with time zone)
 RETURNS integer[]
 LANGUAGE plpgsql
AS $function$
declare
  ids uuid[];
  wakes timestamptz[];
  slots integer[];
  sizes integer[];
begin
  if coalesce(jsonb_array_length(sleeps), 0) = 0 then
    return '{}';
  end if;
  with entry as (
    select s.*, moment + least(s.delay_ms, 315532800000) * interval '1 millisecond' as until
    from jsonb_to_recordset(sleeps) as s (place integer, run uuid, node text, position smallint, attempt integer, delay_ms bigint, bytes integer)
    where baton.has_member(held, s.place, s.run) and s.run <> all (skipped)
  ), begun as (
    insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
    select run, node, position, least(coalesce(attempt, 1), 32767), moment, until,
      jsonb_build_object('until', to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    from entry
    on conflict do nothing
  )
  select array_agg(run), array_agg(until), array_agg(place), array_agg(bytes) into ids, wakes, slots, sizes from entry;
  if not parks then
    return '{}';
  end if;
  perform baton.put_back(ids, wakes, sizes => sizes, home => held.queue);
  return coalesce(slots, '{}');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.ask_partman(partman text, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  -- It looks there before it looks into pg_catalog.
  if pg_my_temp_schema() <> 0 then
    raise exception 'This session has temporary tables' using errcode = 'BT040', hint = 'Ask from another session. Nothing was done.';
  end if;
  execute format('select %s.create_partition_time(%L, $1)', partman, 'baton.audit')
  using array(select generate_series(date_trunc('month', moment), moment + interval '3 months', interval '1 month'));
  execute format('select %s.drop_partition_time(%L, p_reference_timestamp => $1)', partman, 'baton.audit') using moment;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.attribute_text(attributes jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select string_agg(value #>> '{}', ' ')
  from jsonb_path_query(attributes, 'strict $.** ? (@.type() == "string" || @.type() == "number")') as value
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
CREATE OR REPLACE FUNCTION baton.begin_undo(ids uuid[], status text, error jsonb, moment timestamp with time zone, crashed boolean DEFAULT false)
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  begun uuid[] := baton.store_verdicts(ids, status, error, crashed, moment);
begin
  -- Who has ended pollers is claimed alone: what it had done may be undone all the same.
  perform baton.put_back(begun, array_fill(moment, array[cardinality(begun)]), case when crashed then 3 end);
  return begun;
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
  asked boolean;
  parked boolean;
  with_undo boolean := coalesce((request ->> 'undo')::boolean, false);
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of cancel', id);
  perform baton.require_keys('the request of cancel', request, '{}', '{redrives,by,undo}');
  perform baton.require_kind('the request of cancel', request, 'number', '{redrives}');
  perform baton.require_kind('the request of cancel', request, 'boolean', '{undo}');
  perform baton.require_actor('the request of cancel', request);
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
  insert into baton.control (run_id, kind, at, undo) values (cancel.id, 'cancel', baton.now(), with_undo) on conflict do nothing;
  asked := found;
  if asked then
    -- A stop of before may have been applied since the look above: then this is a copy of it.
    select e.status into ended from baton.ending e where e.run_id = cancel.id;
    if found then
      delete from baton.control c where c.run_id = cancel.id;
      return jsonb_build_object('status', ended);
    end if;
  end if;
  if with_undo and not asked then
    update baton.control c set undo = true where c.run_id = cancel.id and not c.undo;
  end if;
  parked := baton.take_parked(array[cancel.id]) <> '{}';
  if baton.runs_with_verdict(array[cancel.id]) <> '{}' then
    delete from baton.control c where c.run_id = cancel.id;
    return jsonb_build_object('status', coalesce((select e.status from baton.ending e where e.run_id = cancel.id), baton.place_status(id, baton.now())),
      'undoing', true);
  end if;
  if parked and with_undo then
    perform baton.begin_undo(array[cancel.id], 'cancelled', null, baton.now());
  elsif parked then
    perform baton.end_runs(array[cancel.id], 'cancelled', null, true, baton.now());
    perform baton.settle_families(null, baton.now());
  end if;
  -- Who asks again for a stop that is not applied yet has changed nothing.
  if asked then
    perform baton.note_action('cancel', cancel.id, request ->> 'by', jsonb_build_object('redrives', baton.redrives(id)) || case when with_undo then '{"undo": true}' else '{}' end::jsonb, baton.now());
  end if;
  return jsonb_build_object('status', case when parked and not with_undo then 'cancelled' else 'cancelling' end)
    || case when parked and exists (select from baton.hook_run h where h.run_id = cancel.id) then '{"nudge": true}' else '{}' end::jsonb;
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.change_attributes(id uuid, request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  came record;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of change_attributes', id);
  perform baton.require_keys('the request of change_attributes', request, '{patch}', '{patch,checked,by}');
  perform baton.require_kind('the request of change_attributes', request, 'object', '{patch}');
  perform baton.require_actor('the request of change_attributes', request);
  if request -> 'checked' is distinct from 'true' then
    perform baton.refuse_unfaithful(jsonb_build_array(request -> 'patch'), 'the patch');
  end if;
  if not baton.lock_run(id) then
    return null;
  end if;
  came := baton.patch_attributes(id, request -> 'patch');
  if came.bytes > 2048 then
    raise exception 'the attributes of run % would be % bytes of JSON as the database writes it, more than 2048', id, came.bytes
      using errcode = 'BT053', detail = came.bytes, hint = 'Keep in them what the run is found by; null takes a key away.';
  end if;
  if came.changed then
    perform baton.note_action('change attributes', id, request ->> 'by',
      jsonb_build_object('keys', array(select jsonb_object_keys(request -> 'patch') order by 1)), baton.now());
  end if;
  return jsonb_build_object('attributes', came.patched, 'changed', came.changed);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_answer(request jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  perform baton.require_keys('the answer', request, '{run,path,name}', '{run,path,name,body,generation,attempt,look,replaces}');
  perform baton.require_kind('the answer', request, 'string', '{run,path,name}');
  perform baton.require_kind('the answer', request, 'number', '{generation,attempt}');
  perform baton.require_kind('the answer', request, 'boolean', '{look,replaces}');
  if request ->> 'run' !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    raise exception 'the run of the answer is "%"', left(request ->> 'run', 50) using errcode = 'BT040', hint = 'Name it by its uuid. Nothing was stored.';
  end if;
  if not starts_with(request ->> 'name', (request ->> 'path') || '/~') or length(request ->> 'name') > 255 then
    raise exception 'the answer has the name "%", which is none below its path', left(request ->> 'name', 300)
      using errcode = 'BT040', hint = 'It is that of a mark below the node. Nothing was stored.';
  end if;
  if octet_length((request -> 'body')::text) > 65536 then
    raise exception 'the body of the answer is % bytes of JSON as the database writes it, more than 65536', octet_length((request -> 'body')::text)
      using errcode = 'BT050', hint = 'Store the data elsewhere and answer with a reference to it. Nothing was stored.';
  end if;
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
    and coalesce(jsonb_typeof(request -> 'manifest'), 'array') = 'array' and coalesce(jsonb_typeof(request -> 'queue'), 'string') = 'string'
    and not request @? '$.manifest[*] ? (!exists(@.name) || !exists(@.version) || !exists(@.shape))' then
    return;
  end if;
  perform baton.require_keys(what, request, required, optional);
  perform baton.require_kind(what, request, 'number', '{ttl_ms,max,max_bytes}');
  perform baton.require_kind(what, request, 'object', '{low}');
  perform baton.require_kind(what, request, 'boolean', '{suspects}');
  perform baton.require_kind(what, request, 'string', '{queue}');
  if request ? 'manifest' then
    perform baton.require_rows(what || ', manifest,', request -> 'manifest', '{name,version,shape}', '{skips,waits,hooks}');
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
CREATE OR REPLACE FUNCTION baton.check_enqueue(request jsonb, runs jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  size integer := case when jsonb_typeof(runs -> 'id') = 'array' then jsonb_array_length(runs -> 'id') end;
begin
  perform baton.require_keys('the request of enqueue', request, '{columns}', '{columns,shared,fresh,request,checked}');
  if request ? 'shared' then
    perform baton.require_keys('what the runs of enqueue share', request -> 'shared', '{}', '{workflow,version,priority,queue}');
  end if;
  if jsonb_typeof(runs) <> 'object' or jsonb_typeof(request -> 'fresh') <> 'boolean' then
    perform baton.require_kind('the request of enqueue', request, 'object', '{columns}');
    perform baton.require_kind('the request of enqueue', request, 'boolean', '{fresh}');
  end if;
  if size is null or not runs ? 'input'
      or jsonb_path_exists(runs, 'strict $.* ? (@.type() != "array" || @.size() != $size)', jsonb_build_object('size', size)) then
    perform baton.check_columns('the runs of enqueue', runs, '{id,input}',
      '{id,input}' || array(select key from jsonb_object_keys(runs) as key where key <> all ('{id,input}')));
  end if;
  if size = 0 then
    raise exception 'enqueue was given no run' using errcode = 'BT040', hint = 'Give at least one.';
  end if;
  if runs -> 'id' @> 'null' then
    raise exception 'a run of enqueue has no id' using errcode = 'BT040', hint = 'Give each a UUIDv7. Nothing was stored.';
  end if;
  if runs @? 'strict $.attributes[*] ? (@.type() != "object" && @ != null)' then
    raise exception 'the attributes of a run of enqueue are no object'
      using errcode = 'BT040', hint = 'Give an object, or null where there are none. Nothing was stored.';
  end if;
  if request ? 'request' or runs ?| '{key,hash}' then
    perform baton.check_keys(request, runs);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_hooks(manifest jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  hooks jsonb;
  hook jsonb;
begin
  for hooks in select m -> 'hooks' from jsonb_array_elements(manifest) as m where m ? 'hooks' loop
    perform baton.require_keys('the hooks of the manifest', hooks, '{}', '{failed,ended}');
    for hook in select value from jsonb_each(hooks) loop
      perform baton.require_keys('a hook of the manifest', hook, '{name,version}', '{name,version}');
      perform baton.require_kind('a hook of the manifest', hook, 'string', '{name}');
      perform baton.require_kind('a hook of the manifest', hook, 'number', '{version}');
    end loop;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_keys(request jsonb, runs jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  index bigint;
begin
  select nth - 1 into index
  from rows from (jsonb_array_elements(runs -> 'key'), jsonb_array_elements(runs -> 'hash')) with ordinality as r (key, hash, nth)
  where jsonb_typeof(key) not in ('string', 'null') or jsonb_typeof(key) is distinct from jsonb_typeof(hash)
  limit 1;
  if found then
    raise exception 'run % of enqueue has a key or a hash that is no text, or one of them alone', index
      using errcode = 'BT040', hint = 'A key goes with the hash of what it stands for. Nothing was stored.';
  end if;
  if request ? 'request' then
    perform baton.require_keys('the key of the request', request -> 'request', '{workflow,key,hash}', '{workflow,key,hash}');
    perform baton.require_kind('the key of the request', request -> 'request', 'string', '{workflow,key,hash}');
    select nth - 1 into index
    from jsonb_array_elements(coalesce(runs -> 'workflow', jsonb_build_array(request #> '{shared,workflow}'))) with ordinality as r (workflow, nth)
    where workflow <> request #> '{request,workflow}'
    limit 1;
    if found then
      raise exception 'run % is of another workflow than the key of the request', index
        using errcode = 'BT040', hint = 'A key holds for one workflow: enqueue the runs of each by themselves. Nothing was stored.';
    end if;
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_list(request jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  perform baton.require_keys('the request of list_runs', request, '{limit}', '{workflow,version,status,attributes,created_after,created_before,
    ended_after,ended_before,error_name,failed_node,before,limit,paged}');
  perform baton.require_kind('the request of list_runs', request, 'string',
    '{workflow,status,created_after,created_before,ended_after,ended_before,error_name,failed_node,before}');
  perform baton.require_kind('the request of list_runs', request, 'number', '{version,limit}');
  perform baton.require_kind('the request of list_runs', request, 'object', '{attributes}');
  if request ->> 'status' <> all ('{ready,running,waiting,done,failed,cancelled,blocked}') then
    raise exception 'list_runs knows no status "%"', request ->> 'status'
      using errcode = 'BT040', hint = 'It knows ready, running, waiting, done, failed, cancelled and blocked.';
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
    or request - '{ttl_ms,strict,checked,claim,steps,done,failed,failures,sleeps,timers,parks,released,blocked,attributes,waits,consumed,timeouts,asks,children,items,family,cancelled}'::text[] <> '{}' then
    perform baton.require_keys('the round', request, '{ttl_ms}',
      '{ttl_ms,strict,checked,claim,steps,done,failed,failures,sleeps,timers,parks,released,blocked,attributes,waits,consumed,timeouts,asks,children,items,family,cancelled}');
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
  if request ? 'cancelled' then
    perform baton.check_columns('what was cancelled in the round', request -> 'cancelled', '{run,place}');
  end if;
  if request ? 'failures' then
    perform baton.require_rows('the failures of the round', request -> 'failures', '{run,place,node,attempt,age_ms,took_ms,delay_ms,error}', '{}');
  end if;
  if request ? 'sleeps' then
    perform baton.require_rows('the sleeps of the round', request -> 'sleeps', '{run,place,node,position,delay_ms}', '{attempt,bytes}');
  end if;
  if request ? 'timers' then
    perform baton.require_rows('the timers of the round', request -> 'timers', '{run,place,node,position,attempt,delay_ms}', '{}');
  end if;
  if request ? 'parks' then
    perform baton.require_rows('what the round parks', request -> 'parks', '{run,place,delay_ms}', '{bytes,queue}');
  end if;
  if request ? 'released' then
    perform baton.require_rows('what the round gives back', request -> 'released', '{run,place}', '{delay_ms}');
  end if;
  if request ? 'blocked' then
    perform baton.require_rows('what the round sets aside', request -> 'blocked', '{run,place,workflow,version,shape,reason}', '{}');
  end if;
  if request ? 'waits' then
    perform baton.require_rows('what the round parks for signals', request -> 'waits', '{run,place,delay_ms,bytes,names}', '{keys,queue}');
  end if;
  if request ? 'consumed' then
    perform baton.require_rows('the messages that the round takes', request -> 'consumed', '{run,place,n}', '{}');
  end if;
  if request ? 'timeouts' then
    perform baton.require_rows('the timeouts of the round', request -> 'timeouts', '{run,place,names}', '{keys}');
  end if;
  if request ? 'asks' then
    perform baton.require_rows('what the round asks of mail', request -> 'asks', '{run,place,names}', '{keys}');
  end if;
  if request ? 'children' then
    perform baton.require_rows('the runs that the round starts', request -> 'children', '{run,place,node,id,workflow,version,input}', '{attributes,delay_ms,detached}');
  end if;
  if request ? 'items' then
    perform baton.require_rows('the items that the round starts', request -> 'items', '{run,place,node,part,workflow,version,tolerated}', '{most}');
  end if;
  if request ? 'family' then
    perform baton.require_rows('the families of the round', request -> 'family', '{run,place}', '{awaits,redriven,repeats}');
  end if;
  if request ? 'attributes' then
    perform baton.require_rows('the attributes of the round', request -> 'attributes', '{run,place,patch}', '{}');
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.check_signal(request jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  if request ? 'key' or request ? 'workflow' then
    perform baton.require_keys('the signal', request, '{workflow,key,name,body}', '{workflow,key,name,body,id,refused,checked}');
  else
    perform baton.require_keys('the signal', request, '{run,name,body}', '{run,name,body,id,refused,checked}');
  end if;
  perform baton.require_kind('the signal', request, 'string', '{run,workflow,key,name,id}');
  perform baton.require_kind('the signal', request, 'array', '{refused}');
  if request ->> 'run' !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    raise exception 'the run of the signal is "%"', left(request ->> 'run', 50) using errcode = 'BT040', hint = 'Name it by its uuid. Nothing was stored.';
  end if;
  if request ->> 'name' !~ '^[a-z][a-zA-Z0-9-]{0,62}$' then
    raise exception 'the signal has the name "%"', left(request ->> 'name', 50)
      using errcode = 'BT040', hint = 'A name is a lower-case letter and then up to 62 letters, digits or hyphens. Nothing was stored.';
  end if;
  if request ->> 'key' !~ '^[!-~]{1,255}$' then
    raise exception 'the signal has the key "%"', left(request ->> 'key', 50)
      using errcode = 'BT040', hint = 'A key is 1 to 255 visible ASCII characters. Nothing was stored.';
  end if;
  if length(request ->> 'id') not between 1 and 255 then
    raise exception 'the id of the signal has % characters', length(request ->> 'id') using errcode = 'BT040', hint = 'Give 1 to 255. Nothing was stored.';
  end if;
  if request -> 'checked' is distinct from 'true' then
    perform baton.refuse_unfaithful(jsonb_build_array(request -> 'body'), 'the body of the signal');
  end if;
  if octet_length((request -> 'body')::text) > 65536 then
    raise exception 'the body of the signal is % bytes of JSON as the database writes it, more than 65536', octet_length((request -> 'body')::text)
      using errcode = 'BT050', hint = 'Store the data elsewhere and send a reference to it. Nothing was stored.';
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
CREATE OR REPLACE FUNCTION baton.count_changes(ended uuid[], revived uuid[], items jsonb, entries jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  lost uuid[] := '{}';
begin
  if exists (select from baton.child c where c.run_id = any (ended) and c.item >= 0) then
    lost := baton.find_unsuccessful(array(select c.run_id from baton.child c where c.run_id = any (ended) and c.item >= 0));
  end if;
  return (
    select coalesce(jsonb_agg(jsonb_build_object('parent', w.parent, 'path', w.path, 'open', w.open, 'behind', w.behind, 'failed', w.failed,
      'asked', w.asked, 'closes', w.closes, 'listed', w.listed) order by w.parent, w.path), '[]')
    from (
      select o.parent, o.path, sum(o.open) as open, sum(o.behind) as behind, sum(o.failed) as failed,
        bool_or(o.asked) as asked, bool_or(o.closes) as closes, bool_or(o.listed) as listed
      from (
        select c.parent_id as parent, c.path, -1 as open, 0 as behind, case when l.id is not null then 1 else 0 end as failed,
          false as asked, false as closes, c.item >= 0 as listed
        from unnest(ended) as e (id) join baton.child c on c.run_id = e.id and not c.detached left join unnest(lost) as l (id) on l.id = e.id
        union all
        select c.parent_id, c.path, 1, 0, case when c.item >= 0 then -1 else 0 end, false, false, c.item >= 0
        from unnest(revived) as r (id) join baton.child c on c.run_id = r.id and not c.detached
        union all
        select i.run, i.path, coalesce(i.open, 0), coalesce(i.behind, 0), coalesce(i.failed, 0), false, coalesce(i.closes, false), true
        from jsonb_to_recordset(items) as i (run uuid, path text, open integer, behind integer, failed integer, closes boolean)
        union all
        select e.run, p.path, 0, 0, 0, true, false, false
        from jsonb_to_recordset(entries) as e (run uuid, awaits text[]) cross join unnest(e.awaits) as p (path)
      ) as o
      group by o.parent, o.path
    ) as w);
end
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
    when 'checkpoint' then 'select case when sleeps then started_at else finished_at end, run_id, case when is_step then ''steps'' end, bytes,
        case when is_step then baton.ms_between(started_at, finished_at)::float8 end, null::float8
      from (select *, pg_column_size(output) as bytes, pg_column_size(output) < 100 and output =
        jsonb_build_object(''until'', to_char(finished_at at time zone ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'')) as sleeps from %s f) as stored,
        lateral (select not sleeps and attempt > 0 and strpos(node, ''~'') = 0 as is_step) as s'
    when 'failure' then 'select finished_at, run_id, ''failures'', 0, null::float8, null::float8 from %s f'
    when 'ending' then format('select f.at, f.run_id, f.status, 0,
        case when f.status = ''done'' then baton.ms_between(b.began, f.at)::float8 end,
        case when f.status = ''done'' then baton.ms_between(r.start_at, b.began)::float8 end
      from %%s f join baton.run_%1$s r on r.id = f.run_id
      cross join lateral (select least((select min(c.started_at) from baton.checkpoint_%1$s c where c.run_id = f.run_id and c.attempt > 0),
        (select min(g.started_at) from baton.failure_%1$s g where g.run_id = f.run_id)) as began offset 0) as b', week)
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
     where f.moment >= $6 and isfinite(f.moment)
     group by 1, 2', format(facts, rows_of), 'run_' || week)
  using first, after, since, before, latest, earliest;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_failures(ids uuid[], lowest uuid, highest uuid, moment timestamp with time zone, OUT failures json, OUT waits json, OUT fatal json)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  select json_object_agg(r.run_id, r.counts), json_object_agg(r.run_id, r.waits) filter (where r.waits is not null),
    json_object_agg(r.run_id, r.fatal) filter (where r.fatal is not null)
  into count_failures.failures, count_failures.waits, count_failures.fatal
  from (
    select n.run_id, json_object_agg(n.node, n.attempts) as counts,
      json_object_agg(n.node, n.until) filter (where n.until > moment) as waits,
      json_object_agg(n.node, n.fatal) filter (where n.fatal is not null) as fatal
    from (
      select f.run_id, f.node, count(*) as attempts,
        max(baton.wait_until(f.finished_at, f.retry_at, moment)) filter (where strpos(f.node, '/') > 0) as until,
        (array_agg(json_build_object('attempt', f.attempt, 'at', f.finished_at, 'error', f.error) order by f.attempt desc)
          filter (where f.retry_at is null and strpos(f.node, '/') > 0))[1] as fatal
      from baton.failure f where f.run_id = any (array(select unnest(ids))) and f.run_id between lowest and highest and f.node <> '' group by f.run_id, f.node
    ) as n
    group by n.run_id
  ) as r;
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

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_folded(parent uuid, path text)
 RETURNS integer
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return coalesce((
    select (c.output ->> 'to')::integer from baton.checkpoint c
    where c.run_id = parent and c.node > count_folded.path || '/~fold/' and c.node < count_folded.path || '/~fold0'
    order by c.node desc limit 1), 0);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_hidden(id uuid, roots text[], run_status text, until timestamp with time zone)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
begin
  if not exists (select from baton.checkpoint c where c.run_id = count_hidden.id and (strpos(c.node, '/') > 0 or c.attempt = 0))
    and not exists (select from baton.failure f where f.run_id = count_hidden.id and strpos(f.node, '/') > 0) then
    return null;
  end if;
  return (
    with stored as (
      select c.node, r.root, case when c.attempt = 0 then c.output -> 'items' end as items
      from unnest(roots) as r (root) join baton.checkpoint c on c.node >= r.root and c.node < coalesce(nullif(r.root, '') || '0', '~~')
      where c.run_id = count_hidden.id and (strpos(c.node, '/') > 0 or c.attempt = 0) and (r.root in ('', c.node) or starts_with(c.node, r.root || '/'))
      union all
      select f.node, r.root, null
      from unnest(roots) as r (root) join baton.failure f on f.node >= r.root and f.node < coalesce(nullif(r.root, '') || '0', '~~')
      where f.run_id = count_hidden.id and strpos(f.node, '/') > 0 and (r.root in ('', f.node) or starts_with(f.node, r.root || '/'))
    ), placed as (
      select stored.*, baton.hidden_below(node, root) as above from stored
    ), under as (
      select above as path from placed where above is not null
      union
      select node from placed where above is null and jsonb_typeof(items) = 'array' and jsonb_array_length(items) > 100
      union
      select parent from (
        select regexp_replace(node, '/[^/]*$', '') as parent from placed where above is null and strpos(node, '/') > 0 and strpos(node, '~') = 0
      ) as p group by parent having count(*) > 100
    ), part as (
      select u.path as under, p.status, p.size, row_number() over (partition by u.path order by p.path collate "C") as nth,
        substr(p.path, length(u.path) + 2) as name, (length(u.path) - length(replace(u.path, '/', ''))) % 2 = 0 as counts_items
      from under u cross join lateral baton.list_parts(count_hidden.id, u.path, run_status, until) as p
    ), counted as (
      select under, status, count(*) as n from part where case when counts_items and name ~ '^[0-9]{5}$' then name > '00099' else nth > 100 end group by 1, 2
    )
    select json_agg(json_build_object('under', under, 'counts', counts,
      'size', (select max(size) from part where part.under = each.under)) order by under)
    from (select under, json_object_agg(status, n) as counts from counted group by under) as each);
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
CREATE OR REPLACE FUNCTION baton.count_runs(wanted jsonb, moment timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  listed record := baton.list_ids(wanted, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10001, moment);
  counted integer := least(cardinality(listed.ids), 10000);
begin
  return case when listed.next is null and cardinality(listed.ids) <= 10000 then to_jsonb(counted) else jsonb_build_object('atLeast', counted) end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.count_unsuccessful(parent uuid, path text)
 RETURNS integer
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  ids uuid[] := array(
    select c.run_id from baton.child c
    where c.parent_id = count_unsuccessful.parent and c.path = count_unsuccessful.path and not c.detached order by c.run_id limit 1000);
begin
  return (
    select count(*)::integer from baton.ending e
    where e.run_id = any (array(select unnest(ids))) and e.run_id between ids[1] and ids[cardinality(ids)] and e.status <> 'done');
end
$function$;

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
  poison jsonb;
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
  perform baton.put_back(progressed, array_fill(moment, array[cardinality(progressed)]), case when alone then 4 else 1 end, home => held.queue);
  if crashes > 5 then
    poison := jsonb_build_object('name', 'PoisonError', 'message',
      'Three leases in a row ran out while they held this run alone: its step ends the process or blocks the event loop. Mend it, then redrive the run.');
    doubtful := baton.undo_failed(doubtful, poison, moment, true);
    perform baton.end_runs(doubtful, 'failed', array_fill(poison, array[cardinality(doubtful)]), true, moment);
    return cardinality(ids) - cardinality(progressed);
  end if;
  perform baton.put_back(doubtful, array_fill(moment, array[cardinality(doubtful)]), crashes, home => held.queue);
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

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.delete_run(id uuid, request jsonb DEFAULT '{}'::jsonb)
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
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the run of delete_run', id);
  perform baton.require_keys('the request of delete_run', request, '{}', '{by}');
  perform baton.require_actor('the request of delete_run', request);
  if not baton.lock_run(id) then
    return (
      select jsonb_build_object('status', a.details ->> 'status', 'deleted', true, 'changed', false)
      from baton.audit a where a.run_id = delete_run.id and a.action = 'delete' limit 1);
  end if;
  delete from baton.ending e where e.run_id = delete_run.id returning e.status into ended;
  if ended is null then
    return jsonb_build_object('status', baton.place_status(id, baton.now()), 'deleted', false, 'changed', false);
  end if;
  perform baton.note_action('delete', id, request ->> 'by',
    (select jsonb_build_object('workflow', r.workflow, 'version', r.version, 'status', ended) from baton.run r where r.id = delete_run.id), baton.now());
  perform baton.remove_runs(array[id]);
  return jsonb_build_object('status', ended, 'deleted', true, 'changed', true);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.deliver_signal(of_run uuid, request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  mail record;
  moment timestamptz;
  place record;
  woken boolean;
begin
  mail := baton.lock_mail(of_run);
  if not mail.known then
    return jsonb_build_object('status', 'unknown', 'woken', false);
  end if;
  moment := baton.now();
  select r.workflow, r.version, exists (select from baton.ending e where e.run_id = of_run) as is_over into place
  from baton.run r where r.id = of_run;
  if place.is_over then
    return jsonb_build_object('status', 'ended', 'woken', false);
  end if;
  if request -> 'refused' @> jsonb_build_array(jsonb_build_object('workflow', place.workflow, 'version', place.version)) then
    return jsonb_build_object('status', 'refused', 'woken', false, 'workflow', place.workflow, 'version', place.version);
  end if;
  if request ? 'id' and not baton.remember_signal(request, place.workflow, moment) then
    return jsonb_build_object('status', 'repeated', 'woken', false);
  end if;
  if (select count(*) >= 1000 or coalesce(sum(octet_length(m.body::text)), 0) >= 1048576 from baton.message m where m.run_id = of_run) then
    delete from baton.dedup d where d.workflow = place.workflow and d.scope = 'signal' and d.key = baton.signal_id(request);
    return jsonb_build_object('status', 'full', 'woken', false);
  end if;
  insert into baton.message (run_id, name, body, at) values (of_run, request ->> 'name', request -> 'body', moment);
  if request ->> 'name' = any (mail.names) then
    update baton.ready q set run_at = moment where q.run_id = of_run and q.run_at > moment;
    woken := found;
  end if;
  return jsonb_build_object('status', 'accepted', 'woken', coalesce(woken, false));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.describe_family(id uuid)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  parent json := (
    select json_build_object('id', c.parent_id, 'path', baton.path_of_child(c), 'detached', c.detached, 'waits', exists (
      select from baton.waiting_item w where w.parent_id = c.parent_id and w.path = c.path and w.item = c.item and not w.again))
    from baton.child c where c.run_id = describe_family.id);
  awaits json := (
    select json_agg(json_build_object('path', a.path, 'open', a.open, 'failed', case when a.tolerated is null then baton.count_unsuccessful(a.parent_id, a.path) else a.failed end) order by a.path)
    from (
      select a.parent_id, a.path, a.open, a.failed, a.tolerated from baton.awaited a
      where a.parent_id = describe_family.id and not baton.is_over(a.parent_id, a.path)
      order by a.path limit 100) as a);
begin
  return case when parent is not null or awaits is not null then json_build_object('parent', parent, 'awaits', awaits) end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.describe_hooks(id uuid)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  follows json := (
    select json_build_object('run', h.run_id, 'ending', h.ending, 'hook', h.hook) from baton.hook_run h where h.hook_run_id = describe_hooks.id);
  followed_by json := (
    select json_agg(json_build_object('run', h.hook_run_id, 'ending', h.ending, 'hook', h.hook) order by h.ending, h.hook)
    from (select * from baton.hook_run o where o.run_id = describe_hooks.id order by o.ending, o.hook limit 100) as h);
begin
  return case when follows is not null or followed_by is not null then json_build_object('follows', follows, 'followed_by', followed_by) end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.describe_items(items integer[], children uuid[], room integer)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(children) as i order by i limit 1);
  highest uuid := (select i from unnest(children) as i order by i desc limit 1);
begin
  return (
    select json_agg(json_build_object('item', t.item, 'run', t.child, 'status', t.status, 'output', t.output, 'error', t.error) order by t.item)
    from (
      select w.item, w.child, coalesce(e.status, 'gone') as status, o.output, e.error,
        sum(coalesce(octet_length(o.output::text), 0)) over (order by w.item) as total, row_number() over (order by w.item) as nth
      from unnest(items, children) as w (item, child)
      left join lateral (
        select x.status, x.error from baton.ending x where x.run_id = w.child and x.run_id between lowest and highest limit 1) as e on true
      left join lateral (
        select k.output from baton.checkpoint k
        where e.status = 'done' and k.run_id = w.child and k.run_id between lowest and highest and strpos(k.node, '/') = 0
        order by k.node = '~output' desc, k.position desc limit 1) as o on true
    ) as t
    where t.total <= room or t.nth = 1);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.describe_members(ids uuid[], slots integer[], begun_ids uuid[], manifest jsonb, OUT runs json, OUT missing uuid[])
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
  redrives json;
  asleep json;
  backing_off json;
  fatal json;
  mail json;
  family json;
  finished json;
  moment timestamptz;
begin
  select array_agg(t.id order by t.id), array_agg(t.slot order by t.id) into ids, slots from unnest(ids, slots) as t (id, slot);
  lowest := ids[1];
  highest := ids[cardinality(ids)];
  -- Mostly a round has claimed nothing; the statement below is planned each time, for 0.2 ms.
  if ids is null then
    runs := json_build_object('id', '{}'::uuid[], 'place', '{}'::integer[]);
    return;
  end if;
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
  -- Of a workflow that this code does not have nothing more is told: its runs are set aside, and
  -- may be larger than an answer where their code would leave most of it out.
  if begun_ids is not null and manifest <> '[]' then
    begun_ids := array(
      select t.id
      from rows from (unnest(found_ids), json_array_elements_text(workflows), json_array_elements_text(versions)) as t (id, name, version)
      where t.id = any (begun_ids) and manifest @> jsonb_build_array(jsonb_build_object('name', t.name, 'version', t.version::integer)));
  end if;
  if cardinality(begun_ids) > 0 then
    moment := baton.now();
    forgiven := baton.forgiven_failures(begun_ids);
    if forgiven is not null then
      select json_object_agg(d.run_id, d.n) into redrives
      from (select run_id, count(*) as n from baton.redrive where run_id = any (begun_ids) group by run_id) as d;
    end if;
    if manifest @? '$[*].skips' then
      select g.* into outputs, asleep, failures, backing_off, fatal
      from baton.list_ranges(begun_ids, manifest) as r cross join lateral baton.gather_ranges(r.range_ids, r.lows, r.highs, moment) as g;
    else
      select g.outputs, g.waits into outputs, asleep from baton.gather_outputs(begun_ids, lowest, highest, moment) as g;
      select c.failures, c.waits, c.fatal into failures, backing_off, fatal from baton.count_failures(begun_ids, lowest, highest, moment) as c;
    end if;
    if manifest @? '$[*].waits' then
      mail := baton.gather_mail(begun_ids);
    end if;
    if manifest @? '$[*].family' then
      family := baton.gather_families(begun_ids);
    end if;
    if manifest @? '$[*].undoes' then
      finished := baton.gather_times(baton.runs_with_verdict(begun_ids));
    end if;
  end if;
  runs := json_build_object('id', coalesce(found_ids, '{}'), 'place', coalesce(slots, '{}'), 'workflow', workflows, 'version', versions,
    'input', inputs, 'outputs', outputs, 'failures', failures, 'forgiven', forgiven, 'redrives', redrives, 'asleep', asleep, 'backing_off', backing_off, 'fatal', fatal, 'mail', mail,
    'family', family, 'finished', finished);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.describe_queues(moment timestamp with time zone, low jsonb)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_object_agg(k.name, jsonb_build_object(
    'oldest_ms', coalesce((
      select ceil(extract(epoch from greatest(moment - min(first.run_at), interval '0')) * 1000)
      from generate_series(16 * k.id, 16 * k.id + 3) as b (band)
      cross join lateral (
        select q.run_at from baton.ready q where q.band = b.band and q.run_at > '-infinity' order by q.run_at limit 1) as first), 0),
    'due_in_ms', baton.next_due(moment, low, 8, k.id),
    'suspects', exists (select from baton.ready q where q.band between 16 * k.id + 4 and 16 * k.id + 8 and q.run_at <= moment),
    'lease_expires_in_ms', (
      select ceil(extract(epoch from min(greatest(l.expires_at, moment)) - moment) * 1000) from baton.lease l where l.queue = k.id)))
  from baton.queue k
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.drop_months(moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  month text;
begin
  foreach month in array baton.list_months() loop
    if to_timestamp(right(month, 8), 'YYYYMMDD') + interval '1 month' < moment - interval '12 months' then
      execute format('drop table baton.%I', month);
    end if;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.drop_week(week timestamp with time zone, rules jsonb, moment timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET plan_cache_mode TO 'force_custom_plan'
 SET lock_timeout TO '20ms'
AS $function$
declare
  suffix text := to_char(week, '_YYYYMMDD');
  parts text := (select string_agg(format('baton.%I', t || suffix), ', ') from unnest(baton.weekly_tables()) as t);
  first uuid := baton.id_at(week);
  beyond uuid := baton.id_at(week + interval '7 days');
begin
  if week <> date_trunc('week', week) or week >= date_trunc('week', baton.now() - interval '168 hours')
    or to_regclass('baton.run' || suffix) is null then
    return 'kept';
  end if;
  begin
    perform baton.note_week(week, null);
    execute format('lock table baton.%I in exclusive mode', 'run' || suffix);
  exception
    -- Another maintenance has dropped it, or builds an index of it.
    when lock_not_available or undefined_table or insufficient_privilege then
      return 'busy';
  end;
  if exists (
    select from baton.run r left join baton.ending e on e.run_id = r.id
    where r.id >= first and r.id < beyond and not baton.has_expired(rules, r.workflow, e.status, e.at, moment)
  ) or exists (
    select from (
      select c.run_id from baton.child c where c.run_id >= first and c.run_id < beyond
      union all
      select a.parent_id from baton.awaited a where a.parent_id >= first and a.parent_id < beyond) as f (id)
    where baton.has_open_family(f.id)
  ) then
    return 'kept';
  end if;
  for tried in 1..21 loop
    if tried > 20 or exists (
      select from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = current_database() and l.relation = to_regclass('baton.run' || suffix) and not l.granted
    ) then
      return 'busy';
    end if;
    begin
      execute 'drop table ' || parts;
      exit;
    exception
      when insufficient_privilege then
        return 'busy';
      when lock_not_available then
        perform pg_sleep(0.05 + random() * 0.2);
    end;
  end loop;
  delete from baton.redrive where run_id >= first and run_id < beyond;
  delete from baton.control where run_id >= first and run_id < beyond;
  delete from baton.wait where run_id >= first and run_id < beyond;
  delete from baton.message where run_id >= first and run_id < beyond;
  delete from baton.signal_key where run_id >= first and run_id < beyond;
  delete from baton.child where (parent_id >= first and parent_id < beyond) or (run_id >= first and run_id < beyond and detached);
  delete from baton.awaited where parent_id >= first and parent_id < beyond;
  delete from baton.waiting_item where parent_id >= first and parent_id < beyond;
  delete from baton.stopping where run_id >= first and run_id < beyond;
  delete from baton.wakeup where run_id >= first and run_id < beyond;
  perform baton.remove_hooks(array(
    select run_id from baton.hook_run where run_id >= first and run_id < beyond
    union select hook_run_id from baton.hook_run where hook_run_id >= first and hook_run_id < beyond));
  perform baton.note_week(week, moment);
  return 'gone';
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.end_each(ids uuid[], new_status text, error jsonb, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  id uuid;
  ended uuid[] := ids;
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return;
  end if;
  -- A block of its own: every claim calls this, and nearly none has anybody to end and needs a
  -- subtransaction.
  begin
    if new_status = 'failed' then
      ended := baton.undo_failed(ids, error, moment);
    end if;
    perform baton.end_runs(ended, new_status, array_fill(error, array[cardinality(ended)]), true, moment);
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
  -- Before the runs have an ending: who redrives one takes these rows in the same order.
  if exists (select from baton.stopping) then
    delete from baton.stopping where run_id = any (array(
      select s.run_id from baton.stopping s where s.run_id = any (end_runs.ids) and s.run_id <> s.parent_id order by s.run_id for update));
  end if;
  insert into baton.ending (run_id, status, error, at)
  select t.id, new_status, t.error, moment from unnest(ids, errors) as t (id, error);
  if exists (select from baton.child) then
    perform baton.note_family('ended', ids);
  end if;
  if exists (select from baton.workflow) then
    perform baton.start_hooks(ids, new_status, errors, moment);
  end if;
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
    from baton.list_bands() as b (band)
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
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.enqueue_as_columns(request jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case
    when jsonb_typeof(request) <> 'object' then request
    when request ? 'runs' then request - 'runs' || jsonb_build_object('columns', baton.rows_as_columns(request -> 'runs'))
    when jsonb_typeof(request -> 'fresh') = 'object' then request || jsonb_build_object('columns', request -> 'fresh', 'fresh', true)
    else request end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.ensure_month(moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if to_regclass(to_char(moment at time zone 'UTC', '"baton.audit_p"YYYYMM"01"')) is null then
    perform baton.make_months(moment, moment);
  end if;
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
CREATE OR REPLACE FUNCTION baton.expire_unclaimed(most integer, moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  expired integer;
begin
  delete from baton.unclaimed where ctid = any (array(
    select ctid from baton.unclaimed where at <= moment - interval '168 hours' order by at limit most for update skip locked));
  get diagnostics expired = row_count;
  return expired;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.explain_endings(ids uuid[], errors jsonb[])
 RETURNS TABLE(id uuid, node text, attempts integer)
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  return query
  select distinct on (e.id) e.id, f.node, f.attempt - k.forgiven
  from unnest(ids, errors) as e (id, error)
  join baton.failure f on f.run_id = e.id and f.run_id = any (array(select unnest(ids))) and f.run_id between lowest and highest
  left join lateral (select r.forgiven from baton.redrive r where r.run_id = e.id order by r.at desc limit 1) as v on true
  cross join lateral (select coalesce((v.forgiven ->> f.node)::integer, 0) as forgiven) as k
  where f.node <> '' and f.retry_at is null and f.error = e.error and f.attempt > k.forgiven
  order by e.id, f.finished_at desc, f.node;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.fail_oversized(INOUT ctids tid[], INOUT sizes integer[], INOUT members uuid[], moment timestamp with time zone, OUT dropped integer)
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
  select array_agg(t.ctid order by t.nth), array_agg(t.size order by t.nth), array_agg(t.member order by t.nth) into ctids, sizes, members
  from unnest(ctids, sizes, members) with ordinality as t (ctid, size, member, nth) where t.size <= 8388608;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_first_failed(parent uuid, path text, OUT item integer, OUT run_id uuid)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET enable_bitmapscan TO 'off'
AS $function$
declare
  ids uuid[];
  items integer[];
  failed uuid[];
begin
  loop
    select array_agg(c.run_id), array_agg(c.item) into ids, items
    from (
      select c.run_id, c.item from baton.child c
      where c.parent_id = parent and c.path = find_first_failed.path and c.item > coalesce(items[cardinality(items)], -1)
      order by c.item limit 1000) as c;
    exit when ids is null;
    failed := baton.find_unsuccessful(ids);
    select t.item, t.id into find_first_failed.item, find_first_failed.run_id
    from unnest(items, ids) as t (item, id)
    where t.id = any (failed) and not exists (
      select from baton.waiting_item w where w.parent_id = parent and w.path = find_first_failed.path and w.item = t.item)
    order by t.item limit 1;
    exit when found;
  end loop;
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
CREATE OR REPLACE FUNCTION baton.find_late(held baton.lease, timeouts jsonb, consumed jsonb, moment timestamp with time zone, OUT ids uuid[], OUT run_ats timestamp with time zone[])
 RETURNS record
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  members uuid[] := array(select t.run from jsonb_to_recordset(timeouts) as t (place integer, run uuid) where baton.has_member(held, t.place, t.run));
  taken bigint[] := array(select c.n from jsonb_to_recordset(consumed) as c (n bigint));
  locked uuid[];
begin
  locked := baton.take_keys(baton.try_mail(members), timeouts, moment);
  select coalesce(array_agg(t.run), '{}'), array_agg(case when t.run = any (locked) then moment else moment + interval '1 second' end) into ids, run_ats
  from jsonb_to_recordset(timeouts) as t (run uuid, names text[])
  where t.run = any (members)
    and (t.run <> all (locked)
      or exists (select from baton.message m where m.run_id = t.run and m.name = any (t.names) and m.n <> all (taken)));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_open_children(parents uuid[], most integer)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET enable_bitmapscan TO 'off'
AS $function$
declare
  parent uuid;
  past_path text collate "C";
  past_item integer;
  past_id uuid;
  ids uuid[];
  open_ids uuid[] := '{}';
begin
  foreach parent in array parents loop
    past_path := '';
    past_item := -2;
    past_id := parent;
    while past_path is not null and cardinality(open_ids) < most loop
      select array_agg(p.run_id) filter (where not p.detached), (array_agg(p.path))[count(*)], (array_agg(p.item))[count(*)], (array_agg(p.run_id))[count(*)]
        into ids, past_path, past_item, past_id
      from (
        select c.* from baton.child c where c.parent_id = parent and (c.path, c.item, c.run_id) > (past_path, past_item, past_id)
        order by c.path, c.item, c.run_id limit 1000) as p;
      open_ids := open_ids || array(
        select unnest(ids) except select unnest(baton.runs_with_ending(ids)) except select s.run_id from baton.stopping s where s.run_id = any (ids)
        order by 1);
    end loop;
  end loop;
  return open_ids[:most];
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_owner(workflow text, name text, key text, moment timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  owner uuid := (
    select k.run_id from baton.signal_key k where k.workflow = find_owner.workflow and k.name = find_owner.name and k.key = find_owner.key);
begin
  if owner is null or baton.existing_runs(array[owner]) = '{}'
    or exists (select from baton.ending e where e.run_id = owner and e.at <= moment - interval '168 hours') then
    return null;
  end if;
  return owner;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_partman()
 RETURNS text
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  partman text;
  handed boolean;
begin
  select quote_ident(n.nspname) into partman
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pg_partman' and has_schema_privilege(n.oid, 'usage');
  if partman is null or not has_table_privilege(partman || '.part_config', 'select') then
    return null;
  end if;
  execute format('select exists (select from %s.part_config where parent_table = %L)', partman, 'baton.audit') into handed;
  return case when handed then partman end;
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

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_queue(name text)
 RETURNS smallint
 LANGUAGE sql
 STABLE
AS $function$
  select case when find_queue.name = 'default' then 0::smallint else (select q.id from baton.queue q where q.name = find_queue.name) end
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
      'attributes', (select a.attributes from baton.attribute a where a.run_id = find_run.id),
      'created_at', r.created_at, 'moment', clock.moment, 'status', place.status,
      'error', e.error, 'finished_at', e.at, 'run_at', q.run_at, 'queue', (select k.name from baton.queue k where k.id = q.band / 16), 'blocked', b.reason,
      'awaits', (select w.names from baton.wait w where w.run_id = find_run.id and q.run_at is not null),
      'family', baton.describe_family(find_run.id),
      'hooks', baton.describe_hooks(find_run.id),
      'redrives', (select count(*) from baton.redrive d where d.run_id = find_run.id),
      'crashes', (select count(*) from baton.failure f where f.run_id = find_run.id and f.node = ''),
      'forgiven', (select d.forgiven from baton.redrive d where d.run_id = find_run.id order by d.at desc limit 1),
      'hidden', baton.count_hidden(find_run.id, '{""}', place.status, coalesce(e.at, clock.moment)),
      'checkpoints', steps.checkpoints, 'failures', steps.failures, 'left_out', steps.left_out)
    from baton.run r
    cross join (select baton.now() as moment) as clock
    left join baton.ending e on e.run_id = find_run.id
    left join baton.ready q on q.run_id = find_run.id
    left join baton.blocked b on b.run_id = find_run.id
    cross join lateral (select coalesce(e.status, baton.place_status(r.id, clock.moment)) as status) as place
    cross join lateral baton.gather_steps(find_run.id, '{""}', 9000000 - 2 * octet_length(r.input::text)) as steps
    where r.id = find_run.id);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_stopped(ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  found uuid[];
  parents uuid[];
  lowest uuid;
  highest uuid;
begin
  if not exists (select from baton.stopping) then
    return '{}';
  end if;
  select array_agg(s.run_id), array_agg(s.parent_id) into found, parents from baton.list_stops(ids) as s;
  if found is null then
    return '{}';
  end if;
  lowest := (select p from unnest(parents) as p order by p limit 1);
  highest := (select p from unnest(parents) as p order by p desc limit 1);
  select array_agg(l.id) into parents
  from (
    select r.id from baton.run r where r.id = any (array(select unnest(parents))) and r.id between lowest and highest for share skip locked
  ) as l;
  parents := baton.runs_with_ending(parents);
  found := array(select s.run_id from baton.list_stops(found) as s where s.parent_id = any (parents));
  -- One that is being undone goes on to its end.
  return array(select unnest(found) except select unnest(baton.runs_with_verdict(found)));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_taken(id uuid, keys jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select json_agg(json_build_object('name', w.name, 'key', w.key))
    from baton.run r
    cross join jsonb_to_recordset(keys) as w (name text, key text)
    cross join lateral (
      select s.run_id from baton.signal_key s where s.workflow = r.workflow and s.name = w.name and s.key = w.key limit 1
    ) as owner
    where r.id = find_taken.id and owner.run_id <> find_taken.id and baton.list_unfinished(array[owner.run_id]) <> '{}');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.find_unsuccessful(ids uuid[])
 RETURNS uuid[]
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
    select i.id from unnest(ids) as i (id)
    left join lateral (select e.status from baton.ending e where e.run_id = i.id and e.run_id between lowest and highest limit 1) as e on true
    where e.status <> 'done'
      or e.status is null and not exists (select from baton.run r where r.id = i.id and r.id between lowest and highest));
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
CREATE OR REPLACE FUNCTION baton.forget_stops(ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  delete from baton.control c where c.run_id = any (baton.runs_with_verdict(ids));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.forget_undo(id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  if baton.runs_with_verdict(array[forget_undo.id]) = '{}' then
    return true;
  end if;
  if not exists (select from baton.checkpoint c where c.run_id = forget_undo.id and c.node = '~undone' and c.output = '0') then
    return false;
  end if;
  delete from baton.checkpoint c where c.run_id = forget_undo.id and c.node in ('~verdict', '~undone');
  return true;
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
CREATE OR REPLACE FUNCTION baton.format_runs(ids uuid[])
 RETURNS TABLE(run_id uuid, line text)
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
#variable_conflict use_column
declare
  first uuid := (select min(id::text)::uuid from unnest(ids) as id);
  last uuid := (select max(id::text)::uuid from unnest(ids) as id);
begin
  return query
  select r.id, json_build_object('id', r.id, 'workflow', r.workflow, 'version', r.version, 'priority', r.priority,
    'status', e.status, 'createdAt', r.created_at, 'startAt', r.start_at, 'endedAt', e.at, 'input', r.input,
    'attributes', (select a.attributes from baton.attribute a where a.run_id = r.id and a.run_id between first and last),
    'error', e.error,
    'steps', coalesce((
      select json_agg(json_build_object('node', c.node, 'position', c.position, 'attempt', c.attempt, 'startedAt', c.started_at,
        'finishedAt', c.finished_at, 'output', c.output) order by c.position, c.node)
      from baton.checkpoint c where c.run_id = r.id and c.run_id between first and last), '[]'),
    'failures', coalesce((
      select json_agg(json_build_object('node', f.node, 'attempt', f.attempt, 'startedAt', f.started_at, 'finishedAt', f.finished_at,
        'retryAt', f.retry_at, 'error', f.error) order by f.finished_at, f.node, f.attempt)
      from baton.failure f where f.run_id = r.id and f.run_id between first and last), '[]'),
    'redrives', coalesce((
      select json_agg(json_build_object('at', d.at, 'forgiven', d.forgiven) order by d.at)
      from baton.redrive d where d.run_id = r.id), '[]'))::text
  from baton.run r
  join baton.ending e on e.run_id = r.id and e.run_id between first and last
  where r.id = any (ids) and r.id between first and last;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_families(ids uuid[], entries jsonb DEFAULT NULL::jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  parents uuid[];
  paths text[];
  children uuid[];
  lists json[];
  lowest uuid;
  highest uuid;
begin
  select array_agg(a.parent_id), array_agg(a.path), array_agg(c.run_id) into parents, paths, children
  from baton.awaited a
  left join lateral (
    select c.run_id from baton.child c
    where a.tolerated is null and c.parent_id = a.parent_id and c.path = a.path and c.item = -1 order by c.run_id desc limit 1) as c on true
  where a.parent_id = any (ids) and (entries is null or exists (
    select from jsonb_to_recordset(entries) as e (run uuid, awaits text[]) where e.run = a.parent_id and a.path = any (e.awaits)));
  if parents is null then
    return null;
  end if;
  lists := baton.gather_lists(parents, paths, children);
  lowest := (select i from unnest(children || parents) as i where i is not null order by i limit 1);
  highest := (select i from unnest(children || parents) as i where i is not null order by i desc limit 1);
  return (
    select json_object_agg(f.parent_id, f.facts)
    from (
      select t.parent_id, json_object_agg(t.path, coalesce(t.list,
        json_build_object('run', t.child, 'status', t.status, 'output', t.output, 'error', t.error))) as facts
      from (
        select w.parent_id, w.path, w.child, w.list, coalesce(e.status, 'gone') as status, o.output, e.error,
          row_number() over in_order as nth, sum(coalesce(octet_length(o.output::text), 0)) over in_order as total
        from unnest(parents, paths, children, lists) as w (parent_id, path, child, list)
        cross join lateral (
          select count(*) as n from baton.checkpoint k where k.run_id = w.parent_id and k.run_id between lowest and highest and k.node = w.path) as known
        cross join lateral (select count(*) as n from baton.run r where r.id = w.child and r.id between lowest and highest) as there
        left join lateral (
          select x.status, x.error from baton.ending x where x.run_id = w.child and x.run_id between lowest and highest limit 1) as e on true
        left join lateral (
          select k.output from baton.checkpoint k
          where e.status = 'done' and k.run_id = w.child and k.run_id between lowest and highest and strpos(k.node, '/') = 0
          order by k.node = '~output' desc, k.position desc limit 1) as o on true
        where w.list is not null or (w.child is not null and known.n = 0 and (e.status is not null or there.n = 0))
        window in_order as (order by w.parent_id, w.path)
      ) as t
      where t.total <= 2097152 or t.nth = 1
      group by t.parent_id
    ) as f);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_items(parent uuid, path text, room integer)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_bitmapscan TO 'off'
AS $function$
declare
  node baton.awaited;
  first integer;
  items integer[];
  children uuid[];
begin
  select * into node from baton.awaited a where a.parent_id = parent and a.path = gather_items.path;
  if node.failed > node.tolerated then
    select array_agg(c.item order by c.item), array_agg(c.run_id order by c.item) into items, children
    from (select * from baton.find_first_failed(parent, path)) as c;
    return json_build_object('open', node.open, 'behind', node.behind, 'failed', node.failed, 'first', baton.describe_items(items, children, 0) -> 0);
  end if;
  if node.open <= 0 and room > 0 then
    first := baton.count_folded(parent, path);
    select array_agg(c.item order by c.item), array_agg(c.run_id order by c.item) into items, children
    from (
      select c.item, c.run_id from baton.child c
      where c.parent_id = parent and c.path = gather_items.path and c.item >= first order by c.item limit 1000) as c;
  end if;
  return json_build_object('open', node.open, 'behind', node.behind, 'failed', node.failed, 'page', baton.describe_items(items, children, room));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_lists(parents uuid[], paths text[], children uuid[])
 RETURNS json[]
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  lists json[] := array_fill(null::json, array[cardinality(parents)]);
  room integer := 1048576;
  left_over integer := 2097152;
begin
  for n in 1 .. cardinality(parents) loop
    if children[n] is null and exists (
      select from baton.awaited a where a.parent_id = parents[n] and a.path = paths[n] and a.tolerated is not null) then
      lists[n] := baton.gather_items(parents[n], paths[n], least(room, left_over));
      left_over := left_over - octet_length(lists[n]::text);
    end if;
  end loop;
  return lists;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_mail(ids uuid[], awaited jsonb DEFAULT NULL::jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select json_object_agg(l.run_id, case when l.total > 4194304 and l.total > l.bytes then json_build_object('names', array[]::text[], 'letters', array[]::text[])
      else json_build_object('names', l.names, 'letters', l.letters, 'taken', case when l.keys is not null then baton.find_taken(l.run_id, l.keys) end) end)
    from (
      select a.run_id, json_agg(a.name) as names, coalesce(sum(octet_length(m.body::text)), 0) as bytes,
        coalesce(sum(sum(octet_length(m.body::text))) over (order by a.run_id), 0) as total,
        coalesce(json_agg(json_build_object('n', m.n, 'name', m.name, 'body', m.body, 'at', m.at) order by m.n) filter (where m.n is not null), '[]')
          as letters,
        (array_agg(a.keys) filter (where a.keys is not null))[1] as keys
      from (
        select w.run_id, unnest(w.names) as name, w.keys from baton.wait w where awaited is null and w.run_id = any (array(select unnest(ids)))
        union
        select e.run, unnest(e.names), e.keys from jsonb_to_recordset(awaited) as e (run uuid, names text[], keys jsonb) where e.run = any (ids)
      ) as a
      left join lateral (select * from baton.message where run_id = a.run_id and name = a.name order by n limit 1) as m on true
      group by a.run_id
    ) as l);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_outputs(ids uuid[], lowest uuid, highest uuid, moment timestamp with time zone, OUT outputs json, OUT waits json)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  select json_object_agg(r.run_id, r.outputs), json_object_agg(r.run_id, r.waits) filter (where r.waits is not null)
  into gather_outputs.outputs, gather_outputs.waits
  from (
    select c.run_id, json_object_agg(c.node, c.output) as outputs,
      json_object_agg(c.node, baton.wait_until(c.started_at, c.finished_at, moment))
        filter (where c.finished_at > moment and strpos(c.node, '/') > 0) as waits
    from baton.checkpoint c where c.run_id = any (array(select unnest(ids))) and c.run_id between lowest and highest group by c.run_id
  ) as r;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_ranges(range_ids uuid[], lows text[], highs text[], moment timestamp with time zone, OUT outputs json, OUT asleep json, OUT failures json, OUT backing_off json, OUT fatal json)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(range_ids) as i order by i limit 1);
  highest uuid := (select i from unnest(range_ids) as i order by i desc limit 1);
begin
  select json_object_agg(r.run_id, r.outputs), json_object_agg(r.run_id, r.waits) filter (where r.waits is not null)
  into gather_ranges.outputs, gather_ranges.asleep
  from (
    select c.run_id, json_object_agg(c.node, c.output) as outputs,
      json_object_agg(c.node, baton.wait_until(c.started_at, c.finished_at, moment))
        filter (where c.finished_at > moment and strpos(c.node, '/') > 0) as waits
    from unnest(range_ids, lows, highs) as k (id, low, high)
    cross join lateral (
      select * from baton.checkpoint p
      where p.run_id = k.id and p.run_id between lowest and highest and p.node >= k.low and p.node < k.high offset 0) as c
    group by c.run_id
  ) as r;
  select json_object_agg(r.run_id, r.counts), json_object_agg(r.run_id, r.waits) filter (where r.waits is not null),
    json_object_agg(r.run_id, r.fatal) filter (where r.fatal is not null)
  into gather_ranges.failures, gather_ranges.backing_off, gather_ranges.fatal
  from (
    select n.run_id, json_object_agg(n.node, n.attempts) as counts,
      json_object_agg(n.node, n.until) filter (where n.until > moment) as waits,
      json_object_agg(n.node, n.fatal) filter (where n.fatal is not null) as fatal
    from (
      select f.run_id, f.node, count(*) as attempts,
        max(baton.wait_until(f.finished_at, f.retry_at, moment)) filter (where strpos(f.node, '/') > 0) as until,
        (array_agg(json_build_object('attempt', f.attempt, 'at', f.finished_at, 'error', f.error) order by f.attempt desc)
          filter (where f.retry_at is null and strpos(f.node, '/') > 0))[1] as fatal
      from unnest(range_ids, lows, highs) as k (id, low, high)
      cross join lateral (
        select * from baton.failure p
        where p.run_id = k.id and p.run_id between lowest and highest and p.node >= k.low and p.node < k.high and p.node <> '' offset 0) as f
      group by f.run_id, f.node
    ) as n
    group by n.run_id
  ) as r;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_steps(id uuid, roots text[], room bigint, OUT checkpoints json, OUT failures json, OUT left_out json)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  rest bigint;
  cuts text[];
begin
  select coalesce(json_agg(f.told order by f.attempt, f.node) filter (where f.total <= room / 3), '[]'),
    room - coalesce(max(f.total) filter (where f.total <= room / 3), 0), case when max(f.total) > room / 3 then '{attempts}'::text[] end
    into gather_steps.failures, rest, cuts
  from (
    select f.*, sum(2 * octet_length(f.told::text)) over (order by f.nth_of_path > 1, f.newer) as total
    from (
      select f.node, f.attempt, f.newer, f.nth_of_path, json_build_object('node', f.node, 'attempt', f.attempt, 'started_at', f.started_at,
        'finished_at', f.finished_at, 'retry_at', f.retry_at, 'error', case when f.newer > 20
          then jsonb_build_object('name', f.error ->> 'name', 'message', left(f.error ->> 'message', 200)) else f.error end) as told
      from (
        select f.*, row_number() over (order by f.finished_at desc, f.node, f.attempt desc) as newer,
          row_number() over (partition by f.node order by f.attempt desc) as nth_of_path
        from unnest(roots) as r (root) join baton.failure f on f.node >= r.root and f.node < coalesce(nullif(r.root, '') || '0', '~~')
        where f.run_id = gather_steps.id and f.node <> '' and (r.root in ('', f.node) or starts_with(f.node, r.root || '/'))
          and (strpos(f.node, '/') = 0 or baton.hidden_below(f.node, r.root) is null)
      ) as f
      offset 0
    ) as f
  ) as f;
  select coalesce(json_agg(json_build_object('node', c.node, 'position', c.position, 'attempt', c.attempt, 'started_at', c.started_at,
      'finished_at', c.finished_at, 'output', case when c.fits then c.output end, 'left_out', case when not c.fits then octet_length(c.output::text) end)
      order by c.position, c.node) filter (where c.row_total <= rest), '[]'),
    to_json(cuts || case when bool_or(not c.fits and c.row_total <= rest) then '{outputs}'::text[] end
      || case when bool_or(c.row_total > rest) then '{steps}'::text[] end)
    into gather_steps.checkpoints, gather_steps.left_out
  from (
    select c.*, c.attempt = 0 or c.output_total + coalesce(max(c.row_total) filter (where c.row_total <= rest) over (), 0) <= rest as fits
    from (
      select c.*,
        sum(300 + octet_length(c.node) + case when c.attempt = 0 then c.bytes else 0 end) over (order by c.is_below, c.position, c.node) as row_total,
        sum(case when c.attempt > 0 then c.bytes else 0 end)
          over (order by c.is_below, case when not c.is_below then - c.position end, c.bytes, c.node) as output_total
      from (
        select c.node, c.position, c.attempt, c.started_at, c.finished_at, strpos(c.node, '/') > 0 as is_below, o.output, 2 * octet_length(o.output::text) as bytes
        from (
          select c.*, row_number() over (partition by r.root, regexp_replace(c.node, '/[^/]*$', '') order by c.node) as nth
          from unnest(roots) as r (root) join baton.checkpoint c on c.node >= r.root and c.node < coalesce(nullif(r.root, '') || '0', '~~')
          where c.run_id = gather_steps.id and (r.root in ('', c.node) or starts_with(c.node, r.root || '/'))
            and (strpos(c.node, '/') = 0 or strpos(c.node, '/~fold/') = 0 and baton.hidden_below(c.node, r.root) is null)
        ) as c
        cross join lateral (select case when c.attempt = 0 and jsonb_typeof(c.output -> 'items') = 'array'
          then jsonb_build_object('items', jsonb_array_length(c.output -> 'items')) else c.output end as output) as o
        where c.nth <= 100 or strpos(c.node, '/') = 0
        -- Or the size would be reckoned at each of its mentions.
        offset 0
      ) as c
    ) as c
  ) as c;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.gather_times(ids uuid[])
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  if lowest is null then
    return null;
  end if;
  return (
    select json_object_agg(r.run_id, r.times)
    from (
      select o.run_id, json_object_agg(o.node, o.micros) as times
      from (
        select x.run_id, x.node, (extract(epoch from coalesce(max(x.finished_at) filter (where x.is_row), max(x.finished_at))) * 1000000)::bigint as micros
        from (
          select c.run_id, c.node, c.finished_at, true as is_row from baton.checkpoint c
          where c.run_id = any (array(select unnest(ids))) and c.run_id between lowest and highest
          union all
          select f.run_id, f.node, f.finished_at, false from baton.failure f
          where f.run_id = any (array(select unnest(ids))) and f.run_id between lowest and highest and f.node <> ''
        ) as x
        group by x.run_id, x.node
      ) as o
      group by o.run_id
    ) as r);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.has_expired(rules jsonb, workflow text, status text, at timestamp with time zone, moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(at + interval '1 millisecond' * (
    case when rules -> status ? workflow then rules -> status ->> workflow else rules -> status ->> '' end)::float8 <= moment, false)
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.has_member(held baton.lease, slot integer, run uuid)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$ select case when held.run_ids[slot + 1] = run then get_bit(held.gone, slot) = 0 else false end $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.has_open_family(id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  parent uuid := (select c.parent_id from baton.child c where c.run_id = has_open_family.id and not c.detached);
begin
  return (parent is not null and exists (select from baton.run r where r.id = parent) and not exists (select from baton.ending e where e.run_id = parent))
    or exists (select from baton.awaited a where a.parent_id = has_open_family.id and a.open > 0);
end
$function$;

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
  while jump.band is not null and most > 0 loop
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
      jump.band := (select min(b) from baton.list_bands() as b where b > jump.band);
      jump.run_at := case when jump.set_to is null then jump.was - interval '15 minutes' else jump.set_to end;
    else
      jump.run_at := seen.last;
    end if;
    most := most - seen.n;
  end loop;
  if jump.band is null then
    jump.band := case when jump.again then 0 end;
    jump.again := false;
  end if;
  return jump;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.hidden_below(path text, below text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select below || substr(substring(regexp_replace(below, '[0-9]', 'x', 'g') || substr(path, length(below) + 1)
    from '^([^/]+?(?:/[^/]+/[^/]+)*?)/(?:00[1-9]|0[1-9][0-9]|[1-9][0-9][0-9])[0-9][0-9](?:/|$)'), length(below) + 1)
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.id_at(moment timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select (lpad(to_hex(floor(least(greatest(extract(epoch from moment), 0), 281474976710.655) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.id_time(id uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.is_closed(week timestamp with time zone, moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$ select week + interval '192 hours' <= moment $function$;

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
CREATE OR REPLACE FUNCTION baton.is_over(parent uuid, path text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  own jsonb := (select c.output from baton.checkpoint c where c.run_id = parent and c.node = is_over.path);
begin
  return own is not null and (
    not exists (select from baton.awaited a where a.parent_id = parent and a.path = is_over.path and a.tolerated is not null)
    or baton.count_folded(parent, is_over.path) >= (own ->> 'runs')::integer);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.is_week_indexed(week text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return (
    select bool_and(coalesce((
      select i.indisvalid from pg_index i where i.indexrelid = to_regclass(format('baton.%s_%s_%s', w.parent, week, w.suffix))), false))
    from baton.week_indexes() as w);
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
CREATE OR REPLACE FUNCTION baton.keep_months()
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '2s'
 SET default_tablespace TO ''
 SET default_table_access_method TO 'heap'
AS $function$
declare
  moment timestamptz := baton.now();
  partman text := baton.find_partman();
  former text[] := baton.list_months();
  present text[];
  answer jsonb;
begin
  -- One at a time: of two, the second finds done what the first did.
  lock table only baton.audit in share update exclusive mode;
  if partman is null then
    perform baton.make_months(moment, moment + interval '3 months');
    perform baton.drop_months(moment);
  else
    perform baton.ask_partman(partman, moment);
  end if;
  present := baton.list_months();
  answer := jsonb_build_object('by', case when partman is null then 'baton' else 'pg_partman' end,
    'made', (select count(*) from unnest(present) as m where m <> all (former)),
    'dropped', (select count(*) from unnest(former) as m where m <> all (present)));
  -- pg_partman sets the search path for the session, where a pooler would hand it to the next
  -- caller. Last, since from here on names mean what the login's settings say.
  if partman is not null then
    reset search_path;
  end if;
  return answer;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.keep_unclaimed(request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  moment timestamptz := baton.now();
  is_full boolean;
begin
  if request ? 'id' and not baton.remember_signal(request, request ->> 'workflow', moment) then
    return jsonb_build_object('status', 'repeated', 'woken', false);
  end if;
  select count(*) >= 1000 or coalesce(sum(octet_length(u.body::text)), 0) >= 1048576 into is_full
  from baton.unclaimed u
  where u.workflow = request ->> 'workflow' and u.name = request ->> 'name' and u.key = request ->> 'key' and u.at > moment - interval '168 hours';
  if is_full then
    delete from baton.dedup d where d.workflow = request ->> 'workflow' and d.scope = 'signal' and d.key = baton.signal_id(request);
    return jsonb_build_object('status', 'full', 'woken', false);
  end if;
  insert into baton.unclaimed (workflow, name, key, body, at)
  values (request ->> 'workflow', request ->> 'name', request ->> 'key', request -> 'body', moment);
  return jsonb_build_object('status', 'accepted', 'woken', false);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.keep_weeks()
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
declare
  made integer := baton.ensure_partitions();
begin
  return jsonb_build_object('made', made, 'ahead', baton.weeks_ahead(baton.now()));
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.kept_until(id uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$ select w.kept_until from baton.week w where w.starts = date_trunc('week', baton.id_time(id)) $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.key_lock(workflow text, name text, key text)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select hashtextextended(jsonb_build_array(workflow, name, key)::text, 1)
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.lend_table(part text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '100ms'
AS $function$
declare
  week timestamptz := baton.week_start(part);
  mine boolean := (select pg_has_role(session_user, c.relowner, 'usage') from pg_class as c
    where c.relnamespace = 'baton'::regnamespace and c.relname = part and c.relispartition);
begin
  if week is null or mine is null or not baton.is_closed(week, baton.now()) then
    raise exception '% is no table of a closed week', coalesce(part, 'null')
      using errcode = 'BT040', hint = 'Name a partition whose week has been over for a day. Nothing was done.';
  end if;
  if mine then
    return;
  end if;
  lock table baton.week in share row exclusive mode;
  grant create on schema baton to baton_maintainer;
  execute format('alter table baton.%I owner to baton_maintainer', part);
  execute format('revoke all on baton.%I from baton_maintainer', part);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.let_go(week timestamp with time zone, rules jsonb, moment timestamp with time zone, ids uuid[])
 RETURNS integer
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  ids := array(
    select r.id from baton.run r join baton.ending e on e.run_id = r.id
    where r.id = any (ids) and e.run_id = any (ids) and baton.has_expired(rules, r.workflow, e.status, e.at, moment)
      and not baton.has_open_family(r.id)
    order by r.id for update of r skip locked);
  ids := baton.try_mail(ids);
  with gone as (
    delete from baton.ending e using baton.run r
    where e.run_id = any (ids) and r.id = any (ids) and r.id = e.run_id and baton.has_expired(rules, r.workflow, e.status, e.at, moment)
    returning e.run_id
  )
  select coalesce(array_agg(gone.run_id), '{}') into ids from gone;
  perform baton.remove_runs(ids);
  if cardinality(ids) > 0 then
    perform baton.note_week(week, moment);
  end if;
  return cardinality(ids);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.let_go_runs(week timestamp with time zone, rules jsonb, moment timestamp with time zone, past uuid, most integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  first uuid := baton.id_at(week);
  beyond uuid := baton.id_at(week + interval '7 days');
  looked record;
begin
  perform baton.require_read_committed();
  perform baton.note_week(week, null);
  select count(*)::integer as count, max(n.run_id::text)::uuid as past, array_agg(n.run_id) as ids into looked
  from (
    select e.run_id from baton.ending e where e.run_id > coalesce(let_go_runs.past, first) and e.run_id < beyond order by e.run_id limit most
  ) as n;
  return jsonb_build_object('looked', looked.count, 'gone', baton.let_go(week, rules, moment, looked.ids), 'past', looked.past);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.let_go_taken(week timestamp with time zone, rules jsonb, moment timestamp with time zone, taken jsonb)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  ids uuid[] := array(select jsonb_array_elements_text(taken -> 'ids')::uuid);
begin
  perform baton.require_read_committed();
  perform baton.note_week(week, null);
  ids := array(select r.id from baton.run r where r.id = any (ids) order by r.id for update skip locked);
  ids := array(
    select f.run_id from baton.format_runs(ids) f
    join rows from (jsonb_array_elements_text(taken -> 'ids'), jsonb_array_elements_text(taken -> 'digests')) as t(id, digest) on t.id::uuid = f.run_id
    where t.digest = encode(sha256(convert_to(f.line, 'UTF8')), 'hex'));
  return baton.let_go(week, rules, moment, ids);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_bands()
 RETURNS SETOF integer
 LANGUAGE sql
 STABLE
AS $function$
  select 16 * q.id + b.level
  from (select 0 as id union all select id from baton.queue) as q
  cross join generate_series(0, 8) as b (level)
  order by 1
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_bounds(wanted jsonb, placed uuid[], INOUT before uuid, OUT since uuid)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  created_after timestamptz := greatest((wanted ->> 'created_after')::timestamptz, '1970-01-02 UTC') - interval '24 hours';
  created_before timestamptz := least((wanted ->> 'created_before')::timestamptz, '9999-01-01 UTC') + interval '5 minutes';
  ended_before timestamptz := least((wanted ->> 'ended_before')::timestamptz, '9999-01-01 UTC') + interval '10 minutes';
begin
  before := least(before, baton.id_at(created_before));
  if ended_before is not null and not exists (select from baton.setback) then
    before := least(before, baton.id_at(ended_before));
  end if;
  since := greatest(baton.id_at(created_after), '00000000-0000-0000-0000-000000000000', case
    when placed = '{}' then before
    else (select i from unnest(placed) as i order by i limit 1) end);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.list_children(id uuid, request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_bitmapscan TO 'off'
AS $function$
declare
  most integer;
  past jsonb := request -> 'after';
  past_node text collate "C" := regexp_replace(past ->> 'path', '/[0-9]{5}$', '');
  past_item integer := coalesce(substring(past ->> 'path' from '/([0-9]{5})$')::integer, -1);
  rows jsonb;
begin
  perform baton.require_keys('the request of list_children', request, '{limit}', '{limit,after,path}');
  perform baton.require_kind('the request of list_children', request, 'number', '{limit}');
  perform baton.require_kind('the request of list_children', request, 'string', '{path}');
  if past is not null then
    perform baton.require_keys('"after" of list_children', past, '{path,id}', '{path,id}');
    perform baton.require_kind('"after" of list_children', past, 'string', '{path,id}');
  end if;
  if not exists (select from baton.run r where r.id = list_children.id) then
    return null;
  end if;
  most := (request ->> 'limit')::integer;
  select coalesce(jsonb_agg(jsonb_build_object('path', baton.path_of_child(page), 'id', page.run_id, 'detached', page.detached) || coalesce(baton.summarise_run(page.run_id), '{}')
    order by page.path, page.item, page.run_id), '[]') into rows
  from (
    select c.* from baton.child c
    where c.parent_id = list_children.id and (not request ? 'path' or c.path = request ->> 'path')
      and (past is null or (c.path, c.item, c.run_id) > (past_node, past_item, (past ->> 'id')::uuid))
    order by c.path, c.item, c.run_id limit most + 1) as page;
  return jsonb_build_object('children', (select coalesce(jsonb_agg(r.row order by r.nth), '[]') from jsonb_array_elements(rows) with ordinality as r (row, nth) where r.nth <= most),
    'more', jsonb_array_length(rows) > most);
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

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.list_closed_weeks()
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
declare
  moment timestamptz := baton.now();
begin
  return (
    select jsonb_build_object('moment', moment, 'weeks', coalesce(jsonb_agg(p.starts order by w.looked_at nulls first, p.starts), '[]'))
    from (
      select baton.week_start(relname::text) as starts from pg_class
      where relnamespace = 'baton'::regnamespace and relispartition and relkind = 'r' and relname ~ '^run_[0-9]{8}$'
    ) as p
    left join baton.week w on w.starts = p.starts
    where baton.is_closed(p.starts, moment));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_conditions(wanted jsonb, moment timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  status text := wanted ->> 'status';
  node text := quote_literal(wanted ->> 'failed_node');
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'workflow', 'r.workflow collate "C" = ' || quote_literal(wanted ->> 'workflow'),
    'version', 'r.version = ' || quote_literal((wanted ->> 'version')::integer),
    'created_after', 'r.created_at >= ' || quote_literal((wanted ->> 'created_after')::timestamptz),
    'created_before', 'r.created_at < ' || quote_literal((wanted ->> 'created_before')::timestamptz),
    'ending', nullif(concat_ws(' and ', 'e.status = ' || quote_literal(case when status in ('done', 'failed', 'cancelled') then status end),
      case when wanted ?| '{error_name,failed_node}' then 'e.status = ''failed''' end), ''),
    'error', 'left(e.error ->> ''name'', 200) collate "C" = ' || quote_literal(left(wanted ->> 'error_name', 200)),
    'ended_after', 'e.at >= ' || quote_literal((wanted ->> 'ended_after')::timestamptz),
    'ended_before', 'e.at < ' || quote_literal((wanted ->> 'ended_before')::timestamptz),
    'attributes', 'a.attributes @> ' || quote_literal(wanted -> 'attributes'),
    'leaf', case when wanted -> 'attributes' @? 'strict $.** ? (@.type() != "object" && @.type() != "array")' then 'true' end,
    'failure', 'f.retry_at is null and f.node = ' || node,
    'node', replace('(select f.retry_at is null from baton.failure f where f.run_id = entry.id and f.run_id >= $1 and f.run_id < $2
        and f.node = % order by f.attempt desc limit 1)
      and (select c.node from baton.checkpoint c where c.run_id = entry.id and c.run_id >= $1 and c.run_id < $2 and c.node = % and c.attempt > 0) is null', '%', node),
    'due', 'q.run_at ' || case status when 'ready' then '<= ' when 'waiting' then '> ' end || quote_literal(moment),
    'blocked', case status when 'blocked' then 'true' end,
    'place', format('baton.place_status(entry.id, %L) = ', moment)
      || quote_literal(case when status <> all ('{done,failed,cancelled}') then status end)
      || ' and (select e.status from baton.ending e where e.run_id = entry.id and e.run_id >= $1 and e.run_id < $2) is null'));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_containing(contained text, since uuid, before uuid, most integer)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
 SET enable_bitmapscan TO 'on'
 SET enable_indexscan TO 'off'
 SET enable_indexonlyscan TO 'off'
AS $function$
declare
  ids uuid[];
begin
  execute format('select array(select a.run_id from baton.attribute a where %s and a.run_id >= $1 and a.run_id < $2 limit $3)', contained)
    into ids using since, before, most;
  return ids;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_entries(asked jsonb, source text, narrows text DEFAULT 'true'::text, first text DEFAULT ''::text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select format('select %1$s as id, %2$s as fits from %3$s where %1$s >= $1 and %1$s < $2 and %4$s order by %5$s %1$s desc',
    id, coalesce(condition, 'true'), named, narrows, first)
  from baton.list_tables(asked) where name = source
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_few(sources jsonb, since uuid, before uuid, placed uuid[], most integer)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  source text;
  found_ids uuid[];
  fewest uuid[];
begin
  for source in select * from jsonb_array_elements_text(sources) loop
    execute format('select array(select id from (%s) as entry limit $4)', source) into found_ids using since, before, placed, most;
    if cardinality(found_ids) < most then
      fewest := found_ids;
      most := cardinality(found_ids);
    end if;
    exit when most = 0;
  end loop;
  return fewest;
end
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
      select q.run_id from baton.list_bands() as b (band)
      cross join lateral (select run_id from baton.ready where band = b.band and run_at <= moment order by run_at limit 1001) as q limit 1001);
  else
    found_ids := array(
      select q.run_id from baton.list_bands() as b (band)
      cross join lateral (select run_id from baton.ready where band = b.band and run_at > moment order by run_at limit 1001) as q limit 1001);
  end if;
  return case when cardinality(found_ids) <= 1000 then found_ids end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_fits(asked jsonb, source text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  with told as (select tells from baton.list_tables(asked) where name = source)
  select concat_ws(' and ', 'entry.fits', (select case when tells is distinct from 'place' then asked ->> 'place' end from told), (
      select string_agg(format('(select %1$s from %2$s where %3$s = entry.id and %3$s >= $1 and %3$s < $2)', t.condition, t.named, t.id), ' and ')
      from baton.list_tables(asked) as t, told
      where t.name in ('run', 'ending', 'attribute') and t.condition is not null and t.name is distinct from told.tells),
    asked ->> 'node')
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_hooks(manifest jsonb)
 RETURNS TABLE(name text, version integer, failed jsonb, ended jsonb)
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select m ->> 'name', (m ->> 'version')::integer,
    case when m #> '{hooks,failed}' is not null then
      jsonb_build_object('name', m #>> '{hooks,failed,name}', 'version', (m #>> '{hooks,failed,version}')::integer) end,
    case when m #> '{hooks,ended}' is not null then
      jsonb_build_object('name', m #>> '{hooks,ended,name}', 'version', (m #>> '{hooks,ended,version}')::integer) end
  from jsonb_array_elements(manifest) as m
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_ids(wanted jsonb, before uuid, most integer, moment timestamp with time zone, OUT ids uuid[], OUT next uuid)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  asked jsonb := baton.list_conditions(wanted, moment);
  placed uuid[] := baton.list_place(wanted ->> 'status', moment);
  bounds record := baton.list_bounds(wanted, placed, before);
  plans jsonb := '{}';
  unseen integer := baton.most_entries();
  week record;
  page record;
begin
  ids := '{}';
  for week in select * from baton.list_weeks(bounds.since, bounds.before) loop
    if not plans ? week.indexed::text then
      plans := plans || jsonb_build_object(week.indexed, baton.list_plan(asked, week.indexed, placed is not null));
    end if;
    page := baton.list_week(plans -> week.indexed::text, placed, week.since, week.before, most - cardinality(ids), unseen);
    ids := ids || page.ids;
    unseen := unseen - page.seen;
    next := case when unseen = 0 and cardinality(ids) < most then page.last end;
    exit when cardinality(ids) = most or unseen = 0;
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

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_months()
 RETURNS text[]
 LANGUAGE sql
 STABLE
AS $function$
  select array(
    select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'baton.audit'::regclass and c.relname ~ '^audit_p[0-9]{8}$' order by c.relname)
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_names(after text, most integer, version integer)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  unseen integer := baton.most_entries();
  names text[] := '{}';
  found_names text[];
  seen integer;
  week record;
begin
  for week in select * from baton.list_weeks('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff') loop
    if week.indexed then
      found_names := baton.list_names_of_week(after, most, version, week.since, week.before);
    else
      execute 'select array_agg(distinct r.workflow) filter (where r.workflow collate "C" > $3 and ($5 is null or r.version = $5)), count(*)
        from (select workflow, version from baton.run where id >= $1 and id < $2 order by id desc limit $4) as r'
        into found_names, seen using week.since, week.before, after, unseen, version;
      unseen := unseen - seen;
    end if;
    names := array(select distinct n collate "C" from unnest(names || found_names) as n order by 1 limit most);
  end loop;
  return names;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_names_of_week(after text, most integer, version integer, since uuid, before uuid)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  names text[] := '{}';
  name text := after;
  next_name text := 'select r.workflow from baton.run r where r.workflow collate "C" > $1 and r.id >= $2 and r.id < $3'
    || coalesce(' and r.version = ' || version, '') || ' order by r.workflow collate "C" limit 1';
begin
  while cardinality(names) < most loop
    execute next_name into name using name, since, before;
    exit when name is null;
    names := names || name;
  end loop;
  return names;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_parts(id uuid, under text, run_status text, until timestamp with time zone)
 RETURNS TABLE(path text, status text, size integer)
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
#variable_conflict use_column
declare
  counts_items boolean := (length(under) - length(replace(under, '/', ''))) % 2 = 0;
  -- An item below a part: an index stands right below a node, which is every second name.
  item_below text := case when counts_items then '^[^/]+(/[^/]+/[^/]+)*?/[^/]+/[0-9]{5}(/|$)' else '^[^/]+(/[^/]+/[^/]+)*?/[0-9]{5}(/|$)' end;
  forgiven jsonb := (select d.forgiven from baton.redrive d where d.run_id = list_parts.id order by d.at desc limit 1);
begin
  return query
  with fact as (
    -- What is answered waits no longer for a signal; what is over, or has failed, for no child.
    select c.node, case when c.node ~ '/~(child|start)/' then not baton.is_over(list_parts.id, w.path)
        and not exists (
          select from baton.failure f where f.run_id = list_parts.id and f.node = w.path
            and f.retry_at is null and f.attempt > coalesce((forgiven ->> f.node)::integer, 0))
      else c.finished_at > list_parts.until and not (strpos(c.node, '/~until/') > 0 and exists (
        select from baton.checkpoint w where w.run_id = list_parts.id and w.node = split_part(c.node, '/~until/', 1))) end as ahead, false as open, false as final
    from baton.checkpoint c cross join lateral (select regexp_replace(c.node, '/~(child|start)/.*$', '') as path) as w
    where c.run_id = list_parts.id and c.node > under || '/' and c.node < under || '0'
    union all
    select f.node, coalesce(f.retry_at > list_parts.until, false), coalesce(f.retry_at <= list_parts.until, true) and not f.final,
      f.final and (run_status = 'failed' or substr(f.node, length(under) + 2) !~ item_below)
    from (
      select distinct on (g.node) g.*, g.retry_at is null and g.attempt > coalesce((forgiven ->> g.node)::integer, 0) as final from baton.failure g
      where g.run_id = list_parts.id and g.node > under || '/' and g.node < under || '0'
      order by g.node, g.attempt desc
    ) as f
    where not exists (
      select from baton.checkpoint d
      where d.run_id = list_parts.id and d.node = f.node and (d.attempt > 0 or d.output = 'null'))
      -- A function of its author's threw, and has been asked again.
      and not (f.retry_at is null and f.attempt <= coalesce((forgiven ->> f.node)::integer, 0) and exists (
        select from baton.checkpoint d
        where d.run_id = list_parts.id and d.node >= f.node and d.node < f.node || '0'
          and (d.node in (f.node, f.node || '/~over') or d.node >= f.node || '/0' and d.node < f.node || '/:')))
  ), named as (
    select fact.*, split_part(substr(node, length(under) + 2), '/', 1) as name, split_part(substr(node, length(under) + 2), '/', 2) as below
    from fact
  ), part as (
    select name, bool_or(ahead) as ahead, bool_or(open) as open, bool_or(final) as final,
      count(distinct below) filter (where below <> '' and below not like '~%') as size
    from named where name not like '~%' group by name
    union all
    select planned.name, null, null, null, null
    from (
      select to_char(nth, 'FM00000') as name
      from baton.checkpoint p, generate_series(0, jsonb_array_length(p.output -> 'items') - 1) as nth
      where p.run_id = list_parts.id and p.node = under and p.attempt = 0 and jsonb_typeof(p.output -> 'items') = 'array'
      except select name from named
    ) as planned
  ), sized as (
    select part.*, part.size is not null as begun, counts_items and part.size < max(part.size) over () as short from part
  )
  select under || '/' || name,
    case
      when final then 'failed'
      when begun and not ahead and not open and (run_status = 'done' or not short) then 'done'
      when run_status in ('done', 'failed', 'cancelled') then 'skipped'
      when begun and run_status = 'running' and (open or short and not ahead) then 'running'
      when ahead or open and run_status = 'waiting' then 'waiting'
      else 'pending'
    end, size::integer
  from sized order by name collate "C";
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_place(status text, moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return case
    when status in ('ready', 'waiting') then baton.list_few_ready(status = 'ready', moment)
    when status = 'running' then array(select unnest((baton.list_members(l.run_ids, l.gone)).ids) from baton.lease l) end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_plan(asked jsonb, indexed boolean, placed boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  few text[];
  source text;
  entries text;
begin
  select s.source, s.entries into source, entries from baton.list_sources(asked, indexed, placed) as s where s.streams order by s.nth limit 1;
  few := array(select s.entries from baton.list_sources(asked, indexed, placed) as s where s.is_few order by s.nth);
  return jsonb_build_object('entries', entries, 'fits', baton.list_fits(asked, source),
    'few', case when cardinality(few) > 0 and few <> array[entries] then jsonb_build_object('entries', few, 'fits', baton.list_fits(asked, 'few')) end);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_ranges(ids uuid[], manifest jsonb, OUT range_ids uuid[], OUT lows text[], OUT highs text[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
begin
  with skip as (
    select r.id, s.path, s.floor
    from baton.run r
    join jsonb_to_recordset(manifest) as m (name text, version integer, skips jsonb, undoes boolean) on m.name = r.workflow and m.version = r.version
    cross join lateral jsonb_to_recordset(m.skips) as s (path text, floor text)
    where m.skips is not null and r.id = any (array(select unnest(ids))) and r.id between lowest and highest
      -- What is undone may be anywhere.
      and (m.undoes is null or not exists (
        select from baton.checkpoint v where v.run_id = r.id and v.run_id between lowest and highest and v.node = '~verdict'))
  ), hole as (
    select s.id, s.path || '/' as low, h.high
    from skip s
    cross join lateral (
      select case s.floor
        when 'over' then (
          select s.path || '0' from baton.checkpoint c where c.run_id = s.id and c.run_id between lowest and highest and c.node = s.path)
        when 'fold' then (
          select s.path || '/' || right(max(c.node), 5) from baton.checkpoint c
          where c.run_id = s.id and c.run_id between lowest and highest and c.node > s.path || '/~fold/' and c.node < s.path || '/~fold0')
        when 'pass' then (
          select s.path || '/' || lpad(greatest(substr(max(c.node), length(s.path) + 2, 5)::integer - 1, 0)::text, 5, '0') from baton.checkpoint c
          where c.run_id = s.id and c.run_id between lowest and highest and c.node > s.path || '/' and c.node < s.path || '/:')
        when 'last' then (
          select max(c.node) from baton.checkpoint c
          where c.run_id = s.id and c.run_id between lowest and highest and c.node > s.path || '/' and c.node < s.path || '0')
        when 'all' then s.path || '0'
        end collate "C" as high
    ) as h
    where h.high is not null
  )
  select array_agg(k.id), array_agg(k.low), array_agg(k.high) into range_ids, lows, highs
  from (
    select h.id, coalesce(lag(h.high) over (partition by h.id order by h.low collate "C"), '') as low, h.low as high from hole h
    union all
    -- After the last hole; no path has a sign beyond ~.
    select i.id, coalesce(max(h.high collate "C"), ''), E'\x7f' from unnest(ids) as i (id) left join hole h on h.id = i.id group by i.id
  ) as k;
end
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
  wanted jsonb := request - array(select key from jsonb_each(request) where value = 'null');
  most integer := (request ->> 'limit')::integer;
  listed record;
  runs jsonb;
begin
  perform baton.check_list(wanted);
  listed := baton.list_ids(wanted, coalesce((wanted ->> 'before')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), most, moment);
  select coalesce(jsonb_agg(to_jsonb(page) order by page.id desc), '[]') into runs
  from (
    select r.id, r.workflow, r.version, coalesce(e.status, baton.place_status(r.id, moment)) as status, r.created_at, e.at as finished_at
    from unnest(listed.ids) as l (id)
    cross join lateral (
      select * from baton.run where id = l.id and id between listed.ids[cardinality(listed.ids)] and listed.ids[1] limit 1) as r
    left join lateral (
      select status, at from baton.ending where run_id = l.id and run_id between listed.ids[cardinality(listed.ids)] and listed.ids[1] limit 1) as e on true
  ) as page;
  return case when request ? 'paged'
    then jsonb_build_object('runs', runs, 'next', listed.next, 'more', listed.next is not null or cardinality(listed.ids) = most) else runs end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_sources(asked jsonb, indexed boolean, placed boolean)
 RETURNS TABLE(nth integer, source text, entries text, is_few boolean, streams boolean)
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select s.nth, s.source, baton.list_entries(asked, s.source, s.narrows, s.first), s.narrows <> 'true' or s.source = 'containing', s.first = '' and s.source <> 'containing'
  from (values
    (1, placed, 'placed', 'true', ''),
    (2, not placed, 'ready', case when asked ? 'due' then 'true' end, ''),
    (3, not placed, 'blocked', asked ->> 'blocked', ''),
    (4, indexed, 'ending', (asked ->> 'error') || ' and e.status = ''failed''', ''),
    (5, indexed, 'failure', asked ->> 'failure', ''),
    (6, indexed, 'run', nullif(concat_ws(' and ', asked ->> 'version', asked ->> 'workflow'), ''),
      case when asked ? 'workflow' then '' else 'r.workflow collate "C" desc,' end),
    (7, not (indexed and asked ?| '{error,failure}'), 'ending', nullif(asked ->> 'ending', 'e.status = ''done'''), ''),
    (8, true, 'containing', asked ->> 'leaf', ''),
    (9, indexed, 'ending', nullif(concat_ws(' and ', asked ->> 'ended_after', asked ->> 'ended_before'), ''), 'e.at desc,'),
    (10, asked ? 'attributes', 'attribute', 'true', ''),
    (11, not asked ? 'place' and asked ?| '{ending,ended_after,ended_before}', 'ending', 'true', ''),
    (12, not asked ?| '{place,ending,ended_after,ended_before}', 'run', 'true', '')
  ) as s (nth, is_there, source, narrows, first)
  where s.is_there and s.narrows is not null and (s.source = 'placed' or not placed)
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.list_steps(id uuid, request jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  most integer := (request ->> 'limit')::integer;
  wanted text := request ->> 'status';
  run_status text;
  ended_at timestamptz;
  moment timestamptz := baton.now();
  paths text[];
  statuses text[];
  follows boolean;
  answer json;
begin
  perform baton.require_keys('the request of list_steps', request, '{under,limit}', '{under,status,after,limit}');
  perform baton.require_kind('the request of list_steps', request, 'string', '{under,status,after}');
  perform baton.require_kind('the request of list_steps', request, 'number', '{limit}');
  if wanted <> all ('{pending,running,waiting,done,failed,skipped}') then
    raise exception 'list_steps knows no status "%"', wanted
      using errcode = 'BT040', hint = 'It knows pending, running, waiting, done, failed and skipped.';
  end if;
  select coalesce(e.status, baton.place_status(r.id, moment)), e.at into run_status, ended_at
  from baton.run r left join baton.ending e on e.run_id = list_steps.id where r.id = list_steps.id;
  if run_status is null then
    return null;
  end if;
  with part as materialized (
    select p.path, p.status from baton.list_parts(list_steps.id, request ->> 'under', run_status, coalesce(ended_at, moment)) as p
  ), page as (
    select p.path, p.status from part p
    where (wanted is null or p.status = wanted) and (p.path collate "C") > coalesce(request ->> 'after', '') order by p.path collate "C" limit most + 1
  )
  select coalesce(array_agg(p.path), '{}'), array_agg(p.status), not request ? 'after' or exists (select from part where path = request ->> 'after')
    into paths, statuses, follows
  from page p;
  select json_build_object('status', run_status, 'moment', moment, 'finished_at', ended_at,
    'forgiven', (select d.forgiven from baton.redrive d where d.run_id = list_steps.id order by d.at desc limit 1),
    'checkpoints', steps.checkpoints, 'failures', steps.failures, 'left_out', steps.left_out,
    'hidden', baton.count_hidden(list_steps.id, paths[:most], run_status, coalesce(ended_at, moment)),
    'parts', (select coalesce(json_agg(json_build_object('path', t.path, 'status', t.status) order by t.nth), '[]')
      from unnest(paths[:most], statuses[:most]) with ordinality as t (path, status, nth)),
    'more', cardinality(paths) > most, 'follows', follows)
    into answer
  from baton.gather_steps(list_steps.id, paths[:most], 9000000) as steps;
  return answer;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_stops(ids uuid[])
 RETURNS TABLE(run_id uuid, parent_id uuid)
 LANGUAGE sql
 STABLE
AS $function$
  select s.run_id, s.parent_id from baton.stopping s where s.run_id = any (ids) and s.run_id <> s.parent_id
  union
  select c.run_id, c.parent_id from baton.child c
  join baton.stopping s on s.run_id = c.parent_id and s.parent_id = c.parent_id
  where c.run_id = any (ids) and not c.detached
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_tables(asked jsonb)
 RETURNS TABLE(name text, named text, id text, condition text, tells text)
 LANGUAGE sql
 IMMUTABLE
AS $function$
  values
    ('run', 'baton.run r', 'r.id',
      nullif(concat_ws(' and ', asked ->> 'workflow', asked ->> 'version', asked ->> 'created_after', asked ->> 'created_before'), ''), 'run'),
    ('ending', 'baton.ending e', 'e.run_id',
      nullif(concat_ws(' and ', asked ->> 'ending', asked ->> 'error', asked ->> 'ended_after', asked ->> 'ended_before'), ''), 'ending'),
    ('attribute', 'baton.attribute a', 'a.run_id', asked ->> 'attributes', 'attribute'),
    ('containing', 'unnest(baton.list_containing(' || quote_literal(asked ->> 'attributes') || ', $1, $2, $4)) as a (run_id)', 'a.run_id', null, 'attribute'),
    ('failure', 'baton.failure f', 'f.run_id', null, null),
    ('ready', 'baton.ready q', 'q.run_id', asked ->> 'due', 'place'),
    ('blocked', 'baton.blocked b', 'b.run_id', null, 'place'),
    ('placed', 'unnest($3) as p (run_id)', 'p.run_id', null, 'place'),
    ('few', 'unnest($3) as p (run_id)', 'p.run_id', null, null)
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.list_unclaimed(request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  most integer;
  past jsonb := request -> 'after';
  rows jsonb;
begin
  perform baton.require_keys('the request of list_unclaimed', request, '{limit}', '{limit,workflow,after}');
  perform baton.require_kind('the request of list_unclaimed', request, 'number', '{limit}');
  perform baton.require_kind('the request of list_unclaimed', request, 'string', '{workflow}');
  if past is not null then
    perform baton.require_keys('"after" of list_unclaimed', past, '{workflow,name,key}', '{workflow,name,key}');
    perform baton.require_kind('"after" of list_unclaimed', past, 'string', '{workflow,name,key}');
  end if;
  most := (request ->> 'limit')::integer;
  select coalesce(jsonb_agg(to_jsonb(page) order by page.workflow, page.name, page.key), '[]') into rows
  from (
    select u.workflow, u.name, u.key, count(*)::integer as count, min(u.at) as oldest_at, min(u.at) + interval '168 hours' as expires_at
    from baton.unclaimed u
    where (not request ? 'workflow' or u.workflow = request ->> 'workflow')
      and (past is null or (u.workflow, u.name, u.key) > (past ->> 'workflow', past ->> 'name', past ->> 'key'))
    group by u.workflow, u.name, u.key
    order by u.workflow, u.name, u.key limit most + 1) as page;
  return jsonb_build_object('signals', (select coalesce(jsonb_agg(r.row order by r.nth), '[]') from jsonb_array_elements(rows) with ordinality as r (row, nth) where r.nth <= most),
    'more', jsonb_array_length(rows) > most);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_unfinished(ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return array(select unnest(baton.existing_runs(ids)) except select unnest(baton.runs_with_ending(ids)));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_week(plan jsonb, placed uuid[], since uuid, before uuid, most integer, unseen integer, OUT ids uuid[], OUT seen integer, OUT last uuid)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  few uuid[] := baton.list_few(plan #> '{few,entries}', since, before, placed, unseen + 1);
  statement text := format(
    'select coalesce(array_agg(distinct id order by id desc) filter (where fits), ''{}'') as ids, count(*) as seen, (array_agg(id order by id))[1] as last
     from (select entry.id, %s as fits from (%s limit $4) as entry) as looked',
    case when few is null then plan ->> 'fits' else plan #>> '{few,fits}' end,
    case when few is null then plan ->> 'entries' else 'select f.id, true as fits from unnest($3) as f (id) where f.id < $2 order by f.id desc' end);
  step integer := most;
  look record;
begin
  ids := '{}';
  seen := 0;
  loop
    exit when few = '{}';
    step := least(step, unseen - seen);
    execute statement into look using since, before, coalesce(few, placed), step;
    ids := (ids || look.ids)[:most];
    seen := seen + look.seen;
    last := coalesce(look.last, last);
    exit when cardinality(ids) = most or look.seen < step or seen = unseen;
    before := last;
    step := step * 4;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.list_weeks(lowest uuid, highest uuid)
 RETURNS TABLE(since uuid, before uuid, indexed boolean)
 LANGUAGE sql
 STABLE
AS $function$
  select greatest(lowest, baton.id_at(w.starts)), least(highest, baton.id_at(w.starts + interval '7 days')), baton.is_week_indexed(w.name)
  from (
    select right(c.relname, 8) as name, right(c.relname, 8)::timestamp at time zone 'UTC' as starts
    from pg_class c
    where c.relnamespace = 'baton'::regnamespace and c.relkind = 'r' and c.relispartition and c.relname ~ '^run_[0-9]{8}$'
      and c.relname >= to_char(date_trunc('week', baton.id_time(lowest) at time zone 'UTC'), '"run_"YYYYMMDD')::name
      and c.relname <= to_char(least(baton.id_time(highest), '9999-01-01 UTC') at time zone 'UTC', '"run_"YYYYMMDD')::name
    order by c.relname desc
  ) as w
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.list_workflows(request jsonb)
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
  most integer;
  names text[];
  workflows jsonb;
begin
  perform baton.require_keys('the request of list_workflows', request, '{limit}', '{limit,after,version}');
  perform baton.require_kind('the request of list_workflows', request, 'number', '{limit,version}');
  perform baton.require_kind('the request of list_workflows', request, 'string', '{after}');
  most := (request ->> 'limit')::integer;
  names := baton.list_names(coalesce(request ->> 'after', ''), most + 1, (request ->> 'version')::integer);
  select coalesce(jsonb_agg(jsonb_build_object('name', n.name, 'counts', (
      select jsonb_object_agg(s.status, baton.count_runs(request - '{limit,after}'::text[] || jsonb_build_object('workflow', n.name, 'status', s.status), moment))
      from unnest('{ready,waiting,running,blocked,done,failed,cancelled}'::text[]) as s (status))) order by n.nth), '[]')
    into workflows
  from unnest(names[:most]) with ordinality as n (name, nth);
  return jsonb_build_object('workflows', workflows, 'next', case when cardinality(names) > most then names[most] end);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.lock_mail(id uuid, OUT known boolean, OUT names text[])
 RETURNS record
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  select w.names into names from baton.wait w where w.run_id = lock_mail.id for update;
  known := found;
  if not known then
    perform from baton.run r where r.id = lock_mail.id for key share;
    known := found;
    select w.names into names from baton.wait w where w.run_id = lock_mail.id for update;
  end if;
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
CREATE OR REPLACE FUNCTION baton.make_months(earliest timestamp with time zone, latest timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET default_tablespace TO ''
 SET default_table_access_method TO 'heap'
AS $function$
declare
  month timestamptz;
  child text;
  made integer := 0;
begin
  lock table only baton.audit in share update exclusive mode;
  for month in select generate_series(date_trunc('month', earliest), latest, interval '1 month') loop
    child := to_char(month, '"audit_p"YYYYMMDD');
    continue when to_regclass('baton.' || child) is not null;
    execute format('create table baton.%I (like baton.audit including all)', child);
    execute format('alter table baton.audit attach partition baton.%I for values from (%L) to (%L)', child, month, month + interval '1 month');
    made := made + 1;
  end loop;
  return made;
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
  parents text[] := baton.weekly_tables();
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

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.merge_attributes(attributes jsonb, patch jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select coalesce(jsonb_object_agg(key, value) filter (where value <> 'null'), '{}') from jsonb_each(attributes || patch)
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.missing_indexes()
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
  select coalesce(jsonb_agg(jsonb_build_object('name', m.name, 'part', m.relname, 'statements', array_remove(array[
    case when m.exists then format('drop index concurrently if exists baton.%I', m.name) end,
    format('create index concurrently if not exists %I on baton.%I %s', m.name, m.relname, m.definition)], null)) order by m.week desc, m.nth), '[]')
  from (
    select right(c.relname, 8) as week, w.nth, w.definition, c.relname, c.relname || '_' || w.suffix as name, i.indexrelid is not null as exists
    from baton.week_indexes() with ordinality as w (parent, suffix, definition, nth)
    join pg_class c on c.relnamespace = 'baton'::regnamespace and c.relispartition and c.relname ~ format('^%s_[0-9]{8}$', w.parent)
    left join pg_index i on i.indexrelid = to_regclass(format('baton.%I', c.relname || '_' || w.suffix))
    where baton.is_closed(baton.week_start(c.relname::text), baton.now()) and not coalesce(i.indisvalid, false)
      and not (i.indexrelid is not null and exists (
        select from pg_locks l where l.relation = c.oid and l.mode = 'ShareUpdateExclusiveLock' and l.granted
          and l.database = (select d.oid from pg_database d where d.datname = current_database())))
  ) as m
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
CREATE OR REPLACE FUNCTION baton.most_entries()
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select 20000 $function$;

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
CREATE OR REPLACE FUNCTION baton.ms_between(since timestamp with time zone, until timestamp with time zone)
 RETURNS numeric
 LANGUAGE sql
 STABLE
AS $function$
  select case when isfinite(since) and isfinite(until) then greatest((extract(epoch from until) - extract(epoch from since)) * 1000, 0) end
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
CREATE OR REPLACE FUNCTION baton.new_ids(amount integer)
 RETURNS uuid[]
 LANGUAGE sql
AS $function$
  select array(
    select (substr(replace(t.id::text, '-', ''), 1, 12) || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14, 19))::uuid as id
    from generate_series(1, amount) cross join (select baton.id_at(baton.now()) as id) as t order by 1)
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.next_due(moment timestamp with time zone, low jsonb, highest integer DEFAULT 3, queue smallint DEFAULT 0)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  soonest timestamptz;
begin
  select min(first.run_at) into soonest
  from generate_series(16 * queue, 16 * queue + highest) as b (band)
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
CREATE OR REPLACE FUNCTION baton.note_action(action text, run_id uuid, actor text, details jsonb, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform baton.ensure_month(moment);
  insert into baton.audit (id, at, action, run_id, actor, details)
  values (baton.new_id(), moment, action, run_id, coalesce(actor, session_user), coalesce(details, '{}'));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.note_family(what text, ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  noted uuid[] := array(
    select c.run_id from baton.child c where c.run_id = any (ids)
    union
    select i.id from unnest(ids) as i (id) where exists (select from baton.awaited a where a.parent_id = i.id));
begin
  if cardinality(noted) > 0 then
    perform set_config('baton.' || what, (baton.recall_family(what) || noted)::text, true);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.note_items(parent uuid, path text, change jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform set_config('baton.items', (baton.recall_items() || jsonb_build_array(change || jsonb_build_object('run', parent, 'path', path)))::text, true);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.note_undoable(manifest jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into baton.undoable (workflow, version)
  select m.name, m.version from jsonb_to_recordset(manifest) as m (name text, version integer, undoes boolean)
  where m.undoes and not exists (select from baton.undoable u where u.workflow = m.name and u.version = m.version)
  order by m.name, m.version
  on conflict do nothing;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.note_week(week timestamp with time zone, until timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into baton.week as w (starts, looked_at, kept_until) values (week, baton.now(), until)
  on conflict (starts) do update set looked_at = excluded.looked_at, kept_until = coalesce(excluded.kept_until, w.kept_until);
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
  sizes integer[];
  queues smallint[];
begin
  if coalesce(jsonb_array_length(entries), 0) = 0 then
    return '{}';
  end if;
  select array_agg(e.run), array_agg(e.place), array_agg(coalesce(moment + least(e.delay_ms, 315532800000) * interval '1 millisecond', baton.never())), array_agg(e.bytes),
    array_agg(case when e.queue is not null then baton.add_queue(e.queue) end)
  into ids, slots, times, sizes, queues
  from jsonb_to_recordset(entries) as e (place integer, run uuid, delay_ms bigint, bytes integer, queue text)
  where baton.has_member(held, e.place, e.run) and e.run <> all (skipped);
  if unproven then
    perform baton.return_members(held, ids, moment);
  else
    perform baton.put_back(ids, times, sizes => sizes, queues => queues, home => held.queue);
  end if;
  return coalesce(slots, '{}');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.park_waiting(held baton.lease, entries jsonb, skipped uuid[], moment timestamp with time zone)
 RETURNS integer[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  ids uuid[];
  slots integer[];
  times timestamptz[];
  sizes integer[];
  queues smallint[];
  locked uuid[];
begin
  select array_agg(e.run), array_agg(e.place), array_agg(e.bytes), array_agg(case when e.queue is not null then baton.add_queue(e.queue) end)
    into ids, slots, sizes, queues
  from jsonb_to_recordset(entries) as e (place integer, run uuid, bytes integer, queue text)
  where baton.has_member(held, e.place, e.run) and e.run <> all (skipped);
  locked := baton.try_mail(ids);
  insert into baton.wait as w (run_id, names, keys)
  select e.run, e.names, e.keys from jsonb_to_recordset(entries) as e (run uuid, names text[], keys jsonb) where e.run = any (locked)
  on conflict on constraint wait_of_run do update set names = excluded.names, keys = excluded.keys
  where w.names <> excluded.names or w.keys is distinct from excluded.keys;
  locked := baton.take_keys(locked, entries, moment);
  select array_agg(case
      when e.run <> all (locked) then moment + interval '1 second'
      when exists (select from baton.message m where m.run_id = e.run and m.name = any (e.names) and strpos(m.name, '/~beat/') = 0) then moment
      else coalesce(moment + least(e.delay_ms, 315532800000) * interval '1 millisecond', baton.never()) end order by t.nth) into times
  from unnest(ids) with ordinality as t (id, nth)
  join jsonb_to_recordset(entries) as e (run uuid, delay_ms bigint, names text[]) on e.run = t.id;
  perform baton.put_back(ids, times, sizes => sizes, queues => queues, home => held.queue);
  return coalesce(slots, '{}');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.patch_attributes(id uuid, patch jsonb, OUT patched jsonb, OUT bytes integer, OUT changed boolean)
 RETURNS record
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  present jsonb;
begin
  loop
    select a.attributes into present from baton.attribute a where a.run_id = id for no key update;
    patched := baton.merge_attributes(coalesce(present, '{}'), patch);
    bytes := octet_length(patched::text);
    changed := bytes <= 2048 and patched <> coalesce(present, '{}');
    if not changed then
      return;
    elsif patched = '{}' then
      delete from baton.attribute a where a.run_id = id;
    elsif present is not null then
      update baton.attribute a set attributes = patched where a.run_id = id;
    else
      insert into baton.attribute (run_id, attributes) values (id, patched) on conflict do nothing;
    end if;
    exit when found;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.patch_members(held baton.lease, patches jsonb, skipped uuid[])
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
declare
  asked record;
  came record;
  left_out jsonb;
begin
  for asked in
    select p.run, p.patch from jsonb_to_recordset(patches) as p (place integer, run uuid, patch jsonb)
    where baton.has_member(held, p.place, p.run) and p.run <> all (skipped)
    order by p.run
  loop
    came := baton.patch_attributes(asked.run, asked.patch);
    if came.bytes > 2048 then
      left_out := coalesce(left_out, '[]') || jsonb_build_object('run', asked.run, 'bytes', came.bytes);
    end if;
  end loop;
  return left_out;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.path_of_child(child baton.child)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select child.path || case when child.item >= 0 then '/' || lpad(child.item::text, 5, '0') else '' end
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
CREATE OR REPLACE FUNCTION baton.put_back(ids uuid[], run_ats timestamp with time zone[], suspects integer DEFAULT NULL::integer, sizes integer[] DEFAULT NULL::integer[], queues smallint[] DEFAULT NULL::smallint[], home smallint DEFAULT NULL::smallint)
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
  select t.id, coalesce(3 + suspects, r.priority) + 16 * coalesce(t.queue, home, 0), t.run_at, coalesce(t.size, r.bytes + case when c.below and not c.undone then least(c.bytes, 4194304) else least(c.bytes, 2000000000) end), true
  from unnest(ids, run_ats, sizes, queues) as t (id, run_at, size, queue)
  cross join lateral (
    select priority, case when t.size is null then octet_length(input::text) end as bytes
    from baton.run where id = t.id and id between lowest and highest limit 1) as r
  cross join lateral (
    select coalesce(sum(octet_length(output::text)), 0) as bytes, coalesce(bool_or(strpos(node, '/') > 0), false) as below, coalesce(bool_or(node = '~verdict'), false) as undone
    from baton.checkpoint where t.size is null and run_id = t.id and run_id between lowest and highest) as c
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

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.read_expired(week timestamp with time zone, rules jsonb, moment timestamp with time zone, past uuid, most integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  first uuid := baton.id_at(week);
  beyond uuid := baton.id_at(week + interval '7 days');
  looked uuid[];
  expired uuid[];
  found record;
  ids uuid[] := '{}';
  lines text[] := '{}';
  bytes bigint := 0;
begin
  looked := array(
    select e.run_id from baton.ending e where e.run_id > coalesce(read_expired.past, first) and e.run_id < beyond order by e.run_id limit most);
  expired := array(
    select r.id from baton.run r join baton.ending e on e.run_id = r.id
    where r.id = any (looked) and e.run_id = any (looked) and baton.has_expired(rules, r.workflow, e.status, e.at, moment)
      and not baton.has_open_family(r.id) order by r.id);
  for n in 1..cardinality(expired) by 100 loop
    for found in select f.run_id, f.line from baton.format_runs(expired[n:n + 99]) f order by f.run_id loop
      if bytes >= 8388608 then
        return json_build_object('ids', ids, 'lines', lines, 'past', ids[cardinality(ids)]);
      end if;
      ids := ids || found.run_id;
      lines := lines || found.line;
      bytes := bytes + octet_length(found.line);
    end loop;
  end loop;
  return json_build_object('ids', ids, 'lines', lines, 'past', case when cardinality(looked) = most then looked[most] end);
end
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
CREATE OR REPLACE FUNCTION baton.recall_family(what text)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(nullif(current_setting('baton.' || what, true), '')::uuid[], '{}')
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.recall_items()
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(nullif(current_setting('baton.items', true), '')::jsonb, '[]')
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
      select coalesce(max(w.due) filter (where not w.below), min(w.due) filter (where w.below))
      from (
        select case when v.began <= moment then v.until else set_to + greatest(v.until - greatest(v.began, was), interval '0') end as due, v.below
        from (
          select case when r.start_is_named then '-infinity' else r.created_at end as began, r.start_at as until, false as below, false as of_undo
          from baton.run r where r.id = t.id and r.id between lowest and highest and r.start_at > moment
          union all
          select c.started_at, c.finished_at, strpos(c.node, '/') > 0, false
          from baton.checkpoint c where c.run_id = t.id and c.run_id between lowest and highest and c.finished_at > moment
            and c.output ->> 'until' = to_char(c.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
          union all
          select f.finished_at, f.retry_at, strpos(f.node, '/') > 0, starts_with(f.node, '~undo/')
          from baton.failure f where f.run_id = t.id and f.run_id between lowest and highest and f.retry_at > moment
            and not exists (
              select from baton.checkpoint d where d.run_id = t.id and d.run_id between lowest and highest and d.node = f.node)
        ) as v
        where isfinite(v.until) and v.began < 'infinity'
          -- Of a run that is undone, what it slept for is past.
          and (v.of_undo or not exists (
            select from baton.checkpoint u where u.run_id = t.id and u.run_id between lowest and highest and u.node = '~verdict'))
      ) as w
    )
    from unnest(ids) with ordinality as t (id, nth)
    order by t.nth);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.recount_children(moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  woken integer;
begin
  delete from baton.waiting_item b
  where b.again and exists (select from baton.ending e where e.run_id = b.parent_id)
    or not b.again and exists (select from baton.ending e where e.run_id = b.run_id)
    or b.again and not exists (select from baton.ending e where e.run_id = b.run_id);
  insert into baton.awaited as a (parent_id, path, open, behind, failed)
  select c.parent_id, c.path, count(*) filter (where b.again or e.run_id is null and r.id is not null), count(b.run_id),
    count(*) filter (where c.item >= 0 and b.again is not true and (e.status <> 'done' or r.id is null))
  from baton.child c
  left join baton.run r on r.id = c.run_id
  left join baton.ending e on e.run_id = c.run_id
  left join baton.waiting_item b on b.parent_id = c.parent_id and b.path = c.path and b.item = c.item
  where not c.detached
  group by c.parent_id, c.path
  on conflict on constraint awaited_of_node do update set open = excluded.open, behind = excluded.behind, failed = excluded.failed
    where (a.open, a.behind, a.failed) <> (excluded.open, excluded.behind, excluded.failed);
  perform baton.release_items(a.parent_id, a.path, moment) from baton.awaited a where a.behind > 0;
  update baton.ready q set run_at = moment
  where q.run_at > moment and exists (
    select from baton.awaited a where a.parent_id = q.run_id and a.open <= a.behind and not baton.is_over(a.parent_id, a.path));
  get diagnostics woken = row_count;
  return woken;
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
  perform baton.require_keys('the request of redrive', request, '{}', '{redrives,by}');
  perform baton.require_kind('the request of redrive', request, 'number', '{redrives}');
  perform baton.require_actor('the request of redrive', request);
  if not baton.lock_run(id) then
    return null;
  end if;
  before := baton.redrives(id);
  select e.status into ended from baton.ending e where e.run_id = redrive.id;
  if ended is distinct from 'failed' or (request ->> 'redrives')::integer <> before then
    return jsonb_build_object('status', coalesce(ended, 'unfinished'),
      'redriven', before >= greatest((request ->> 'redrives')::integer, 1), 'changed', false);
  end if;
  if not baton.forget_undo(id) then
    return jsonb_build_object('status', ended, 'redriven', false, 'changed', false, 'undone', true);
  end if;
  perform baton.revive(id);
  perform baton.settle_families(null, baton.now());
  perform baton.note_action('redrive', redrive.id, request ->> 'by', jsonb_build_object('redrives', before), baton.now());
  return jsonb_build_object('status', 'failed', 'redriven', true, 'changed', true);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.redrive_child(id uuid, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  before integer;
begin
  if not baton.lock_run(id) then
    return;
  end if;
  before := baton.redrives(id);
  if exists (select from baton.ending e where e.run_id = redrive_child.id and e.status <> 'done') and baton.forget_undo(id) then
    perform baton.revive(id);
    perform baton.note_action('redrive', id, null, jsonb_build_object('redrives', before,
      'parent', (select c.parent_id from baton.child c where c.run_id = redrive_child.id)), moment);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.redrive_children(held baton.lease, entries jsonb, skipped uuid[], moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  child uuid;
begin
  for child in
    select r.child from jsonb_to_recordset(entries) as e (place integer, run uuid, redriven jsonb)
    cross join lateral jsonb_to_recordset(e.redriven) as r (child uuid)
    join baton.child c on c.run_id = r.child and c.parent_id = e.run and not c.detached
    where baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
    order by r.child
  loop
    perform baton.redrive_child(child, moment);
  end loop;
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
CREATE OR REPLACE FUNCTION baton.refill_lease(held baton.lease, request jsonb, entries jsonb, moment timestamp with time zone, ttl_ms integer, OUT low jsonb, OUT due_in_ms bigint, OUT poisoned integer, OUT runs json)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  got record := baton.take_batch(request, 16 * coalesce(held.queue, 0), moment, 0);
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
  described := baton.describe_members(got.ids, slots, got.begun_ids, request -> 'manifest');
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
  -- A parent that is due since now lies before the watermark.
  due_in_ms := case when baton.settle_families(entries, moment) then 0 else baton.next_due(moment, low, 3, coalesce(held.queue, 0::smallint)) end;
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
CREATE OR REPLACE FUNCTION baton.refuse_answer(request jsonb, id uuid)
 RETURNS text
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  stored record;
begin
  select c.attempt, c.output into stored from baton.checkpoint c where c.run_id = id and c.node = request ->> 'path';
  if stored.attempt = (request ->> 'attempt')::integer and stored.output = request #> '{body,output}' then
    return 'repeated';
  elsif exists (select from baton.ending e where e.run_id = id) then
    return 'ended';
  elsif stored.attempt is not null then
    return 'answered';
  end if;
  if (select count(*) from baton.redrive d where d.run_id = id) <> (request ->> 'generation')::integer
    or exists (select from baton.failure f where f.run_id = id and f.node = request ->> 'path' and f.attempt >= (request ->> 'attempt')::integer) then
    return 'superseded';
  end if;
  if request -> 'replaces' = 'true' then
    return null;
  end if;
  select m.body into stored from baton.message m where m.run_id = id and m.name = request ->> 'name';
  return case when not found then null when stored.body = request -> 'body' then 'repeated' else 'answered' end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.refuse_deep(ids uuid[], moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  delete from baton.ready where run_id = any (ids);
  perform baton.end_each(ids, 'failed', jsonb_build_object('name', 'FamilyTooDeepError', 'message',
    'This run is the child of a child, and so on, nine times over: let one of them start the next with detach, or make a loop of it.'), moment);
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
CREATE OR REPLACE FUNCTION baton.refuse_unfaithful(inputs jsonb, what text)
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
  place text;
begin
  for input, nth in select i.input, i.nth - 1 from jsonb_array_elements(inputs) with ordinality as i (input, nth) loop
    place := format(what, nth);
    if input @? 'strict $.**{64} ? (@.type() == "array" || @.type() == "object")' then
      raise exception 'there is nesting deeper than 64 in %', place
        using errcode = 'BT051', hint = 'Store the data elsewhere and pass a reference to it.';
    end if;
    if input @? '$.**.__proto__' then
      raise exception 'there is a key __proto__ in %', place using errcode = 'BT051', hint = 'Use another key.';
    end if;
    continue when input::text !~ '[0-9][0-9.]{15}';
    for number in select (n #>> '{}')::numeric from jsonb_path_query(input, 'strict $.** ? (@.type() == "number")') as n loop
      continue when baton.is_double(number);
      pointer := baton.find_pointer(input, to_jsonb(number));
      raise exception 'the number at "%" of % would come back as another one, because a double cannot hold it', pointer, place
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
CREATE OR REPLACE FUNCTION baton.release_items(parent uuid, path text, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_bitmapscan TO 'off'
AS $function$
declare
  room integer := (
    select a.most - (a.open - a.behind) from baton.awaited a where a.parent_id = release_items.parent and a.path = release_items.path);
  ids uuid[];
begin
  if coalesce(room, 0) <= 0 then
    return;
  end if;
  with next as (
    delete from baton.waiting_item where ctid = any (array(
      select b.ctid from baton.waiting_item b
      where b.parent_id = release_items.parent and b.path = release_items.path and not b.again order by b.item limit room))
    returning run_id
  )
  select array_agg(n.run_id) into ids from next n;
  update baton.awaited a set behind = a.behind - cardinality(ids)
  where ids is not null and a.parent_id = release_items.parent and a.path = release_items.path;
  perform baton.wake_runs(ids, moment);
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
CREATE OR REPLACE FUNCTION baton.remember_runs(runs jsonb, shared jsonb, moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  all_workflow text := shared ->> 'workflow';
  clash text;
  known uuid[];
begin
  insert into baton.dedup as d (workflow, scope, key, hash, answer, expires_at)
  select distinct on (coalesce(r.workflow, all_workflow), r.key) coalesce(r.workflow, all_workflow), 'run', r.key, r.hash, to_jsonb(r.id::uuid),
    moment + interval '7 days'
  from rows from (jsonb_array_elements_text(runs -> 'id'), jsonb_array_elements_text(runs -> 'workflow'),
    jsonb_array_elements_text(runs -> 'key'), jsonb_array_elements_text(runs -> 'hash')) with ordinality as r (id, workflow, key, hash, nth)
  where r.key is not null
  order by coalesce(r.workflow, all_workflow), r.key, r.nth
  on conflict on constraint dedup_key do update set hash = excluded.hash, answer = excluded.answer, expires_at = excluded.expires_at
    where d.expires_at <= moment;
  -- Each key is looked up by itself: a join may be planned as a walk through all keys.
  select array_agg(((r.held).answer #>> '{}')::uuid order by r.nth), min(r.nth - 1) filter (where (r.held).hash <> r.hash) into known, clash
  from (
    select nth, hash, (select d from baton.dedup d where d.workflow = coalesce(r.workflow, all_workflow) and d.scope = 'run' and d.key = r.key) as held
    from rows from (jsonb_array_elements_text(runs -> 'workflow'), jsonb_array_elements_text(runs -> 'key'),
      jsonb_array_elements_text(runs -> 'hash')) with ordinality as r (workflow, key, hash, nth) offset 0) as r;
  if clash is not null then
    raise exception 'the idempotency key of run % was used with another body', clash
      using errcode = 'BT011', detail = clash, hint = 'Send the first body again, or use a new key.';
  end if;
  return known;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.remember_signal(request jsonb, workflow text, moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  own_key text := baton.signal_id(request);
  own_hash text := md5(jsonb_build_array(request -> 'name', request -> 'body')::text);
  known text;
begin
  insert into baton.dedup as d (workflow, scope, key, hash, answer, expires_at)
  values (remember_signal.workflow, 'signal', own_key, own_hash, 'null', moment + interval '168 hours')
  on conflict on constraint dedup_key do update set hash = excluded.hash, expires_at = excluded.expires_at where d.expires_at <= moment;
  if found then
    perform baton.forget_some(1, moment);
    return true;
  end if;
  select d.hash into known from baton.dedup d where d.workflow = remember_signal.workflow and d.scope = 'signal' and d.key = own_key;
  if known <> own_hash then
    raise exception 'the id "%" was used with another signal of %', request ->> 'id',
        coalesce('run ' || (request ->> 'run'), 'key "' || (request ->> 'key') || '"')
      using errcode = 'BT011', hint = 'Send the first signal again, or use a new id. Nothing was stored.';
  end if;
  return false;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.remove_hooks(ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  here uuid[];
begin
  perform from baton.hook_run h where h.run_id = any (ids) or h.hook_run_id = any (ids) order by h.hook_run_id for update;
  if not found then
    return;
  end if;
  here := baton.existing_runs(array(select h.hook_run_id from baton.hook_run h where h.run_id = any (ids)));
  delete from baton.hook_run where run_id = any (ids) and hook_run_id <> all (here);
  update baton.hook_run set run_id = null where run_id = any (ids);
  delete from baton.hook_run where hook_run_id = any (ids) and run_id is null;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.remove_runs(ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  delete from baton.attribute where run_id = any (ids);
  delete from baton.checkpoint where run_id = any (ids);
  delete from baton.failure where run_id = any (ids);
  delete from baton.redrive where run_id = any (ids);
  delete from baton.control where run_id = any (ids);
  delete from baton.wait where run_id = any (ids);
  -- Of a child that is gone its parent must know which it was.
  delete from baton.child where parent_id = any (ids) or (run_id = any (ids) and detached);
  delete from baton.awaited where parent_id = any (ids);
  delete from baton.waiting_item where parent_id = any (ids);
  delete from baton.stopping where run_id = any (ids) or parent_id = any (ids);
  delete from baton.wakeup where run_id = any (ids);
  delete from baton.run where id = any (ids);
  delete from baton.message where run_id = any (ids);
  delete from baton.signal_key where run_id = any (ids);
  perform baton.remove_hooks(ids);
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
  amidst boolean[];
  woken integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  select array_agg(r.id), array_agg(greatest(r.start_at, c.until, f.until)), array_agg(coalesce(c.below, false) or coalesce(f.below, false))
    into ids, times, amidst
  from baton.run r
  cross join lateral (
    select max(finished_at) as until, bool_or(node = '~verdict') or max(position) = max(position) filter (where strpos(node, '/') > 0) as below
    from baton.checkpoint where run_id = r.id
  ) as c
  cross join lateral (
    select max(retry_at) as until, bool_or(strpos(node, '/') > 0) as below from baton.failure x
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
    select coalesce(case when not t.below then t.due end, least(t.stored, moment))
    from unnest(times, baton.recompute_due(ids, moment, moment, moment), amidst) with ordinality as t (stored, due, below, nth) order by t.nth);
  perform baton.put_back(ids, times);
  update baton.ready q set run_at = moment
  from (
    select m.run_id from baton.message m join baton.wait w on w.run_id = m.run_id and m.name = any (w.names) and strpos(m.name, '/~beat/') = 0
    union
    select w.run_id from baton.wait w join baton.run r on r.id = w.run_id cross join jsonb_to_recordset(w.keys) as k (name text, key text)
    left join baton.signal_key s on s.workflow = r.workflow and s.name = k.name and s.key = k.key
    where s.run_id is distinct from w.run_id or exists (
      select from baton.unclaimed u
      where u.workflow = r.workflow and u.name = k.name and u.key = k.key and u.at > moment - interval '168 hours')
    union
    select c.run_id from baton.checkpoint c
    where strpos(c.node, '/~until/') > 0 and c.finished_at > moment and not exists (select from baton.wait w where w.run_id = c.run_id)
  ) as waiting
  where q.run_id = waiting.run_id and q.run_at > moment;
  get diagnostics woken = row_count;
  return coalesce(cardinality(ids), 0) + woken + baton.recount_children(moment);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.repeat_claim(held baton.lease, low jsonb, manifest jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  moment timestamptz := baton.now();
  members record := baton.list_members(held.run_ids, held.gone);
begin
  return json_build_object('now', moment, 'round', held.round, 'low', low, 'stopped', '{}'::uuid[], 'suspects', false,
    'due_in_ms', baton.next_due(moment, low, 3, coalesce(held.queue, 0::smallint)), 'runs', (baton.describe_members(members.ids, members.slots, members.ids, manifest)).runs);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.repeat_item(parent uuid, path text, id uuid, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  is_there boolean := baton.lock_run(id);
begin
  delete from baton.waiting_item b using baton.child c
  where c.run_id = repeat_item.id and b.parent_id = c.parent_id and b.path = c.path and b.item = c.item;
  if not found then
    return;
  end if;
  perform baton.note_items(parent, path, jsonb_build_object('open', -1, 'behind', -1, 'failed', 1));
  if is_there then
    perform baton.redrive_child(id, moment);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.repeat_items(held baton.lease, entries jsonb, skipped uuid[], moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_bitmapscan TO 'off'
AS $function$
declare
  entry record;
  child uuid;
  amount integer;
begin
  for entry in
    select e.run, r.node, coalesce(r.anew, false) as anew from jsonb_to_recordset(entries) as e (place integer, run uuid, repeats jsonb)
    cross join lateral jsonb_to_recordset(e.repeats) as r (node text, anew boolean)
    where baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
    order by e.run, r.node
  loop
    if entry.anew then
      insert into baton.waiting_item (parent_id, path, item, run_id, again)
      select c.parent_id, c.path, c.item, c.run_id, true
      from baton.child c
      where c.parent_id = entry.run and c.path = entry.node and c.run_id = any (baton.find_unsuccessful(array(
        select f.run_id from baton.child f
        where f.parent_id = entry.run and f.path = entry.node and f.item >= baton.count_folded(entry.run, entry.node))))
      on conflict do nothing;
      get diagnostics amount = row_count;
      perform baton.note_items(entry.run, entry.node, jsonb_build_object('open', amount, 'behind', amount, 'failed', - amount));
    end if;
    for child in
      select b.run_id from (
        select b.run_id from baton.waiting_item b
        where b.parent_id = entry.run and b.path = entry.node and b.again order by b.item
        limit (
          select greatest(least(coalesce(a.most, 1000) - (a.open - a.behind), 1000), 0)
          from baton.awaited a where a.parent_id = entry.run and a.path = entry.node)) as b
      order by b.run_id
    loop
      perform baton.repeat_item(entry.run, entry.node, child, moment);
    end loop;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.repeat_round(held baton.lease, strictly boolean, claim jsonb, asks jsonb, family jsonb)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  moment timestamptz := baton.now();
  low jsonb := claim -> 'low';
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
  return json_build_object('now', moment, 'round', held.round, 'low', low, 'due_in_ms', baton.next_due(moment, coalesce(low, '{}'), 3, coalesce(held.queue, 0::smallint)),
    'stopped', coalesce(held.told -> 'stopped', '[]'), 'lost', coalesce(held.told -> 'lost', '[]'),
    'left_out', held.told -> 'left_out', 'late', held.told -> 'late', 'applied_at', held.told -> 'applied_at',
    'mail', case when asks is not null then baton.gather_mail(held.run_ids, asks) end,
    'family', case when family is not null then baton.gather_families(held.run_ids, family) end,
    'runs', (baton.describe_members(claimed_now.ids, claimed_now.slots, claimed_now.ids, claim -> 'manifest')).runs);
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.replace_hooks(request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
declare
  changed integer;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_keys('the request of replace_hooks', request, '{manifest}', '{manifest}');
  perform baton.require_rows('the manifest of replace_hooks', request -> 'manifest', '{name,version}', '{shape,skips,waits,hooks}');
  perform baton.check_hooks(request -> 'manifest');
  insert into baton.workflow as w (name, version, when_failed, when_ended, since)
  select h.name, h.version, h.failed, h.ended, baton.now()
  from baton.list_hooks(request -> 'manifest') as h
  where coalesce(h.failed, h.ended) is not null
    or exists (select from baton.workflow w where w.name = h.name and w.version = h.version)
  order by h.name, h.version
  on conflict (name, version) do update set when_failed = excluded.when_failed, when_ended = excluded.when_ended, since = excluded.since
    where (w.when_failed, w.when_ended) is distinct from (excluded.when_failed, excluded.when_ended);
  get diagnostics changed = row_count;
  return jsonb_build_object('changed', changed);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.require_actor(what text, given jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  perform baton.require_kind(what, given, 'string', '{by}');
  if length(given ->> 'by') not between 1 and 200 then
    raise exception '% has under "by" a name of % characters', what, length(given ->> 'by')
      using errcode = 'BT040', hint = 'Name who asks in 1 to 200 characters, or leave it out for the login. Nothing was done.';
  end if;
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
  perform baton.put_back(proven, array_fill(moment, array[coalesce(cardinality(proven), 0)]), home => held.queue);
  if held.crashes > 0 then
    doubtful := array(select unnest(ids) except select unnest(proven));
    perform baton.put_back(doubtful, array_fill(moment, array[cardinality(doubtful)]), held.crashes, home => held.queue);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.revive(id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  moment timestamptz := baton.now();
  asleep timestamptz;
begin
  perform baton.keep_ending(id);
  delete from baton.ending e where e.run_id = revive.id;
  -- Rows of one run count up in time, whatever the clock does: the last one is what is forgiven.
  insert into baton.redrive (run_id, at, forgiven)
  select revive.id, greatest(moment, (select max(at) + interval '1 microsecond' from baton.redrive r where r.run_id = revive.id)),
    coalesce(jsonb_object_agg(node, failures), '{}')
  from (select node, count(*) as failures from baton.failure f where f.run_id = revive.id group by node) as by_node;
  -- A cancel that came too late for the ending is not meant for what follows.
  delete from baton.control c where c.run_id = revive.id;
  if exists (select from baton.child) then
    delete from baton.stopping where run_id = any (array(
      select s.run_id from baton.stopping s where s.parent_id = revive.id or s.run_id = revive.id order by s.run_id for update));
    perform baton.note_family('revived', array[revive.id]);
  end if;
  -- One that was cancelled in a sleep of its own chain, of which a claim tells nothing.
  asleep := (
    select max(baton.wait_until(c.started_at, c.finished_at, moment)) from baton.checkpoint c where c.run_id = revive.id and strpos(c.node, '/') = 0);
  perform baton.put_back(array[revive.id], array[greatest(moment, asleep)]);
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
CREATE OR REPLACE FUNCTION baton.rows_as_columns(runs jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  keys text[] := array(
    select distinct key from jsonb_path_query(runs, '$[*] ? (@.type() == "object")') as run, jsonb_object_keys(run) as key);
begin
  perform baton.require_rows('the runs of enqueue', runs, '{id,workflow,version,priority,input}', keys);
  return coalesce((
    select json_object_agg(key, (select json_agg(run -> key order by nth) from jsonb_array_elements(runs) with ordinality as r (run, nth)))::jsonb
    from unnest(keys) as key), '{"id": [], "input": []}');
end
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

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.runs_with_verdict(ids uuid[])
 RETURNS uuid[]
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
    select c.run_id from baton.checkpoint c
    where c.run_id = any (array(select unnest(ids))) and c.run_id between lowest and highest and c.node = '~verdict');
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.search_runs(request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  moment timestamptz := baton.now();
  trgm name := baton.search_schema();
  sought text := btrim(request ->> 'text');
  pattern text := '%' || regexp_replace(sought, E'([\\\\%_])', E'\\\\\\1', 'g') || '%';
  matches text := format('(text ilike $2 or $1 operator(%I.<%%) text)', trgm);
  threshold text := current_setting('pg_trgm.word_similarity_threshold', true);
  before uuid := coalesce((request ->> 'before')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  newest timestamptz := least(moment + interval '5 minutes', baton.id_time(before));
  unseen integer := baton.most_entries();
  ids uuid[] := '{}';
  next uuid;
  week text;
  looked record;
  searchable boolean;
  runs jsonb;
begin
  perform baton.require_keys('the request of search_runs', request, '{text,limit}', '{text,limit,before}');
  execute format('select exists (select from unnest(%I.show_trgm($1)) as t where t not like ''%% %%'')', trgm) into searchable using sought;
  -- The index finds a word of two letters beyond ASCII as well, but by reading all of it.
  if not coalesce(searchable and sought ~ '[^[:space:][:punct:]]{3}', false) then
    raise exception 'the text has no three letters or digits in a row' using errcode = 'BT061', hint = 'Search for a longer word.';
  end if;
  perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
  for week in
    select right(c.relname, 8) from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'baton.failure'::regclass
      and right(c.relname, 8) <= to_char(newest, 'YYYYMMDD')
    order by 1 desc
  loop
    looked := baton.search_week(week, matches, sought, pattern, before, unseen);
    ids := ids || looked.ids;
    unseen := unseen - looked.looked;
    next := looked.next;
    exit when next is not null or cardinality(ids) > 1000 or unseen <= 0;
  end loop;
  ids := array(select id from unnest(ids) as i (id) order by id desc);
  if cardinality(ids) > 1000 then
    ids := ids[:1000];
    next := ids[1000];
  elsif unseen <= 0 and next is null then
    next := baton.id_at(to_timestamp(week, 'YYYYMMDD'));
  end if;
  execute format(
    'select coalesce(jsonb_agg(to_jsonb(page) order by page.score desc, page.id desc), ''[]'') from (
       select r.id, r.workflow, r.version, coalesce(e.status, baton.place_status(r.id, $5)) as status, r.created_at, e.at as finished_at,
         best.score, best.found
       from unnest($3) as l (id)
       cross join lateral (select * from baton.run where id = l.id and id between $6 and $7 limit 1) as r
       left join lateral (select status, at from baton.ending where run_id = l.id and run_id between $6 and $7 limit 1) as e on true
       cross join lateral (
         select case when text ilike $2 then 1 else least(round(%1$I.word_similarity($1, text)::numeric, 3), 0.999) end as score, left(text, 300) as found
         from (
           select * from (
             select left(f.error ->> ''message'', 1000) as text from baton.failure f where f.run_id = l.id and f.run_id between $6 and $7
             order by f.finished_at desc limit 100) as newest
           union all
           select baton.attribute_text(a.attributes) from baton.attribute a where a.run_id = l.id and a.run_id between $6 and $7
           offset 0
         ) as said
         order by 1 desc limit 1
       ) as best
       order by best.score desc, r.id desc limit $4
     ) as page', trgm)
    into runs using sought, pattern, ids, (request ->> 'limit')::integer, moment, ids[cardinality(ids)], ids[1];
  perform set_config('pg_trgm.word_similarity_threshold', coalesce(threshold, '0.6'), true);
  return jsonb_build_object('runs', runs, 'ranked', cardinality(ids), 'next', next);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.search_schema()
 RETURNS name
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  found_schema name;
begin
  select n.nspname into found_schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pg_trgm' and 2 = (
    select count(*) from pg_index i
    where i.indexrelid in (to_regclass('baton.failure_search'), to_regclass('baton.attribute_search')) and i.indisvalid);
  if not found then
    raise exception 'search is not there in this database'
      using errcode = 'BT060', hint = 'Make it as the owner: npm run migrate -- --search';
  end if;
  return found_schema;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.search_week(week text, matches text, sought text, pattern text, before uuid, most integer, OUT ids uuid[], OUT looked integer, OUT next uuid)
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
AS $function$
declare
  failures text := format('select run_id, left(error ->> ''message'', 1000) as text from baton.%I', 'failure_' || week);
  attributes text := format('select run_id, baton.attribute_text(attributes) as text from baton.%I', 'attribute_' || week);
  part text;
  found_ids uuid[];
  walked record;
begin
  ids := '{}';
  looked := 0;
  foreach part in array array[failures, attributes] loop
    execute format('select array(select run_id from (%s) as part where %s limit $3)', part, matches)
      into found_ids using sought, pattern, most - looked + 1;
    ids := ids || found_ids;
    looked := looked + cardinality(found_ids);
    if looked > most then
      walked := baton.walk_week(failures, attributes, matches, sought, pattern, before, most);
      ids := walked.ids;
      looked := walked.looked;
      next := walked.next;
      return;
    end if;
  end loop;
  ids := array(select distinct id from unnest(ids) as i (id) where id < before);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.settle_families(entries jsonb, moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  ended uuid[] := baton.recall_family('ended');
  revived uuid[] := baton.recall_family('revived');
  items jsonb := baton.recall_items();
  changes jsonb;
begin
  if entries is null and ended = '{}' and revived = '{}' and items = '[]' then
    return false;
  end if;
  -- Of those that ended: what waits in their maps, before their children are stopped.
  items := items || coalesce((
    select jsonb_agg(jsonb_build_object('run', a.parent_id, 'path', a.path, 'closes', true))
    from unnest(ended) as e (id) join baton.awaited a on a.parent_id = e.id and a.behind > 0), '[]');
  ended := baton.stop_children(ended, moment);
  perform set_config('baton.ended', '', true), set_config('baton.revived', '', true), set_config('baton.items', '', true);
  changes := baton.count_changes(ended, revived, items, entries);
  perform from jsonb_to_recordset(changes) as w (parent uuid, path text)
    cross join lateral (select from baton.awaited a where a.parent_id = w.parent and a.path = w.path for update) as locked;
  update baton.awaited a set open = a.open + w.open, behind = a.behind + w.behind, failed = a.failed + w.failed
  from jsonb_to_recordset(changes) as w (parent uuid, path text, open integer, behind integer, failed integer)
  where a.parent_id = w.parent and a.path = w.path and (w.open <> 0 or w.behind <> 0 or w.failed <> 0);
  if changes @? '$[*] ? (@.listed == true)' then
    perform baton.settle_items(changes, ended || revived, moment);
  end if;
  return baton.wake_runs(array(
    select distinct a.parent_id
    from jsonb_to_recordset(changes) as w (parent uuid, path text, failed integer, asked boolean)
    join baton.awaited a on a.parent_id = w.parent and a.path = w.path
    where a.open <= a.behind or (a.failed > a.tolerated and (w.asked or a.failed - w.failed <= a.tolerated))), moment);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.settle_items(changes jsonb, ids uuid[], moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  node record;
begin
  with gone as (
    delete from baton.waiting_item b using baton.child c
    where c.run_id = any (ids) and c.item >= 0 and b.parent_id = c.parent_id and b.path = c.path and b.item = c.item
    returning b.parent_id, b.path, b.again
  ), closed as (
    delete from baton.waiting_item b using jsonb_to_recordset(changes) as w (parent uuid, path text, closes boolean)
    where w.closes and b.parent_id = w.parent and b.path = w.path and b.again and b.run_id <> all (ids)
    returning b.parent_id, b.path, b.again
  )
  update baton.awaited a set behind = a.behind - g.amount, open = a.open - g.again, failed = a.failed + g.again
  from (
    select t.parent_id, t.path, count(*) as amount, count(*) filter (where t.again) as again
    from (select * from gone union all select * from closed) as t group by t.parent_id, t.path) as g
  where a.parent_id = g.parent_id and a.path = g.path;
  for node in
    select a.parent_id, a.path from jsonb_to_recordset(changes) as w (parent uuid, path text)
    join baton.awaited a on a.parent_id = w.parent and a.path = w.path
    where a.behind > 0 and not exists (select from baton.stopping s where s.run_id = a.parent_id)
  loop
    perform baton.release_items(node.parent_id, node.path, moment);
  end loop;
end
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.signal(request jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  owner uuid;
  answer jsonb;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.check_signal(request);
  if not request ? 'key' then
    return baton.deliver_signal((request ->> 'run')::uuid, request);
  end if;
  perform pg_advisory_xact_lock_shared(baton.key_lock(request ->> 'workflow', request ->> 'name', request ->> 'key'));
  owner := baton.find_owner(request ->> 'workflow', request ->> 'name', request ->> 'key', baton.now());
  if owner is not null then
    answer := baton.deliver_signal(owner, request);
  end if;
  if coalesce(answer ->> 'status', 'unknown') = 'unknown' then
    owner := null;
    answer := baton.keep_unclaimed(request);
  end if;
  return answer || jsonb_build_object('run', owner);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.signal_id(request jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when request ? 'key'
    then encode(sha256(convert_to(jsonb_build_array(request -> 'name', request -> 'key', request -> 'id')::text, 'UTF8')), 'hex')
    else (request ->> 'run')::uuid || ' ' || (request ->> 'id') end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.sort_stops(ids uuid[], moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  asked uuid[];
begin
  if not exists (select from baton.control) then
    return baton.find_stopped(ids);
  end if;
  asked := array(select c.run_id from baton.control c where c.run_id = any (ids));
  perform baton.store_verdicts(array(select c.run_id from baton.control c where c.run_id = any (asked) and c.undo), 'cancelled', null, false, moment);
  perform baton.forget_stops(asked);
  return array(
    select c.run_id from baton.control c where c.run_id = any (asked) and not c.undo
    union
    select unnest(baton.find_stopped(ids)));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.spawn_children(held baton.lease, entries jsonb, skipped uuid[], moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  parents uuid[];
  lowest uuid;
  highest uuid;
  runs jsonb;
  deep uuid[];
begin
  select array_agg(e.run) into parents
  from jsonb_to_recordset(entries) as e (place integer, run uuid) where baton.has_member(held, e.place, e.run) and e.run <> all (skipped);
  if parents is null then
    return;
  end if;
  lowest := (select p from unnest(parents) as p order by p limit 1);
  highest := (select p from unnest(parents) as p order by p desc limit 1);
  select jsonb_build_object('id', jsonb_agg(e.id), 'workflow', jsonb_agg(e.workflow), 'version', jsonb_agg(e.version), 'priority', jsonb_agg(p.priority),
      'input', jsonb_agg(e.input), 'delay_ms', jsonb_agg(e.delay_ms))
      || case when count(e.attributes) > 0 then jsonb_build_object('attributes', jsonb_agg(e.attributes)) else '{}' end into runs
  from jsonb_to_recordset(entries) as e (run uuid, id uuid, workflow text, version integer, input jsonb, attributes jsonb, delay_ms bigint)
  cross join lateral (select r.priority from baton.run r where r.id = e.run and r.id between lowest and highest limit 1) as p
  where e.run = any (parents);
  -- Each starts a microsecond after the one before: the claim of this round may take 1,000 of them.
  perform baton.store_runs(runs, '{}', null, false, moment - interval '1 millisecond');
  insert into baton.child (run_id, parent_id, path, detached, depth)
  select e.id, e.run, e.node, coalesce(e.detached, false), case when e.detached then 0 else coalesce(above.depth, 0) + 1 end
  from jsonb_to_recordset(entries) as e (run uuid, node text, id uuid, detached boolean)
  left join baton.child above on above.run_id = e.run and not above.detached
  where e.run = any (parents);
  insert into baton.awaited as a (parent_id, path, open)
  select e.run, e.node, 1 from jsonb_to_recordset(entries) as e (run uuid, node text, detached boolean)
  where e.run = any (parents) and e.detached is null
  on conflict on constraint awaited_of_node do update set open = a.open + 1;
  deep := array(
    select c.run_id from jsonb_to_recordset(entries) as e (id uuid) join baton.child c on c.run_id = e.id where c.depth > 8);
  if cardinality(deep) > 0 then
    perform baton.refuse_deep(deep, moment);
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.spawn_items(held baton.lease, entries jsonb, skipped uuid[], moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  entry record;
  part jsonb;
  amount integer;
  ids uuid[];
  above integer;
begin
  perform baton.ensure_week(baton.now());
  for entry in
    select e.* from jsonb_to_recordset(entries)
      as e (place integer, run uuid, node text, part integer, workflow text, version integer, tolerated integer, most integer)
    where baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
    order by e.run, e.node
  loop
    part := (
      select c.output from baton.checkpoint c where c.run_id = entry.run and c.node = entry.node || '/~plan/' || lpad(entry.part::text, 5, '0'));
    amount := jsonb_array_length(part -> 'inputs');
    ids := baton.new_ids(amount);
    above := coalesce((select c.depth from baton.child c where c.run_id = entry.run and not c.detached), 0);
    -- Due before this moment: the claim of this round may take some of them.
    perform baton.store_runs(
      jsonb_build_object('id', to_jsonb(ids), 'input', part -> 'inputs')
        || case when part ? 'attributes' then jsonb_build_object('attributes', part -> 'attributes') else '{}' end
        || case when entry.most is not null then jsonb_build_object('run_at', to_jsonb(array_fill(baton.never(), array[amount]))) else '{}' end,
      jsonb_build_object('workflow', entry.workflow, 'version', entry.version, 'priority', (select r.priority from baton.run r where r.id = entry.run)),
      null, true, moment - interval '1 millisecond');
    insert into baton.child (run_id, parent_id, path, detached, depth, item)
    select i.id, entry.run, entry.node, false, above + 1, (part ->> 'from')::integer + i.nth - 1 from unnest(ids) with ordinality as i (id, nth);
    insert into baton.awaited (parent_id, path, open, tolerated, most) values (entry.run, entry.node, 0, entry.tolerated, entry.most) on conflict do nothing;
    if above >= 8 then
      perform baton.note_items(entry.run, entry.node, jsonb_build_object('open', amount));
      perform baton.refuse_deep(ids, moment);
    elsif entry.most is null then
      perform baton.note_items(entry.run, entry.node, jsonb_build_object('open', amount));
    else
      insert into baton.waiting_item (parent_id, path, item, run_id, again)
      select entry.run, entry.node, (part ->> 'from')::integer + i.nth - 1, i.id, false from unnest(ids) with ordinality as i (id, nth);
      perform baton.note_items(entry.run, entry.node, jsonb_build_object('open', amount, 'behind', amount));
    end if;
  end loop;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.start_hooks(ids uuid[], new_status text, errors jsonb[], moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
  of_hooks uuid[] := array(select h.hook_run_id from baton.hook_run h where h.hook_run_id = any (ids));
  runs jsonb;
  started integer;
begin
  with ended as (
    select r.id, r.workflow, r.priority, e.error, w.when_failed, w.when_ended
    from unnest(ids, errors) as e (id, error)
    join baton.run r on r.id = e.id and r.id = any (array(select unnest(ids))) and r.id between lowest and highest
    join baton.workflow w on w.name = r.workflow and w.version = r.version
    where r.id <> all (of_hooks)
  ), called as (
    select e.*, h.hook, h.starts, baton.new_id() as hook_run_id
    from ended e
    cross join lateral (values ('failed', case when new_status = 'failed' then e.when_failed end), ('ended', e.when_ended)) as h (hook, starts)
    where h.starts is not null
  ), noted as (
    insert into baton.hook_run (hook_run_id, run_id, ending, hook)
    select c.hook_run_id, c.id, (select count(*) from baton.redrive d where d.run_id = c.id), c.hook from called c
  )
  select count(*), jsonb_build_object('id', jsonb_agg(c.hook_run_id), 'workflow', jsonb_agg(c.starts -> 'name'),
    'version', jsonb_agg(c.starts -> 'version'), 'priority', jsonb_agg(c.priority),
    'input', jsonb_agg(jsonb_build_object('run', c.id, 'workflow', c.workflow, 'status', new_status, 'node', f.node, 'attempts', coalesce(f.attempts, 0),
      'error', case when octet_length(c.error::text) > 131072 then
        jsonb_build_object('name', left(c.error ->> 'name', 200), 'message', left(c.error ->> 'message', 8192)) else c.error end)))
  into started, runs
  from called c
  left join baton.explain_endings(array(select e.id from ended e where new_status = 'failed'), array(select e.error from ended e where new_status = 'failed')) as f
    on f.id = c.id;
  if started > 0 then
    perform baton.ensure_week(baton.now());
    perform baton.store_runs(runs, null, null, true, moment - started * interval '1 microsecond');
  end if;
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
        select 'input' as name, r.input as value union all select c.node, c.output from baton.checkpoint c
        where c.run_id = state.id and strpos(c.node, '~') = 0 and (c.attempt > 0 or c.output = 'null')
      ) as part)
    from baton.run r where r.id = state.id);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.stop_children(ended uuid[], moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  parents uuid[] := ended;
  before uuid[];
begin
  while cardinality(parents) > 0 loop
    before := baton.recall_family('ended');
    perform baton.stop_some(parents, 1000, moment);
    parents := array(select unnest(baton.recall_family('ended')) except select unnest(before));
    ended := ended || parents;
  end loop;
  return ended;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.stop_members(held baton.lease, ended integer[], moment timestamp with time zone, OUT stopped uuid[], OUT called_off uuid[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  asked uuid[];
  orphaned uuid[];
begin
  stopped := '{}';
  if not exists (select from baton.control) and not exists (select from baton.stopping) then
    return;
  end if;
  orphaned := baton.find_stopped(held.run_ids);
  asked := array(
    select m.run_id from unnest(held.run_ids) with ordinality as m (run_id, nth)
    where (m.run_id = any (orphaned) or exists (select from baton.control c where c.run_id = m.run_id))
      and get_bit(held.gone, (nth - 1)::integer) = 0 and (nth - 1)::integer <> all (ended));
  perform baton.forget_stops(asked);
  called_off := array(select c.run_id from baton.control c where c.run_id = any (asked) and c.undo);
  stopped := array(
    select a.id from unnest(asked) as a (id)
    where (a.id = any (orphaned) and a.id <> all (called_off)) or exists (select from baton.control c where c.run_id = a.id and not c.undo));
  perform baton.end_each(stopped, 'cancelled', null, moment);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.stop_noted(moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  noted uuid[];
  parents uuid[];
  ids uuid[];
begin
  select array_agg(s.run_id), array_agg(s.run_id) filter (where s.run_id = s.parent_id) into noted, parents
  from (select run_id, parent_id from baton.stopping limit 10000) as s;
  if noted is null then
    return 0;
  end if;
  delete from baton.stopping where run_id = any (parents);
  perform baton.stop_some(parents, 10000, moment);
  ids := baton.take_parked(baton.find_stopped(noted));
  perform baton.end_each(ids, 'cancelled', null, greatest(moment, baton.now()));
  delete from baton.stopping where run_id <> parent_id and run_id = any (baton.runs_with_ending(array(select run_id from baton.stopping limit 10000)));
  return cardinality(ids);
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
  undone uuid[];
begin
  if asked = '{}' then
    return 0;
  end if;
  perform baton.forget_stops(asked);
  ids := baton.take_parked(asked);
  -- The clock is read after what may have waited: what others stored meanwhile must not lie after
  -- the ending.
  moment := greatest(moment, baton.now());
  undone := baton.begin_undo(array(select c.run_id from baton.control c where c.run_id = any (ids) and c.undo), 'cancelled', null, moment);
  perform baton.end_each(array(select unnest(ids) except select unnest(undone)), 'cancelled', null, moment);
  -- One statement, and so one moment: a run that is redriven meanwhile may be asked to stop anew.
  delete from baton.control where run_id = any (asked) and (
    run_id = any ((select baton.runs_with_ending(asked))::uuid[]) or run_id <> all ((select baton.existing_runs(asked))::uuid[]));
  return cardinality(ids);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.stop_some(parents uuid[], most integer, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  children uuid[];
begin
  parents := array(select distinct a.parent_id from baton.awaited a where a.parent_id = any (parents) and a.open > 0);
  if cardinality(parents) = 0 then
    return;
  end if;
  children := baton.find_open_children(parents, most + 1);
  insert into baton.stopping (run_id, parent_id)
  select c.run_id, c.parent_id from baton.child c where c.run_id = any (children[:most])
  union all
  select p.id, p.id from unnest(parents) as p (id) where cardinality(children) > most
  on conflict do nothing;
  perform baton.end_each(baton.take_parked(children[:most]), 'cancelled', null, moment);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.store_attributes(runs jsonb, stored uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  large record;
begin
  with given as (
    select r.id::uuid, baton.merge_attributes('{}', r.attributes) as attributes
    from rows from (jsonb_array_elements_text(runs -> 'id'), jsonb_array_elements(runs -> 'attributes')) as r (id, attributes)
    where jsonb_typeof(r.attributes) = 'object' and r.id::uuid = any (stored)
  ), kept as (
    insert into baton.attribute (run_id, attributes)
    select id, attributes from given where attributes <> '{}'
    returning run_id, octet_length(attributes::text) as bytes
  )
  select * into large from kept where bytes > 2048 limit 1;
  if found then
    raise exception 'the attributes of run % are % bytes of JSON as the database writes it, more than 2048', large.run_id, large.bytes
      using errcode = 'BT053', detail = large.run_id, hint = 'Keep in them what the run is found by, and the rest in its input.';
  end if;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.store_runs(runs jsonb, shared jsonb, known uuid[], fresh boolean, moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  all_workflow text := shared ->> 'workflow';
  all_version integer := shared ->> 'version';
  all_priority smallint := shared ->> 'priority';
  base integer := case when shared ? 'queue' then 16 * coalesce(baton.find_queue(shared ->> 'queue'), 0) else 0 end;
  named boolean := runs ? 'attributes';
  due integer;
  largest integer;
  latest timestamptz;
  stored uuid[];
begin
  perform baton.require_keys('the runs of enqueue', runs, '{}', '{id,workflow,version,priority,input,run_at,delay_ms,attributes,key,hash}');
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
    where known is null or known[r.nth] is null or known[r.nth] = r.id::uuid
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
    select id, base + priority, start_at, bytes, false from (select * from stored_fresh union all select * from stored_new) as stored
    returning run_id, run_at, bytes
  )
  select count(*) filter (where run_at <= moment + interval '15 seconds'), max(bytes), max(run_at) filter (where run_at <> baton.never()),
    array_agg(run_id) filter (where named)
    into due, largest, latest, stored from queued;
  if largest > 262144 then
    raise exception 'an input is % bytes of JSON as the database writes it, more than 262144', largest
      using errcode = 'BT050', hint = 'Store the data elsewhere and pass a reference to it.';
  end if;
  if latest > moment + interval '87648 hours 1 second' then
    raise exception 'a run is to start at %, more than ten years ahead', latest
      using errcode = 'BT052', hint = 'Give it a time within ten years, or exactly baton.never().';
  end if;
  if named then
    perform baton.store_attributes(runs, stored);
  end if;
  return due;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.store_verdicts(ids uuid[], status text, error jsonb, crashed boolean, moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
  stored uuid[];
begin
  if lowest is null then
    return '{}';
  end if;
  with verdict as (
    insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
    select r.id, '~verdict', p.position, 0, moment, moment,
      jsonb_build_object('status', status, 'error', error) || case when crashed then '{"crashed": true}' else '{}' end::jsonb
    from baton.run r
    cross join lateral (
      select coalesce(max(c.position), 0)::smallint as position from baton.checkpoint c
      where c.run_id = r.id and c.run_id between lowest and highest and c.node < '~') as p
    where r.id = any (array(select unnest(ids))) and r.id between lowest and highest
    on conflict do nothing
    returning run_id
  )
  select coalesce(array_agg(v.run_id), '{}') into stored from verdict v;
  if exists (select from baton.control) then
    delete from baton.control c where c.run_id = any (stored);
  end if;
  return stored;
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

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.summarise_run(id uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select jsonb_build_object('workflow', r.workflow, 'version', r.version, 'created_at', r.created_at, 'finished_at', e.at,
      'status', coalesce(e.status, baton.place_status(r.id, baton.now())))
    from baton.run r left join baton.ending e on e.run_id = summarise_run.id where r.id = summarise_run.id);
end
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
CREATE OR REPLACE FUNCTION baton.take_back_tables()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '100ms'
AS $function$
declare
  lent record;
  taken integer := 0;
begin
  for lent in
    select c.relname as part from pg_class as c
    where c.relnamespace = 'baton'::regnamespace and c.relkind = 'r' and c.relowner = to_regrole('baton_maintainer')
    order by c.relname
  loop
    lock table baton.week in share row exclusive mode;
    execute format('alter table baton.%I owner to %I', lent.part, current_user);
    execute format('grant all on baton.%I to %I', lent.part, current_user);
    taken := taken + 1;
  end loop;
  if has_schema_privilege(to_regrole('baton_maintainer'), 'baton', 'create') then
    lock table baton.week in share row exclusive mode;
    revoke create on schema baton from baton_maintainer;
  end if;
  return taken;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_batch(request jsonb, base integer, moment timestamp with time zone, INOUT poisoned integer, OUT ids uuid[], OUT begun_ids uuid[], OUT low jsonb)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  free integer := (request ->> 'max')::integer;
  room bigint := (request ->> 'max_bytes')::bigint;
  asked integer;
  wanted_band integer;
  turn integer[] := array[base, base + 1, base + 2, base + 3];
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
    got := baton.take_ready(wanted_band, asked, room, ids is null, coalesce((low ->> wanted_band::text)::timestamptz, '-infinity'), moment,
      request @? '$.manifest[*].waits', poisoned);
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
CREATE OR REPLACE FUNCTION baton.take_keys(ids uuid[], entries jsonb, moment timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
  wanted jsonb;
  owners uuid[];
begin
  if not entries @? '$[*].keys' then
    return ids;
  end if;
  select jsonb_agg(jsonb_build_object('run', r.id, 'workflow', r.workflow, 'name', k.name, 'key', k.key,
      'locked', pg_try_advisory_xact_lock(baton.key_lock(r.workflow, k.name, k.key)))) into wanted
  from jsonb_to_recordset(entries) as e (run uuid, keys jsonb)
  cross join jsonb_to_recordset(e.keys) as k (name text, key text)
  join baton.run r on r.id = e.run
  where r.id = any (array(select unnest(ids))) and r.id between lowest and highest;
  owners := baton.list_unfinished(array(
    select k.run_id from jsonb_to_recordset(wanted) as w (workflow text, name text, key text) join baton.signal_key k using (workflow, name, key)));
  update baton.signal_key k set run_id = f.run
  from (
    select o.workflow, o.name, o.key, min(o.run::text)::uuid as run
    from (
      select workflow, name, key, w.run
      from jsonb_to_recordset(wanted) as w (run uuid, workflow text, name text, key text, locked boolean)
      join baton.signal_key s using (workflow, name, key)
      where w.locked and s.run_id <> all (owners) for update of s skip locked
    ) as o
    group by o.workflow, o.name, o.key
  ) as f
  where k.workflow = f.workflow and k.name = f.name and k.key = f.key;
  insert into baton.signal_key (workflow, name, key, run_id)
  select distinct on (workflow, name, key) workflow, name, key, w.run
  from jsonb_to_recordset(wanted) as w (run uuid, workflow text, name text, key text, locked boolean)
  left join baton.signal_key s using (workflow, name, key)
  where w.locked and s.run_id is null
  order by workflow, name, key, w.run;
  with own as (
    select workflow, name, key, w.run
    from jsonb_to_recordset(wanted) as w (run uuid, workflow text, name text, key text, locked boolean)
    join baton.signal_key s using (workflow, name, key)
    where w.locked and s.run_id = w.run
  ), mine as (
    delete from baton.unclaimed u using own
    where u.workflow = own.workflow and u.name = own.name and u.key = own.key and u.at > moment - interval '168 hours'
    returning own.run, u.name, u.n, u.body, u.at
  )
  insert into baton.message (run_id, name, body, at) select run, name, body, at from mine order by n;
  return array(
    select unnest(ids) except
    select w.run
    from jsonb_to_recordset(wanted) as w (run uuid, workflow text, name text, key text, locked boolean)
    left join baton.signal_key s using (workflow, name, key)
    where not w.locked or s.run_id is distinct from w.run);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_messages(held baton.lease, entries jsonb, skipped uuid[])
 RETURNS void
 LANGUAGE sql
AS $function$
  delete from baton.message m using jsonb_to_recordset(entries) as e (place integer, run uuid, n bigint)
  where m.run_id = e.run and m.n = e.n and baton.has_member(held, e.place, e.run) and e.run <> all (skipped)
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_parked(ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  unready uuid[] := array(select q.run_id from baton.ready q where q.run_id = any (ids) for update skip locked);
  unblocked uuid[] := array(select b.run_id from baton.blocked b where b.run_id = any (ids) for update);
  undone uuid[];
begin
  if unready = '{}' and unblocked = '{}' then
    return '{}';
  end if;
  undone := baton.runs_with_verdict(unready || unblocked);
  unready := array(select unnest(unready) except select unnest(undone));
  unblocked := array(select unnest(unblocked) except select unnest(undone));
  delete from baton.ready q where q.run_id = any (unready);
  delete from baton.blocked b where b.run_id = any (unblocked);
  return unready || unblocked;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_ready(wanted_band integer, most integer, room bigint, first_fits boolean, lowest timestamp with time zone, moment timestamp with time zone, with_mail boolean, INOUT poisoned integer, OUT ids uuid[], OUT begun_ids uuid[], OUT bytes bigint, OUT last_run_at timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  ctids tid[];
  sizes integer[];
  members uuid[];
begin
  select array_agg(r.ctid), array_agg(r.bytes), array_agg(r.run_id), sum(r.bytes), min(r.run_at) into ctids, sizes, members, bytes, last_run_at
  from (
    select q.ctid, q.bytes, q.run_at, case when q.begun then q.run_id end as run_id from baton.ready q
    where q.band = wanted_band and q.run_at >= lowest and q.run_at <= moment
    order by q.run_at limit most for update skip locked
  ) as r;
  if bytes > 8388608 then
    select d.ctids, d.sizes, d.members, poisoned + d.dropped into ctids, sizes, members, poisoned
    from baton.fail_oversized(ctids, sizes, members, moment) as d;
  end if;
  if with_mail and ctids is not null then
    sizes := baton.add_mail(sizes, members);
    bytes := (select sum(s) from unnest(sizes) as s);
  end if;
  if bytes > room and ctids is not null then
    sizes := sizes[1:baton.count_fitting(sizes, room, first_fits)];
    ctids := ctids[1:cardinality(sizes)];
  end if;
  bytes := (select coalesce(sum(s), 0) from unnest(sizes) as s);
  if coalesce(cardinality(ctids), 0) = 0 then
    return;
  end if;
  with taken as (
    delete from baton.ready q where q.ctid = any (ctids) returning q.run_id, q.begun, q.run_at
  )
  select array_agg(t.run_id order by t.run_at), array_agg(t.run_id) filter (where t.begun), max(t.run_at)
    into ids, begun_ids, last_run_at
  from taken t;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.take_suspects(request jsonb, base integer, moment timestamp with time zone, INOUT poisoned integer, OUT ids uuid[], OUT begun_ids uuid[], OUT crashes integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  got record;
begin
  for crashed in reverse 5 .. 1 loop
    got := baton.take_ready(base + 3 + crashed, case crashed when 1 then 64 when 2 then 8 else 1 end, 4194304, true, '-infinity', moment,
      request @? '$.manifest[*].waits', poisoned);
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
  with_mail boolean := request @? '$.manifest[*].waits';
begin
  if not exists (select from baton.blocked) then
    return;
  end if;
  with taken as (
    delete from baton.blocked where ctid = any (array(
      select b.ctid from baton.blocked b
      join jsonb_to_recordset(request -> 'manifest') as m (name text, version integer, shape text, undoes boolean) on m.name = b.workflow and m.version = b.version
      where m.shape <> b.shape or (m.undoes and (b.reason like '%for "~verdict"' or b.reason like '%for "~undo/%'))
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
    select run_id, bytes, sum(load) over (order by run_id) as total, load
    from (
      select q.run_id, q.bytes, (baton.add_mail(array[q.bytes], array[case when with_mail then q.run_id end]))[1] as load
      from baton.ready q where q.run_id = any (known)
    ) as loaded
  ), taken as (
    delete from baton.ready q using sized s
    where q.run_id = s.run_id and (s.total <= (request ->> 'max_bytes')::bigint or s.total = s.load) and s.bytes <= 8388608
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
  expired integer;
  low jsonb;
  queues jsonb;
  oldest timestamptz;
begin
  perform baton.require_read_committed();
  perform baton.heal_clock(moment);
  perform baton.ensure_partitions();
  reaped := baton.reap_leases(moment);
  stopped := baton.stop_parked(moment);
  stopped := stopped + baton.stop_noted(moment);
  unlawful := baton.end_unlawful(moment);
  perform baton.forget_keys(1000, moment);
  perform baton.cut_keys(1000, moment);
  expired := baton.expire_unclaimed(100, moment);
  begin
    perform baton.roll_up(32, moment);
  exception
    -- It only counts: nobody is served later for it. The maintenance fails by the same and tells.
    when others then
      raise warning 'baton.roll_up failed, and the next tick tries again: % (%)', sqlerrm, sqlstate;
  end;
  perform baton.settle_families(null, moment);
  perform baton.wake_noted(moment);
  select coalesce(jsonb_object_agg(b.band, least(first.run_at, moment - interval '5 seconds')), '{}'), nullif(min(first.run_at) filter (where b.band < 16), '-infinity') into low, oldest
  from baton.list_bands() as b (band)
  cross join lateral (select q.run_at from baton.ready q where q.band = b.band order by q.run_at limit 1) as first
  where b.band % 16 <= 3;
  queues := baton.describe_queues(moment, low);
  return jsonb_build_object('now', moment, 'crashed', reaped.crashed, 'poisoned', reaped.poisoned + unlawful, 'stopped', stopped, 'low', low, 'expired_signals', expired,
    'oldest_ms', coalesce(ceil(extract(epoch from greatest(moment - oldest, interval '0')) * 1000), 0),
    'unclaimed_ms', (select ceil(extract(epoch from greatest(moment, min(u.at)) - min(u.at)) * 1000) from baton.unclaimed u),
    'suspects', exists (select from baton.ready q where q.band between 4 and 8 and q.run_at <= moment), 'due_in_ms', baton.next_due(moment, low, 8),
    'lease_expires_in_ms', (select ceil(extract(epoch from min(greatest(expires_at, moment)) - moment) * 1000) from baton.lease where queue is null))
    || case when queues is null then '{}' else jsonb_build_object('queues', queues) end;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.try_mail(ids uuid[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid := (select i from unnest(ids) as i order by i limit 1);
  highest uuid := (select i from unnest(ids) as i order by i desc limit 1);
  locked uuid[];
  without uuid[];
begin
  select array_agg(run_id) into locked
  from (select w.run_id from baton.wait w where w.run_id = any (ids) for update skip locked) as l;
  without := array(select unnest(ids) except select w.run_id from baton.wait w where w.run_id = any (ids));
  if cardinality(without) > 0 then
    select array_cat(locked, array_agg(l.id)) into locked
    from (
      select r.id from baton.run r where r.id = any (array(select unnest(without))) and r.id between lowest and highest for update skip locked
    ) as l;
  end if;
  return coalesce(locked, '{}');
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.undo_failed(ids uuid[], error jsonb, moment timestamp with time zone, crashed boolean DEFAULT false)
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  lowest uuid;
  highest uuid;
  begun uuid[];
begin
  if not exists (select from baton.undoable) then
    return ids;
  end if;
  lowest := (select i from unnest(ids) as i order by i limit 1);
  highest := (select i from unnest(ids) as i order by i desc limit 1);
  begun := baton.begin_undo(array(
    select r.id from baton.run r join baton.undoable u on u.workflow = r.workflow and u.version = r.version
    where r.id = any (array(select unnest(ids))) and r.id between lowest and highest), 'failed', error, moment, crashed);
  return array(select unnest(ids) except select unnest(begun));
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.wait_until(began timestamp with time zone, until timestamp with time zone, moment timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when began <= moment then until else least(until, moment + (until - began)) end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.wake_noted(moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  noted uuid[];
begin
  with gone as (
    delete from baton.wakeup where run_id = any (array(select run_id from baton.wakeup limit 1000 for update skip locked)) returning run_id
  )
  select array_agg(g.run_id) into noted from gone g;
  return baton.wake_runs(noted, moment);
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.wake_runs(ids uuid[], moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  woken uuid[];
begin
  if coalesce(cardinality(ids), 0) = 0 then
    return false;
  end if;
  with held as (
    select q.run_id from baton.ready q where q.run_id = any (ids) and q.run_at > moment for update skip locked
  ), due as (
    update baton.ready q set run_at = moment from held h where q.run_id = h.run_id returning q.run_id
  )
  select array_agg(d.run_id) into woken from due d;
  insert into baton.wakeup (run_id)
  select q.run_id from baton.ready q where q.run_id = any (ids) and q.run_at > moment on conflict do nothing;
  return woken is not null;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.walk_week(failures text, attributes text, matches text, sought text, pattern text, before uuid, most integer, OUT ids uuid[], OUT looked integer, OUT next uuid)
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
AS $function$
begin
  execute format(
    'with walked as (
       select * from ((%1$s where run_id < $3 order by run_id desc limit $4) union all (%2$s where run_id < $3 order by run_id desc limit $4)) as part
       order by run_id desc limit $4
     ), last as (
       select count(*) as n, (array_agg(run_id order by run_id))[1] as lowest from walked
     ), seen as (
       select walked.* from walked, last where n < $4 or run_id > lowest
     )
     select array(select distinct run_id from (select * from seen offset 0) as part where %3$s), n,
       case when n = $4 then coalesce((select run_id from seen order by run_id limit 1), lowest) end
     from last',
    failures, attributes, matches)
    into ids, looked, next using sought, pattern, before, most;
end
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.week_indexes()
 RETURNS TABLE(parent text, suffix text, definition text)
 LANGUAGE sql
 IMMUTABLE
AS $function$
  values ('run', 'workflow', '(workflow collate "C", id)'),
    ('run', 'version', '(version, workflow collate "C", id)'),
    ('ending', 'at', '(at, run_id)'),
    ('ending', 'error', '(left(error ->> ''name'', 200) collate "C", run_id) where status = ''failed'''),
    ('failure', 'node', '(node, run_id) where retry_at is null')
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.week_start(part text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET "TimeZone" TO 'UTC'
AS $function$
  select to_timestamp(right(part, 8), 'YYYYMMDD')
  where part = any (array(select t || right(part, 9) from unnest(baton.weekly_tables()) as t)) and right(part, 9) ~ '^_[0-9]{8}$'
$function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.weekly_tables()
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select array['run', 'attribute', 'checkpoint', 'failure', 'ending'] $function$;

-- owner: baton_migrator
CREATE OR REPLACE FUNCTION baton.weeks_ahead(moment timestamp with time zone)
 RETURNS integer
 LANGUAGE sql
 STABLE
 SET "TimeZone" TO 'UTC'
AS $function$
  select coalesce(min(n) filter (where there < cardinality(baton.weekly_tables())), 11) - 1
  from (
    select n, (
      select count(*) from pg_class
      where relnamespace = 'baton'::regnamespace and relispartition and relname = any (array(
        select t || to_char(date_trunc('week', moment) + n * interval '7 days', '_YYYYMMDD') from unnest(baton.weekly_tables()) as t))
    ) as there
    from generate_series(1, 10) as n
  ) as week
$function$;

-- owner: baton_engine
CREATE OR REPLACE FUNCTION baton.weigh_week(week timestamp with time zone, rules jsonb, moment timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'baton', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return (
    select jsonb_build_object('runs', count(*), 'expired', count(*) filter (where baton.has_expired(rules, r.workflow, e.status, e.at, moment)),
      'bytes', (select sum(pg_total_relation_size(to_regclass('baton.' || t || to_char(week, '_YYYYMMDD')))) from unnest(baton.weekly_tables()) as t))
    from baton.run r
    left join baton.ending e on e.run_id = r.id
    where r.id >= baton.id_at(week) and r.id < baton.id_at(week + interval '7 days'));
end
$function$;

grant usage on schema baton to baton_archiver;
grant usage on schema baton to baton_engine;
grant usage on schema baton to baton_maintainer;
grant usage on schema baton to baton_operator;
grant usage on schema baton to baton_poller;
grant usage on schema baton to baton_producer;
grant usage on schema baton to baton_reader;
grant usage on schema baton to baton_signaller;
grant usage on schema baton to baton_views;
grant select on table baton.actions to baton_operator;
grant select on table baton.actions to baton_reader;
grant delete, insert, select, update on table baton.attribute to baton_engine;
grant delete, insert, select, update on table baton.audit to baton_engine;
grant select on table baton.audit to baton_views;
grant delete, insert, select, update on table baton.awaited to baton_engine;
grant select on table baton.backlog to baton_operator;
grant select on table baton.backlog to baton_reader;
grant delete, insert, select, update on table baton.blocked to baton_engine;
grant select on table baton.blocked to baton_views;
grant delete, insert, select, update on table baton.checkpoint to baton_engine;
grant select on table baton.checkpoint to baton_views;
grant delete, insert, select, update on table baton.child to baton_engine;
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
grant delete, insert, select, update on table baton.hook_run to baton_engine;
grant delete, insert, select, update on table baton.lease to baton_engine;
grant select on table baton.lease to baton_views;
grant delete, insert, select, update on table baton.message to baton_engine;
grant select on table baton.migration to baton_engine;
grant select on table baton.migration to baton_maintainer;
grant select on table baton.migration to baton_operator;
grant select on table baton.migration to baton_poller;
grant select on table baton.migration to baton_producer;
grant select on table baton.migration to baton_reader;
grant select on table baton.migration to baton_signaller;
grant delete, insert, select, update on table baton.queue to baton_engine;
grant select on table baton.queue to baton_views;
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
grant delete, insert, select, update on table baton.signal_key to baton_engine;
grant select on table baton.steps to baton_operator;
grant select on table baton.steps to baton_reader;
grant delete, insert, select, update on table baton.stopping to baton_engine;
grant select on table baton.throughput to baton_operator;
grant select on table baton.throughput to baton_reader;
grant delete, insert, select, update on table baton.unclaimed to baton_engine;
grant select on table baton.unclaimed to baton_views;
grant select on table baton.unclaimed_signals to baton_operator;
grant select on table baton.unclaimed_signals to baton_reader;
grant delete, insert, select, update on table baton.undoable to baton_engine;
grant delete, insert, select, update on table baton.wait to baton_engine;
grant delete, insert, select, update on table baton.waiting_item to baton_engine;
grant delete, insert, select, update on table baton.wakeup to baton_engine;
grant delete, insert, select, update on table baton.week to baton_engine;
grant delete, insert, select, update on table baton.workflow to baton_engine;
grant execute on function baton.add_facts(text,tid,tid,bigint,bigint) to baton_engine;
grant execute on function baton.add_hooks(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.add_mail(integer[],uuid[]) to baton_engine;
grant execute on function baton.add_queue(text) to baton_engine;
grant execute on function baton.advance(uuid,integer,jsonb) to baton_poller;
grant execute on function baton.answer_wait(jsonb) to baton_operator;
grant execute on function baton.answer_wait(jsonb) to baton_poller;
grant execute on function baton.answer_wait(jsonb) to baton_signaller;
grant execute on function baton.append_checkpoints(baton.lease,jsonb,boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.append_failures(baton.lease,jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.append_sleeps(baton.lease,jsonb,boolean,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.ask_partman(text,timestamp with time zone) to baton_engine;
grant execute on function baton.attribute_text(jsonb) to baton_engine;
grant execute on function baton.beat(uuid,integer) to baton_poller;
grant execute on function baton.begin_undo(uuid[],text,jsonb,timestamp with time zone,boolean) to baton_engine;
grant execute on function baton.block_members(baton.lease,jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.cancel(uuid,jsonb) to baton_operator;
grant execute on function baton.change_attributes(uuid,jsonb) to baton_operator;
grant execute on function baton.check_answer(jsonb) to baton_engine;
grant execute on function baton.check_claim(text,jsonb,text[],text[]) to baton_engine;
grant execute on function baton.check_columns(text,jsonb,text[],text[]) to baton_engine;
grant execute on function baton.check_enqueue(jsonb,jsonb) to baton_engine;
grant execute on function baton.check_hooks(jsonb) to baton_engine;
grant execute on function baton.check_keys(jsonb,jsonb) to baton_engine;
grant execute on function baton.check_list(jsonb) to baton_engine;
grant execute on function baton.check_round(jsonb) to baton_engine;
grant execute on function baton.check_signal(jsonb) to baton_engine;
grant execute on function baton.check_steps(jsonb) to baton_engine;
grant execute on function baton.claim(uuid,jsonb) to baton_poller;
grant execute on function baton.commit_durably() to baton_engine;
grant execute on function baton.count_buckets(double precision[]) to baton_engine;
grant execute on function baton.count_changes(uuid[],uuid[],jsonb,jsonb) to baton_engine;
grant execute on function baton.count_digits(numeric) to baton_engine;
grant execute on function baton.count_facts(text,tid,tid,bigint,bigint,timestamp with time zone) to baton_engine;
grant execute on function baton.count_failures(uuid[],uuid,uuid,timestamp with time zone) to baton_engine;
grant execute on function baton.count_fitting(integer[],bigint,boolean) to baton_engine;
grant execute on function baton.count_folded(uuid,text) to baton_engine;
grant execute on function baton.count_hidden(uuid,text[],text,timestamp with time zone) to baton_engine;
grant execute on function baton.count_minutes(timestamp with time zone) to baton_operator;
grant execute on function baton.count_minutes(timestamp with time zone) to baton_reader;
grant execute on function baton.count_pages(oid) to baton_engine;
grant execute on function baton.count_runs(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.count_unsuccessful(uuid,text) to baton_engine;
grant execute on function baton.crash_each(baton.lease,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.crash_members(baton.lease,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.cut_keys(integer,timestamp with time zone) to baton_engine;
grant execute on function baton.cut_leases(timestamp with time zone) to baton_engine;
grant execute on function baton.delete_run(uuid,jsonb) to baton_operator;
grant execute on function baton.deliver_signal(uuid,jsonb) to baton_engine;
grant execute on function baton.describe_family(uuid) to baton_engine;
grant execute on function baton.describe_hooks(uuid) to baton_engine;
grant execute on function baton.describe_items(integer[],uuid[],integer) to baton_engine;
grant execute on function baton.describe_members(uuid[],integer[],uuid[],jsonb) to baton_engine;
grant execute on function baton.describe_queues(timestamp with time zone,jsonb) to baton_engine;
grant execute on function baton.drop_months(timestamp with time zone) to baton_engine;
grant execute on function baton.drop_week(timestamp with time zone,jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.drop_week(timestamp with time zone,jsonb,timestamp with time zone) to baton_maintainer;
grant execute on function baton.end_each(uuid[],text,jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.end_members(baton.lease,jsonb,text,uuid[],boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.end_runs(uuid[],text,jsonb[],boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.end_unlawful(timestamp with time zone) to baton_engine;
grant execute on function baton.enqueue(jsonb) to baton_producer;
grant execute on function baton.enqueue_as_columns(jsonb) to baton_engine;
grant execute on function baton.ensure_month(timestamp with time zone) to baton_engine;
grant execute on function baton.ensure_partitions() to baton_engine;
grant execute on function baton.ensure_week(timestamp with time zone) to baton_engine;
grant execute on function baton.existing_runs(uuid[]) to baton_engine;
grant execute on function baton.expire_unclaimed(integer,timestamp with time zone) to baton_engine;
grant execute on function baton.explain_endings(uuid[],jsonb[]) to baton_engine;
grant execute on function baton.fail_oversized(tid[],integer[],uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.find_first_failed(uuid,text) to baton_engine;
grant execute on function baton.find_free_slots(bit varying,integer) to baton_engine;
grant execute on function baton.find_late(baton.lease,jsonb,jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.find_open_children(uuid[],integer) to baton_engine;
grant execute on function baton.find_owner(text,text,text,timestamp with time zone) to baton_engine;
grant execute on function baton.find_partman() to baton_engine;
grant execute on function baton.find_pointer(jsonb,jsonb) to baton_engine;
grant execute on function baton.find_queue(text) to baton_engine;
grant execute on function baton.find_run(uuid) to baton_operator;
grant execute on function baton.find_run(uuid) to baton_reader;
grant execute on function baton.find_stopped(uuid[]) to baton_engine;
grant execute on function baton.find_taken(uuid,jsonb) to baton_engine;
grant execute on function baton.find_unsuccessful(uuid[]) to baton_engine;
grant execute on function baton.fingerprint(text,text) to baton_engine;
grant execute on function baton.fingerprint(text,text) to baton_operator;
grant execute on function baton.fingerprint(text,text) to baton_reader;
grant execute on function baton.forget_keys(integer,timestamp with time zone) to baton_engine;
grant execute on function baton.forget_some(integer,timestamp with time zone) to baton_engine;
grant execute on function baton.forget_stops(uuid[]) to baton_engine;
grant execute on function baton.forget_undo(uuid) to baton_engine;
grant execute on function baton.forgiven_failures(uuid[]) to baton_engine;
grant execute on function baton.format_runs(uuid[]) to baton_engine;
grant execute on function baton.gather_families(uuid[],jsonb) to baton_engine;
grant execute on function baton.gather_items(uuid,text,integer) to baton_engine;
grant execute on function baton.gather_lists(uuid[],text[],uuid[]) to baton_engine;
grant execute on function baton.gather_mail(uuid[],jsonb) to baton_engine;
grant execute on function baton.gather_outputs(uuid[],uuid,uuid,timestamp with time zone) to baton_engine;
grant execute on function baton.gather_ranges(uuid[],text[],text[],timestamp with time zone) to baton_engine;
grant execute on function baton.gather_steps(uuid,text[],bigint) to baton_engine;
grant execute on function baton.gather_times(uuid[]) to baton_engine;
grant execute on function baton.has_expired(jsonb,text,text,timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.has_member(baton.lease,integer,uuid) to baton_engine;
grant execute on function baton.has_open_family(uuid) to baton_engine;
grant execute on function baton.heal_clock(timestamp with time zone) to baton_engine;
grant execute on function baton.heal_waits(baton.clock,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.hidden_below(text,text) to baton_engine;
grant execute on function baton.id_at(timestamp with time zone) to baton_engine;
grant execute on function baton.id_at(timestamp with time zone) to baton_operator;
grant execute on function baton.id_at(timestamp with time zone) to baton_reader;
grant execute on function baton.id_time(uuid) to baton_engine;
grant execute on function baton.is_closed(timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.is_counted(text,bigint,bigint) to baton_engine;
grant execute on function baton.is_double(numeric) to baton_engine;
grant execute on function baton.is_over(uuid,text) to baton_engine;
grant execute on function baton.is_week_indexed(text) to baton_engine;
grant execute on function baton.keep_ending(uuid) to baton_engine;
grant execute on function baton.keep_months() to baton_engine;
grant execute on function baton.keep_months() to baton_maintainer;
grant execute on function baton.keep_unclaimed(jsonb) to baton_engine;
grant execute on function baton.keep_weeks() to baton_maintainer;
grant execute on function baton.kept_until(uuid) to baton_operator;
grant execute on function baton.kept_until(uuid) to baton_reader;
grant execute on function baton.key_lock(text,text,text) to baton_engine;
grant execute on function baton.lend_table(text) to baton_engine;
grant execute on function baton.lend_table(text) to baton_maintainer;
grant execute on function baton.let_go(timestamp with time zone,jsonb,timestamp with time zone,uuid[]) to baton_engine;
grant execute on function baton.let_go_runs(timestamp with time zone,jsonb,timestamp with time zone,uuid,integer) to baton_maintainer;
grant execute on function baton.let_go_taken(timestamp with time zone,jsonb,timestamp with time zone,jsonb) to baton_maintainer;
grant execute on function baton.list_bands() to baton_engine;
grant execute on function baton.list_bounds(jsonb,uuid[],uuid) to baton_engine;
grant execute on function baton.list_children(uuid,jsonb) to baton_operator;
grant execute on function baton.list_children(uuid,jsonb) to baton_reader;
grant execute on function baton.list_chunks(text,bigint,timestamp with time zone,bigint,integer) to baton_engine;
grant execute on function baton.list_closed_weeks() to baton_maintainer;
grant execute on function baton.list_conditions(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.list_containing(text,uuid,uuid,integer) to baton_engine;
grant execute on function baton.list_entries(jsonb,text,text,text) to baton_engine;
grant execute on function baton.list_few(jsonb,uuid,uuid,uuid[],integer) to baton_engine;
grant execute on function baton.list_few_ready(boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.list_fits(jsonb,text) to baton_engine;
grant execute on function baton.list_hooks(jsonb) to baton_engine;
grant execute on function baton.list_ids(jsonb,uuid,integer,timestamp with time zone) to baton_engine;
grant execute on function baton.list_members(uuid[],bit varying,bit varying) to baton_engine;
grant execute on function baton.list_months() to baton_engine;
grant execute on function baton.list_names(text,integer,integer) to baton_engine;
grant execute on function baton.list_names_of_week(text,integer,integer,uuid,uuid) to baton_engine;
grant execute on function baton.list_parts(uuid,text,text,timestamp with time zone) to baton_engine;
grant execute on function baton.list_place(text,timestamp with time zone) to baton_engine;
grant execute on function baton.list_plan(jsonb,boolean,boolean) to baton_engine;
grant execute on function baton.list_ranges(uuid[],jsonb) to baton_engine;
grant execute on function baton.list_runs(jsonb) to baton_operator;
grant execute on function baton.list_runs(jsonb) to baton_reader;
grant execute on function baton.list_sources(jsonb,boolean,boolean) to baton_engine;
grant execute on function baton.list_steps(uuid,jsonb) to baton_operator;
grant execute on function baton.list_steps(uuid,jsonb) to baton_reader;
grant execute on function baton.list_stops(uuid[]) to baton_engine;
grant execute on function baton.list_tables(jsonb) to baton_engine;
grant execute on function baton.list_unclaimed(jsonb) to baton_operator;
grant execute on function baton.list_unclaimed(jsonb) to baton_reader;
grant execute on function baton.list_unfinished(uuid[]) to baton_engine;
grant execute on function baton.list_week(jsonb,uuid[],uuid,uuid,integer,integer) to baton_engine;
grant execute on function baton.list_weeks(uuid,uuid) to baton_engine;
grant execute on function baton.list_workflows(jsonb) to baton_operator;
grant execute on function baton.list_workflows(jsonb) to baton_reader;
grant execute on function baton.lock_mail(uuid) to baton_engine;
grant execute on function baton.lock_run(uuid) to baton_engine;
grant execute on function baton.make_months(timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.make_partitions(timestamp with time zone,timestamp with time zone,boolean) to baton_engine;
grant execute on function baton.mark_gone(baton.lease,integer[],uuid[]) to baton_engine;
grant execute on function baton.merge_attributes(jsonb,jsonb) to baton_engine;
grant execute on function baton.missing_indexes() to baton_maintainer;
grant execute on function baton.moment() to baton_maintainer;
grant execute on function baton.moment() to baton_operator;
grant execute on function baton.moment() to baton_reader;
grant execute on function baton.most_entries() to baton_engine;
grant execute on function baton.move_waits(baton.clock,uuid[],timestamp with time zone[],timestamp with time zone) to baton_engine;
grant execute on function baton.ms_between(timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.ms_between(timestamp with time zone,timestamp with time zone) to baton_maintainer;
grant execute on function baton.ms_between(timestamp with time zone,timestamp with time zone) to baton_operator;
grant execute on function baton.ms_between(timestamp with time zone,timestamp with time zone) to baton_reader;
grant execute on function baton.never() to baton_engine;
grant execute on function baton.never() to baton_operator;
grant execute on function baton.never() to baton_poller;
grant execute on function baton.never() to baton_producer;
grant execute on function baton.never() to baton_reader;
grant execute on function baton.new_id() to baton_operator;
grant execute on function baton.new_ids(integer) to baton_engine;
grant execute on function baton.next_due(timestamp with time zone,jsonb,integer,smallint) to baton_engine;
grant execute on function baton.note_action(text,uuid,text,jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.note_family(text,uuid[]) to baton_engine;
grant execute on function baton.note_items(uuid,text,jsonb) to baton_engine;
grant execute on function baton.note_undoable(jsonb) to baton_engine;
grant execute on function baton.note_week(timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.now() to baton_engine;
grant execute on function baton.park_members(baton.lease,jsonb,boolean,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.park_waiting(baton.lease,jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.patch_attributes(uuid,jsonb) to baton_engine;
grant execute on function baton.patch_members(baton.lease,jsonb,uuid[]) to baton_engine;
grant execute on function baton.path_of_child(baton.child) to baton_engine;
grant execute on function baton.place_status(uuid,timestamp with time zone) to baton_engine;
grant execute on function baton.prove_round(uuid,integer,name) to baton_poller;
grant execute on function baton.put_back(uuid[],timestamp with time zone[],integer,integer[],smallint[],smallint) to baton_engine;
grant execute on function baton.quantile(jsonb,double precision) to baton_engine;
grant execute on function baton.quantile(jsonb,double precision) to baton_operator;
grant execute on function baton.quantile(jsonb,double precision) to baton_reader;
grant execute on function baton.read_expired(timestamp with time zone,jsonb,timestamp with time zone,uuid,integer) to baton_archiver;
grant execute on function baton.reap_leases(timestamp with time zone) to baton_engine;
grant execute on function baton.recall_family(text) to baton_engine;
grant execute on function baton.recall_items() to baton_engine;
grant execute on function baton.recompute_due(uuid[],timestamp with time zone,timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.recount_children(timestamp with time zone) to baton_engine;
grant execute on function baton.redrive(uuid,jsonb) to baton_operator;
grant execute on function baton.redrive_child(uuid,timestamp with time zone) to baton_engine;
grant execute on function baton.redrive_children(baton.lease,jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.redrives(uuid) to baton_operator;
grant execute on function baton.redrives(uuid) to baton_reader;
grant execute on function baton.refill_lease(baton.lease,jsonb,jsonb,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.refresh_daily() to baton_engine;
grant execute on function baton.refresh_daily() to baton_maintainer;
grant execute on function baton.refuse_answer(jsonb,uuid) to baton_engine;
grant execute on function baton.refuse_deep(uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.refuse_foreign_ids(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.refuse_unfaithful(jsonb,text) to baton_engine;
grant execute on function baton.release(uuid) to baton_poller;
grant execute on function baton.release_items(uuid,text,timestamp with time zone) to baton_engine;
grant execute on function baton.remember_request(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.remember_runs(jsonb,jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.remember_signal(jsonb,text,timestamp with time zone) to baton_engine;
grant execute on function baton.remove_hooks(uuid[]) to baton_engine;
grant execute on function baton.remove_runs(uuid[]) to baton_engine;
grant execute on function baton.repair() to baton_migrator;
grant execute on function baton.repeat_claim(baton.lease,jsonb,jsonb) to baton_engine;
grant execute on function baton.repeat_item(uuid,text,uuid,timestamp with time zone) to baton_engine;
grant execute on function baton.repeat_items(baton.lease,jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.repeat_round(baton.lease,boolean,jsonb,jsonb,jsonb) to baton_engine;
grant execute on function baton.replace_hooks(jsonb) to baton_migrator;
grant execute on function baton.require_actor(text,jsonb) to baton_engine;
grant execute on function baton.require_id(text,uuid) to baton_engine;
grant execute on function baton.require_keys(text,jsonb,text[],text[]) to baton_engine;
grant execute on function baton.require_kind(text,jsonb,text,text[]) to baton_engine;
grant execute on function baton.require_read_committed() to baton_engine;
grant execute on function baton.require_rows(text,jsonb,text[],text[]) to baton_engine;
grant execute on function baton.return_members(baton.lease,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.revive(uuid) to baton_engine;
grant execute on function baton.roll_up(integer,timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.rows_as_columns(jsonb) to baton_engine;
grant execute on function baton.runs_between(timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.runs_between(timestamp with time zone,timestamp with time zone) to baton_operator;
grant execute on function baton.runs_between(timestamp with time zone,timestamp with time zone) to baton_reader;
grant execute on function baton.runs_with_ending(uuid[]) to baton_engine;
grant execute on function baton.runs_with_output(uuid[],text[]) to baton_engine;
grant execute on function baton.runs_with_progress(uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.runs_with_verdict(uuid[]) to baton_engine;
grant execute on function baton.search_runs(jsonb) to baton_operator;
grant execute on function baton.search_runs(jsonb) to baton_reader;
grant execute on function baton.search_schema() to baton_engine;
grant execute on function baton.search_week(text,text,text,text,uuid,integer) to baton_engine;
grant execute on function baton.settle_families(jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.settle_items(jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.signal(jsonb) to baton_operator;
grant execute on function baton.signal(jsonb) to baton_poller;
grant execute on function baton.signal(jsonb) to baton_producer;
grant execute on function baton.signal(jsonb) to baton_signaller;
grant execute on function baton.signal_id(jsonb) to baton_engine;
grant execute on function baton.sort_stops(uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.spawn_children(baton.lease,jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.spawn_items(baton.lease,jsonb,uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.start_hooks(uuid[],text,jsonb[],timestamp with time zone) to baton_engine;
grant execute on function baton.state(uuid) to baton_operator;
grant execute on function baton.state(uuid) to baton_reader;
grant execute on function baton.stop_children(uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.stop_members(baton.lease,integer[],timestamp with time zone) to baton_engine;
grant execute on function baton.stop_noted(timestamp with time zone) to baton_engine;
grant execute on function baton.stop_parked(timestamp with time zone) to baton_engine;
grant execute on function baton.stop_some(uuid[],integer,timestamp with time zone) to baton_engine;
grant execute on function baton.store_attributes(jsonb,uuid[]) to baton_engine;
grant execute on function baton.store_runs(jsonb,jsonb,uuid[],boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.store_verdicts(uuid[],text,jsonb,boolean,timestamp with time zone) to baton_engine;
grant execute on function baton.sum_buckets(jsonb) to baton_engine;
grant execute on function baton.sum_buckets(jsonb) to baton_operator;
grant execute on function baton.sum_buckets(jsonb) to baton_reader;
grant execute on function baton.summarise_run(uuid) to baton_engine;
grant execute on function baton.sweep_rollup(integer,timestamp with time zone) to baton_maintainer;
grant execute on function baton.take_back_tables() to baton_engine;
grant execute on function baton.take_back_tables() to baton_maintainer;
grant execute on function baton.take_batch(jsonb,integer,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.take_keys(uuid[],jsonb,timestamp with time zone) to baton_engine;
grant execute on function baton.take_messages(baton.lease,jsonb,uuid[]) to baton_engine;
grant execute on function baton.take_parked(uuid[]) to baton_engine;
grant execute on function baton.take_ready(integer,integer,bigint,boolean,timestamp with time zone,timestamp with time zone,boolean,integer) to baton_engine;
grant execute on function baton.take_suspects(jsonb,integer,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.take_unblocked(jsonb,timestamp with time zone,integer) to baton_engine;
grant execute on function baton.tick() to baton_poller;
grant execute on function baton.try_mail(uuid[]) to baton_engine;
grant execute on function baton.undo_failed(uuid[],jsonb,timestamp with time zone,boolean) to baton_engine;
grant execute on function baton.wait_until(timestamp with time zone,timestamp with time zone,timestamp with time zone) to baton_engine;
grant execute on function baton.wake_noted(timestamp with time zone) to baton_engine;
grant execute on function baton.wake_runs(uuid[],timestamp with time zone) to baton_engine;
grant execute on function baton.walk_week(text,text,text,text,text,uuid,integer) to baton_engine;
grant execute on function baton.week_indexes() to baton_engine;
grant execute on function baton.week_start(text) to baton_engine;
grant execute on function baton.weekly_tables() to baton_engine;
grant execute on function baton.weeks_ahead(timestamp with time zone) to baton_engine;
grant execute on function baton.weigh_week(timestamp with time zone,jsonb,timestamp with time zone) to baton_maintainer;

-- The runs in some slots of a lease, as a poller needs them: input, the fold of the checkpoints,
-- and failures by node. slots are parallel to ids; only begun_ids can have checkpoints and
-- failures. The answer is in the order of ids, as they are read.
--
-- runs: one array for each column, { id, place, workflow, version, input }, and outputs, failures,
--          forgiven, redrives, asleep, backing_off, fatal, mail, family and finished as objects by
--          run id, where there are any. As json, which is written as text at once: 4 µs a run where
--          jsonb by rows took 14.
-- manifest: as in claim, for what their workflows need no longer; null reads it too.
-- missing: the ids of which there is no run; null when there are none.
-- The bounds keep all partitions but theirs out, and a plan made for them locks none of the others;
-- a generic one would.
-- It is made at each call, so it must not see the ids one by one: as any (ids) 160 of them took it
-- 0.4 ms.
create or replace function baton.describe_members(ids uuid[], slots integer[], begun_ids uuid[], manifest jsonb, out runs json, out missing uuid[])
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- Takes the idempotency keys of single runs and returns the run that each key stands for, null for
-- one without a key.
-- Keys are taken in order, expired ones too, so that two batches never wait for each other in a
-- circle.
-- runs, shared: as for store_runs.
create or replace function baton.remember_runs(runs jsonb, shared jsonb, moment timestamptz) returns uuid[]
language plpgsql volatile
as $$
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
$$;

-- Takes the idempotency keys of single runs and returns request.runs with, under "known", the run
-- that a key stands for.
-- Keys are taken in order, expired ones too, so that two batches never wait for each other in a
-- circle.
create or replace function baton.remember_runs(request jsonb, moment timestamptz) returns jsonb
language plpgsql volatile
as $$
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
$$;

-- Why nobody waits for an answer any more, as the header of answer_wait has it; null: somebody
-- does.
create or replace function baton.refuse_answer(request jsonb, id uuid) returns text
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- Lets a failed run go on where it stopped, with all its attempts anew; its checkpoints stay.
-- answer: { status, redriven } — status before the call; redriven: this call or an earlier one did it. Null: no such run.
-- grant: baton_operator
create or replace function baton.redrive(id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set enable_seqscan = off
as $$
declare
  moment timestamptz := baton.now();
  ended text;
begin
  perform baton.require_read_committed();
  if not exists (select from baton.run r where r.id = redrive.id) then
    return null;
  end if;
  delete from baton.ending e where e.run_id = redrive.id and e.status = 'failed';
  if not found then
    select e.status into ended from baton.ending e where e.run_id = redrive.id;
    return jsonb_build_object('status', coalesce(ended, 'unfinished'),
      'redriven', exists (select from baton.redrive r where r.run_id = redrive.id));
  end if;
  insert into baton.redrive (run_id, at, forgiven)
  select redrive.id, moment, coalesce(jsonb_object_agg(node, failures), '{}')
  from (select node, count(*) as failures from baton.failure f where f.run_id = redrive.id group by node) as by_node;
  -- A cancel that came too late for the failure is not meant for what follows.
  delete from baton.control c where c.run_id = redrive.id;
  perform baton.put_back(array[redrive.id], array[moment]);
  return jsonb_build_object('status', 'failed', 'redriven', true);
end
$$;

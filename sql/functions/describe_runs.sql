-- The runs at some places of a lease, as a poller needs them: input, the fold of the checkpoints, and failures by node.
-- One look-up by id each: a join over the partitions would read them all.
create or replace function baton.describe_runs(ids uuid[], places integer[], begun boolean[]) returns jsonb
language plpgsql stable
as $$
declare
  answer jsonb;
begin
  select jsonb_agg(jsonb_build_object('id', t.id, 'place', t.place, 'workflow', r.workflow, 'version', r.version, 'input', r.input,
      'outputs', c.outputs, 'failures', f.counts, 'forgiven', g.forgiven))
    into answer
  from unnest(ids, places, begun) as t (id, place, begun)
  cross join lateral (select workflow, version, input from baton.run where id = t.id limit 1) as r
  cross join lateral (
    select jsonb_object_agg(node, output) as outputs from baton.checkpoint where t.begun and run_id = t.id
  ) as c
  cross join lateral (
    select jsonb_object_agg(node, attempts) as counts
    from (select node, count(*) as attempts from baton.failure where t.begun and run_id = t.id and node <> '' group by node) as by_node
  ) as f
  left join lateral (
    select forgiven from baton.redrive where f.counts is not null and run_id = t.id order by at desc limit 1
  ) as g on true;
  return coalesce(answer, '[]');
end
$$;

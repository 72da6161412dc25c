-- Starts a part of a map's items as runs: entries are [{ place, run, node, part, workflow, version,
-- tolerated, most? }], and the inputs are what members have stored at node/~plan/part. They have
-- their parent's priority. With most, all of them wait, and settle_families has as many go on as
-- may.
create or replace function baton.spawn_items(held baton.lease, entries jsonb, skipped uuid[], moment timestamptz) returns void
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
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
$$;

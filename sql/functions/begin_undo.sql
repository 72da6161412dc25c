-- Has runs undone that were taken out of their places and would end: a poller does that next, and
-- they end after it. Returns them; the others have been undone, or are.
create or replace function baton.begin_undo(ids uuid[], status text, error jsonb, moment timestamptz, crashed boolean default false) returns uuid[]
language plpgsql volatile
as $$
declare
  begun uuid[] := baton.store_verdicts(ids, status, error, crashed, moment);
begin
  -- Who has ended pollers is claimed alone: what it had done may be undone all the same.
  perform baton.put_back(begun, array_fill(moment, array[cardinality(begun)]), case when crashed then 3 end);
  return begun;
end
$$;

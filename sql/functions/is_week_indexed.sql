-- Whether a week, such as 20260907, has all indexes of closed weeks, and none is being built.
create or replace function baton.is_week_indexed(week text) returns boolean
language plpgsql stable
as $$
begin
  return (
    select bool_and(coalesce((
      select i.indisvalid from pg_index i where i.indexrelid = to_regclass(format('baton.%s_%s_%s', w.parent, week, w.suffix))), false))
    from baton.week_indexes() as w);
end
$$;

-- Makes the month of the audit that a moment lies in, if it is missing: an action is noted also
-- where no maintenance has run for months. A look at the catalogue's cache, mostly.
create or replace function baton.ensure_month(moment timestamptz) returns void
language plpgsql volatile
as $$
begin
  if to_regclass(to_char(moment at time zone 'UTC', '"baton.audit_p"YYYYMM"01"')) is null then
    perform baton.make_months(moment, moment);
  end if;
end
$$;

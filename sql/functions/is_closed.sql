-- Whether a week is closed: it has been over for a day, so no id of it is taken any more.
create or replace function baton.is_closed(week timestamptz, moment timestamptz) returns boolean
language sql stable
as $$ select week + interval '192 hours' <= moment $$;

-- Whether a run that ended so is to be let go at a moment.
--
-- rules: { status: { workflow: ms } } — the workflow '' stands for all that have no rule of their
--        own; null, or no rule: it is kept for ever.
create or replace function baton.has_expired(rules jsonb, workflow text, status text, at timestamptz, moment timestamptz) returns boolean
language sql stable
as $$
  select coalesce(at + interval '1 millisecond' * (
    case when rules -> status ? workflow then rules -> status ->> workflow else rules -> status ->> '' end)::float8 <= moment, false)
$$;

-- What operators did: a row for each action that changed something, and no payload. Partitioned by
-- month by when it was done, as there is no id that tells it of all actions.
create table baton.audit (
  id uuid not null,
  at timestamptz not null,
  action text not null,
  run_id uuid,
  actor text not null,
  details jsonb not null,
  constraint audit_id primary key (at, id)
) partition by range (at);

create index audit_of_run on baton.audit (run_id, at);

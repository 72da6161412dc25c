-- The places of unfinished runs, an index over their state: each run is in exactly one of them.

-- Runs that may be claimed now or at a known later time. Insert and delete only.
-- band: 0 to 3 is the priority; 3 + n holds suspects, runs whose poller crashed n times.
create table baton.ready (
  run_id uuid not null,
  band smallint not null,
  run_at timestamptz not null,
  bytes integer not null,
  begun boolean not null,
  constraint ready_run primary key (run_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

create index ready_claim_order on baton.ready (band, run_at);

-- One poller invocation's claim: the row is lease, heartbeat and fence at once.
-- run_ids is written at claim only; gone has one bit for each place in it, 1 where the run has left.
-- run_ids stands last: an update is logged from the first to the last byte that changed (816 bytes a round, not 2,442).
create table baton.lease (
  token uuid not null,
  round integer not null,
  expires_at timestamptz not null,
  claimed_at timestamptz not null,
  crashes smallint not null,
  gone varbit not null,
  fresh_round integer not null,
  fresh varbit not null,
  told jsonb,
  run_ids uuid[] not null,
  constraint lease_token primary key (token)
) with (fillfactor = 50, toast_tuple_target = 128, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Immutable between claims and kept out of line, so that a round rewrites the bitmap alone.
alter table baton.lease alter column run_ids set storage external;

-- Runs whose workflow, or whose shape of it, the code that claimed them did not know.
create table baton.blocked (
  run_id uuid not null,
  workflow text not null,
  version integer not null,
  shape text not null,
  reason text not null,
  at timestamptz not null,
  constraint blocked_run primary key (run_id)
);

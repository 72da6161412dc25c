-- A run and what became of it: written once, never changed, partitioned by the time in its id.

-- The request, as accepted. It has no status: that is read from the run's place or its ending.
create table baton.run (
  id uuid not null,
  workflow text not null,
  version integer not null,
  priority smallint not null,
  input jsonb not null,
  start_at timestamptz not null,
  created_at timestamptz not null,
  constraint run_id primary key (id),
  constraint run_priority_is_0_to_3 check (priority between 0 and 3)
) partition by range (id);

-- The output of one node of one run. The key stops a second output; finished_at of a sleep lies ahead.
create table baton.checkpoint (
  run_id uuid not null,
  node text not null,
  position smallint not null,
  attempt smallint not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  output jsonb not null,
  constraint checkpoint_is_written_once primary key (run_id, node)
) partition by range (run_id);

-- One failed attempt of a node; a crash of its poller stands under the node ''.
create table baton.failure (
  run_id uuid not null,
  node text not null,
  attempt smallint not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  retry_at timestamptz,
  error jsonb not null,
  constraint failure_is_written_once primary key (run_id, node, attempt)
) partition by range (run_id);

-- The terminal state. The key decides completion against cancel; a redrive removes a failed one.
create table baton.ending (
  run_id uuid not null,
  status text not null,
  error jsonb,
  at timestamptz not null,
  constraint ending_is_written_once primary key (run_id),
  constraint ending_status_is_known check (status in ('done', 'failed', 'cancelled'))
) partition by range (run_id);

create index ending_failed on baton.ending (run_id) where status = 'failed';

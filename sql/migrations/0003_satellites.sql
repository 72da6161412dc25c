-- Satellites, written only when their feature is used.

-- Idempotency keys: scope 'run' for one run, 'request' for a whole request; answer is what was said the first time.
create table baton.dedup (
  workflow text not null,
  scope text not null,
  key text not null,
  hash text not null,
  answer jsonb not null,
  expires_at timestamptz not null,
  constraint dedup_key primary key (workflow, scope, key)
);

create index dedup_expiry on baton.dedup (expires_at);

-- Stops asked for: applied at once to a parked run, else by the next advance, claim or tick.
create table baton.control (
  run_id uuid not null,
  kind text not null,
  at timestamptz not null,
  constraint control_run primary key (run_id),
  constraint control_kind_is_known check (kind in ('cancel'))
);

-- Failures that a redrive forgave: how many each node had, so that it gets its attempts anew.
create table baton.redrive (
  run_id uuid not null,
  at timestamptz not null,
  forgiven jsonb not null,
  constraint redrive_of_run primary key (run_id, at)
);

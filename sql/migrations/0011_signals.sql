-- Signals that runs wait for.

-- For which signals a run waits, from the first time that it does. A hint of whom a sender wakes;
-- its lock puts senders and pollers in order.
create table baton.wait (
  run_id uuid not null,
  names text[] not null,
  constraint wait_of_run primary key (run_id)
);

-- Messages to a run that no node has taken; the next of a name is the one with the least n.
create table baton.message (
  run_id uuid not null,
  name text not null,
  n bigint not null generated always as identity,
  body jsonb not null,
  at timestamptz not null,
  constraint message_of_run primary key (run_id, name, n)
);

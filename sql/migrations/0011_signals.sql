-- Signals that runs wait for.

-- For which signals a run waits, from the first time that it does, and by which keys: [{ name, key
-- }], null for none. A hint of whom a sender wakes; its lock puts senders and pollers in order.
create table baton.wait (
  run_id uuid not null,
  names text[] not null,
  keys jsonb,
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

-- Which run signals go to that are sent by a business key: the one that waited by it last.
create table baton.signal_key (
  workflow text not null,
  name text not null,
  key text not null,
  run_id uuid not null,
  constraint owner_of_key primary key (workflow, name, key)
);
create index key_of_run on baton.signal_key (run_id);

-- Messages by a key that no run has, in the order of n.
create table baton.unclaimed (
  workflow text not null,
  name text not null,
  key text not null,
  n bigint not null generated always as identity,
  body jsonb not null,
  at timestamptz not null,
  constraint unclaimed_of_key primary key (workflow, name, key, n)
);
create index unclaimed_by_age on baton.unclaimed (at);

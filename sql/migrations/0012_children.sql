-- Runs that other runs have started. Rows of both go with the parent's.
create table baton.child (
  run_id uuid not null,
  parent_id uuid not null,
  -- Of the parent's node.
  path text collate "C" not null,
  -- Nobody awaits it.
  detached boolean not null,
  -- How many runs are above it that await one another.
  depth smallint not null,
  constraint child_run primary key (run_id)
);
create index child_of_parent on baton.child (parent_id, path, run_id);

-- How many children a node awaits that have not ended. Only the engine locks its rows: whoever
-- parks a parent, and whoever ends a child, meet there.
create table baton.awaited (
  parent_id uuid not null,
  path text collate "C" not null,
  open integer not null,
  constraint awaited_of_node primary key (parent_id, path)
) with (fillfactor = 80);

-- Children to be cancelled since their parent has ended. A parent's own id: it has more of them.
create table baton.stopping (
  run_id uuid not null,
  parent_id uuid not null,
  constraint stopping_run primary key (run_id)
);
create index stopping_of_parent on baton.stopping (parent_id);

-- Parents that are due, whose place somebody held when the last of their children ended.
create table baton.wakeup (
  run_id uuid not null,
  constraint wakeup_of_run primary key (run_id)
);

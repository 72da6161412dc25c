-- Items of a map that are runs.

-- Which item it is; -1: its node has no items.
alter table baton.child add column item integer not null default -1;
drop index baton.child_of_parent;
create index child_of_parent on baton.child (parent_id, path, item, run_id);

-- Of a map: how many items have failed, were cancelled or deleted; how many may; how many may go on
-- at once (null: all); and how many of the open ones wait for others to end.
alter table baton.awaited
  add column failed integer not null default 0,
  add column tolerated integer,
  add column most integer,
  add column behind integer not null default 0;

-- Items whose time has not come, since so many others go on. Changed only by who has locked the
-- node's row of awaited, or, of an item that failed and goes on again, its run.
create table baton.waiting_item (
  parent_id uuid not null,
  path text collate "C" not null,
  item integer not null,
  run_id uuid not null,
  -- It has failed before, and its parent was redriven.
  again boolean not null,
  constraint waiting_item_of_node primary key (parent_id, path, item)
);

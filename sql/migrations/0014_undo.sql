-- Runs that are undone before they end.

-- Workflows with something that can be undone, as pollers have said that claimed for them: whatever
-- ends a run of one without a poller has it undone first.
create table baton.undoable (
  workflow text not null,
  version integer not null,
  constraint undoable_workflow primary key (workflow, version)
);

-- A cancel may ask for it too.
alter table baton.control add column undo boolean not null default false;

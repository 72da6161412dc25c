-- What is remembered of the database's clock, so that a tick notices that it was set back.

-- One row: the latest moment that a tick saw, written every ten minutes. While waits are being set right after a jump: from where to
-- where the clock went (set_to is null when it came back to where it had been), and how far the ready runs have been looked at.
create table baton.clock (
  latest timestamptz not null,
  was timestamptz,
  set_to timestamptz,
  band smallint,
  run_at timestamptz,
  again boolean not null default false
);
insert into baton.clock (latest) values ('-infinity');

-- Each time that the clock was set back. Between these two moments, times say nothing of what came first.
create table baton.setback (
  was timestamptz not null,
  set_to timestamptz not null,
  constraint setback_is_noted_once primary key (was, set_to)
);

-- Whether start_at was named as a moment; null: it was counted from created_at. The null of all other runs takes no byte.
alter table baton.run add column start_is_named boolean;

-- What the retention did with weeks that are over: when it last looked at one, and until when the
-- runs that it let go were kept. No row for weeks that it never touched.
create table baton.week (
  starts timestamptz not null,
  looked_at timestamptz not null,
  kept_until timestamptz,
  constraint week_starts primary key (starts)
);

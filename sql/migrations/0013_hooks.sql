-- Runs that follow the endings of others.

-- What follows the endings of a workflow's runs, as { name, version } of the workflow that is
-- started; null: nothing, and a deployment has said so. since: from when on. Nearly always empty.
create table baton.workflow (
  name text not null,
  version integer not null,
  when_failed jsonb,
  when_ended jsonb,
  since timestamptz not null,
  constraint workflow_is_said_once primary key (name, version)
);

-- The runs that were started so: which ending of which run each follows, and by which hook. ending:
-- how often that run had been redriven. run_id: null when it is gone, and its id may be used anew.
create table baton.hook_run (
  hook_run_id uuid not null,
  run_id uuid,
  ending integer not null,
  hook text not null,
  constraint run_of_hook primary key (hook_run_id),
  constraint ending_is_followed_once unique (run_id, ending, hook),
  constraint hook_is_known check (hook in ('failed', 'ended'))
);

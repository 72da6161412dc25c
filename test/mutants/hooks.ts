import { caught, type Mutant } from "./mutant.ts";

const hooks = "db/hooks.test.ts";
const known = "db/hooks-known.test.ts";

/** What follows the endings of runs. */
export const hooked: readonly Mutant[] = [
  {
    name: "A hook's run is followed by that of its own hook",
    file: "sql/functions/start_hooks.sql",
    find: "where r.id <> all (of_hooks)",
    replace: "where of_hooks is not null",
    ...caught(hooks, "a hook's run fires no hook, even if its workflow has some, and its failure changes the first run in nothing"),
  },
  {
    name: "An ending that is kept starts the hooks of another one",
    file: "sql/functions/end_runs.sql",
    find: "perform baton.start_hooks(ids, new_status, errors, moment);",
    replace: "perform baton.start_hooks(ids || ended, new_status, errors, moment);",
    ...caught(hooks, "an ending that is there already is kept, and starts nothing"),
  },
  {
    name: "A run that failed again is followed as the first time",
    file: "sql/functions/start_hooks.sql",
    find: "(select count(*) from baton.redrive d where d.run_id = c.id)",
    replace: "0",
    ...caught(hooks, "a run that is redriven and fails again is followed again, and the attempts are those since then"),
  },
  {
    name: "A claim of an older poller changes what a deployment said",
    file: "sql/functions/add_hooks.sql",
    find: "on conflict do nothing;",
    replace: "on conflict (name, version) do update set when_failed = excluded.when_failed, when_ended = excluded.when_ended;",
    ...caught(known, "a claim stores hooks of which nobody has said anything, and changes none"),
  },
  {
    name: "A hook that a deployment took away leaves no row",
    file: "sql/functions/replace_hooks.sql",
    find: "or exists (select from baton.workflow w where w.name = h.name and w.version = h.version)",
    replace: "or false",
    ...caught(known, "a deployment changes hooks and takes them away, and a claim of before does not bring them back"),
  },
];

import { caught, type Mutant } from "./mutant.ts";

const repeats = "db/repeats.test.ts";

const audit = "db/audit.test.ts";

/** Cancel and redrive. */
export const operators: readonly Mutant[] = [
  {
    name: "A cancel looks only for runs that are done",
    file: "sql/functions/cancel.sql",
    find: "if found then\n    return",
    replace: "if ended = 'done' then\n    return",
    ...caught("db/attempts.test.ts", "cancel says what it did, and again what has become of the run"),
  },
  {
    name: "A late cancel stops the run that somebody let go on",
    file: "sql/functions/cancel.sql",
    find: "if (request ->> 'redrives')::integer <> baton.redrives(id)",
    replace: "if (request ->> 'redrives')::integer > baton.redrives(id)",
    ...caught(repeats, "a late copy of a cancel that the failure overtook does not stop the run when it was redriven"),
  },
  {
    name: "A late redrive forgives another failure",
    file: "sql/functions/redrive.sql",
    find: "(request ->> 'redrives')::integer <> before then",
    replace: "(request ->> 'redrives')::integer > before then",
    ...caught(repeats, "a redrive that is sent again after the run failed once more leaves that failure alone"),
  },
  {
    name: "A redrive forgives nothing",
    file: "sql/functions/revive.sql",
    find: "coalesce(jsonb_object_agg(node, failures), '{}')",
    replace: "'{}'",
    ...caught("db/attempts.test.ts", "redrive lets a failed run go on where it stopped, with all its attempts anew"),
  },
  {
    name: "The first redrive says what is forgiven, not the last",
    file: "sql/functions/forgiven_failures.sql",
    find: "order by run_id, at desc",
    replace: "order by run_id, at",
    ...caught(repeats, "the failures that the last redrive forgave count"),
  },
  {
    name: "A cancel that came too late for the failure stops the redriven run",
    file: "sql/functions/revive.sql",
    find: "delete from baton.control c where c.run_id = revive.id;",
    replace: "",
    ...caught("db/interleavings.test.ts", "a cancel that a failure overtook does not stop the run when it is redriven"),
  },
  {
    name: "A cancel that is asked for again is noted again",
    file: "sql/functions/cancel.sql",
    find: "if asked then\n    perform",
    replace: "if true then\n    perform",
    ...caught(audit, "a call sent again adds none, also while the cancel is only asked for and when it is applied by another"),
  },
  {
    name: "A copy of a cancel is noted although its stop was applied meanwhile",
    file: "sql/functions/cancel.sql",
    find: "if found then\n      delete",
    replace: "if false then\n      delete",
    ...caught("stops/stops.test.ts", "a copy of a cancel, stopped anywhere while a round applies the stop, is noted no second time"),
  },
  {
    name: "Months of the audit are those of the session's zone",
    file: "sql/functions/ensure_month.sql",
    find: "moment at time zone 'UTC'",
    replace: "moment",
    ...caught(audit, "an action is noted in a month that nobody has made yet, which is one of UTC whatever the session's zone"),
  },
];

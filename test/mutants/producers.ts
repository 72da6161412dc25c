import { caught, type Mutant } from "./mutant.ts";

const keys = "db/idempotency-keys.test.ts";
const enqueue = "db/enqueue.test.ts";
const until = "a key stands until the last microsecond of its 7 days";

/** Enqueue and its keys, and how a producer calls it. */
export const producers: readonly Mutant[] = [
  {
    name: "Keys of runs are forgotten after a day",
    file: "sql/functions/remember_runs.sql",
    find: "interval '7 days'",
    replace: "interval '1 day'",
    ...caught(keys, until),
  },
  {
    name: "Keys of requests are forgotten after a day",
    file: "sql/functions/remember_request.sql",
    find: "interval '7 days'",
    replace: "interval '1 day'",
    ...caught(keys, until),
  },
  {
    name: "A key stands a microsecond longer than its 7 days",
    file: "sql/functions/forget_keys.sql",
    find: "expires_at <= moment",
    replace: "expires_at < moment",
    ...caught(keys, until),
  },
  {
    name: "A key stands for the run of another workflow",
    file: "sql/functions/remember_runs.sql",
    find: "where d.workflow = coalesce(r.workflow, all_workflow) and d.scope",
    replace: "where d.scope",
    ...caught(keys, "the same key of another workflow, or of a whole request, is another key"),
  },
  {
    name: "A key of a run is taken for that of a request",
    file: "sql/functions/remember_request.sql",
    find: "if known.hash <> request #>> '{request,hash}'",
    replace: "if known.hash > request #>> '{request,hash}'",
    ...caught(keys, "a key with another body is refused as BT011 that names the place"),
  },
  {
    name: "An id of exactly 5 minutes ahead is good",
    file: "sql/functions/refuse_foreign_ids.sql",
    find: "interval '5 minutes'",
    replace: "interval '5 minutes 1 millisecond'",
    ...caught(enqueue, "is refused as BT010 with the database's milliseconds"),
  },
  {
    name: "An id of exactly 24 hours is refused",
    file: "sql/functions/refuse_foreign_ids.sql",
    find: "interval '24 hours'",
    replace: "interval '23:59:59.999'",
    ...caught(enqueue, "an id is good from 24 hours old to just below 5 minutes ahead"),
  },
  {
    name: "The lowest id of the millisecond that is 5 minutes ahead is good",
    file: "sql/functions/refuse_foreign_ids.sql",
    find: "given.id >= newest",
    replace: "given.id > newest",
    harmless: "one id of 2^74 of its millisecond; its partition is made weeks ahead",
  },
  {
    name: "A run whose time is past lies below the watermarks",
    file: "sql/functions/store_runs.sql",
    find: "greatest(moment, coalesce(",
    replace: "coalesce(null, coalesce(",
    ...caught(enqueue, "a run whose time has passed is due now, and a poller that reads on from its watermark finds it"),
  },
  {
    name: "All runs of a batch are due at one moment",
    file: "sql/functions/store_runs.sql",
    find: "+ r.nth * interval '1 microsecond'",
    replace: "+ interval '1 microsecond'",
    ...caught(enqueue, "the runs of one batch are due a microsecond apart"),
  },
  {
    name: "Nobody is woken for what is due in less than 15 seconds and more than 14",
    file: "sql/functions/store_runs.sql",
    find: "moment + interval '15 seconds'",
    replace: "moment + interval '14 seconds'",
    ...caught(enqueue, "a poller is to be woken for what is due within 15 seconds"),
  },
  {
    name: "A refusal of the ids' time counts as a no after an unknown outcome",
    file: "shared/engine/produce/enqueue-runs.ts",
    find: 'if (unknown && isRefused(thrown, "BT010"))',
    replace: 'if (unknown && isRefused(thrown, "BT011"))',
    ...caught("db/repeats.test.ts", "an enqueue with an unknown outcome is never sent with new ids"),
  },
  {
    name: "The last busy try hides an unknown outcome",
    file: "shared/engine/repeat-call.ts",
    find: "asked.unknown ?? asked.thrown",
    replace: "asked.thrown",
    ...caught("functions/repeat-call.test.ts", "a try that was certainly not applied does not hide an earlier one"),
  },
  {
    name: "A call is made five times",
    file: "shared/domain/verdict.ts",
    find: "judged.tally.made >= ",
    replace: "judged.tally.made > ",
    ...caught("functions/repeat-call.test.ts", "a call that fails at once is made four times"),
  },
  {
    name: "A connection that the server ended is a no",
    file: "shared/db/classify-error.ts",
    find: "(08|57P|25P03",
    replace: "(08|25P03",
    ...caught("db/lost-connections.test.ts", "a connection that the server kills in the middle of a query is an unknown outcome"),
  },
];

import { caught, type Mutant } from "./mutant.ts";

const filters = "db/filters.test.ts";
const together = "filters, alone and together, show each run that fits once";
const weeks = "db/week-indexes.test.ts";
const workflows = "functions/list-workflows.test.ts";

/** Lists, and the indexes of closed weeks. */
export const lists: readonly Mutant[] = [
  {
    name: "A page that has looked at enough is taken for the last",
    file: "sql/functions/list_ids.sql",
    find: "next := case when unseen = 0 and",
    replace: "next := case when false and",
    ...caught(filters, together),
  },
  {
    name: "A source that has as many as are read is taken for one that was read to its end",
    file: "sql/functions/list_few.sql",
    find: "if cardinality(found_ids) < most then",
    replace: "if cardinality(found_ids) <= most then",
    ...caught(filters, together),
  },
  {
    name: "A node failed where its first attempt was not to be tried again",
    file: "sql/functions/list_conditions.sql",
    find: "order by f.attempt desc limit 1",
    replace: "order by f.attempt limit 1",
    ...caught(filters, together),
  },
  {
    name: "What a row does not tell is not looked up",
    file: "sql/functions/list_fits.sql",
    find: "t.name in ('run', 'ending', 'attribute')",
    replace: "t.name in ('run', 'ending')",
    ...caught(filters, together),
  },
  {
    name: "A week is closed while ids of it are still taken",
    file: "sql/functions/is_closed.sql",
    find: "interval '192 hours'",
    replace: "interval '168 hours'",
    ...caught(weeks, "a week gets its indexes once it is over and no enqueue can add to it"),
  },
  {
    name: "An index that is not valid counts",
    file: "sql/functions/is_week_indexed.sql",
    find: "select i.indisvalid from",
    replace: "select true from",
    ...caught(weeks, "an index that a build left unfinished is no index to a list"),
  },
  {
    name: "An index that is being built is dropped",
    file: "sql/functions/missing_indexes.sql",
    find: "l.mode = 'ShareUpdateExclusiveLock'",
    replace: "l.mode = 'AccessExclusiveLock'",
    ...caught(weeks, "a build that is killed is done again"),
  },
  {
    name: "The name of an error is indexed whole",
    file: "sql/functions/week_indexes.sql",
    find: "(left(error ->> ''name'', 200) collate",
    replace: "((error ->> ''name'') collate",
    ...caught(weeks, "a name of an error of any length can end a run of a closed week"),
  },
  {
    name: "Functions that know fewer filters are believed",
    file: "shared/db/run-repository.ts",
    find: "if (page.more === undefined &&",
    replace: "if (page.more === false &&",
    ...caught("db/older-schema.test.ts", "functions that do not know a filter would let all runs through it"),
  },
  {
    name: "10,001 runs count as 10,000",
    file: "sql/functions/count_runs.sql",
    find: "10001, moment",
    replace: "10000, moment",
    ...caught(workflows, "then as at least 10,000"),
  },
];

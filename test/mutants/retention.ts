import { caught, type Mutant } from "./mutant.ts";

const archive = "db/archive.test.ts";
const stops = "stops/retention.test.ts";
const meets =
  "a retention and an operator that meet between any two of their statements lose nothing, and the next retention does the rest";

/** What is let go, and what an archive takes first. */
export const goings: readonly Mutant[] = [
  {
    name: "A run goes that was changed once it was taken",
    file: "sql/functions/let_go_taken.sql",
    find: "where t.digest = encode(sha256(convert_to(f.line, 'UTF8')), 'hex'));",
    replace: "where t.digest is not null);",
    ...caught(archive, "a run that an operator redrives, changes or deletes once it was taken does not go as it was"),
  },
  {
    name: "Runs go whether or not the archive took them",
    file: "shared/engine/maintain/archive-runs.ts",
    find: "throw new ArchiveError(name, ids.length, thrown);",
    replace: "void new ArchiveError(name, ids.length, thrown);",
    ...caught(archive, "an archive that throws keeps every run that it did not take, and the report says what went before"),
  },
  {
    name: "A batch that is let go reads the endings of all weeks",
    file: "sql/functions/let_go.sql",
    find: "where r.id = any (ids) and e.run_id = any (ids) and",
    replace: "where r.id = any (ids) and",
    harmless: "The functions that call it turn sequential scans off; then each ending is looked up by its run.",
  },
  {
    name: "A week that is to be dropped and an operator wait for each other",
    file: "sql/functions/drop_week.sql",
    find: "tried > 20 or exists (",
    replace: "tried > 20 or false and exists (",
    ...caught(stops, meets),
  },
  {
    name: "A week is dropped without holding up its operators",
    file: "sql/functions/drop_week.sql",
    find: "in exclusive mode'",
    replace: "in access share mode'",
    ...caught(stops, meets),
  },
];

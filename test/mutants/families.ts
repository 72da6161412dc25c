import { caught, type Mutant } from "./mutant.ts";

const journey = (title: string) => caught("journeys/children.test.ts", title);
const starts = journey("a run starts its child, waits for it without a lease, and goes on with its output");
const goesDown = journey("a cancel goes down to children and theirs, wherever they are, and not to those that are detached");
const redriven = journey("a child's failure fails its parent, with its id; a redrive of the parent lets it go on, and it alone");

/** Runs that start others. */
export const families: readonly Mutant[] = [
  {
    name: "A child that ends is counted twice",
    file: "sql/functions/count_changes.sql",
    find: "-1 as open",
    replace: "-2 as open",
    ...starts,
  },
  {
    name: "A parent is not woken by the last of its children",
    file: "sql/functions/settle_families.sql",
    find: "return baton.wake_runs(array(",
    replace: "return false and baton.wake_runs(array(",
    ...starts,
  },
  {
    name: "A child is started under another id than its parent stores",
    file: "shared/domain/draft.ts",
    find: "starts: [{ ...child, path, run }]",
    replace: "starts: [{ ...child, path, run: this.circumstances.newRunId() }]",
    ...redriven,
  },
  {
    name: "A redrive does not go down",
    file: "sql/functions/redrive_children.sql",
    find: "perform baton.redrive_child(child, moment);",
    replace: "null;",
    ...redriven,
  },
  {
    name: "A stop does not go down",
    file: "sql/functions/settle_families.sql",
    find: "ended := baton.stop_children(ended, moment);",
    replace: "",
    ...goesDown,
  },
  {
    name: "A detached child is stopped with its parent",
    file: "sql/functions/find_open_children.sql",
    find: "array_agg(p.run_id) filter (where not p.detached)",
    replace: "array_agg(p.run_id)",
    ...goesDown,
  },
  {
    name: "Nodes that await children are locked in an order of each session's own",
    file: "sql/functions/count_changes.sql",
    find: "order by w.parent, w.path), '[]')",
    replace: "order by md5(w.parent::text || pg_backend_pid())), '[]')",
    ...caught(
      "db/family-deadlocks.test.ts",
      "four pollers that end children of the same 50 parents at one moment meet no deadlock, and each parent goes on",
    ),
  },
  {
    name: "A child that was undone is let go on by its parent's redrive",
    file: "sql/functions/redrive_child.sql",
    find: "and baton.forget_undo(id) then",
    replace: "then",
    ...caught("journeys/children-undo.test.ts", "a child that was undone stays so when its parent is redriven, and fails it again"),
  },
];

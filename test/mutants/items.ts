import { caught, type Mutant } from "./mutant.ts";

const journey = (title: string) => caught("journeys/map-runs.test.ts", title);
const atOnce = journey("no more items go on than may at once, and those that end have others go on without the parent");
const tolerated = journey("tolerated items are told as such, and one more fails the run, which stops the others");
const repeated = journey("a redrive has the items go on that failed or were stopped, and these alone");

/** Maps whose items are runs. */
export const items: readonly Mutant[] = [
  {
    name: "An item that ends has no other go on",
    file: "sql/functions/settle_items.sql",
    find: "perform baton.release_items(node.parent_id, node.path, moment);",
    replace: "null;",
    ...atOnce,
  },
  {
    name: "One more item goes on than may",
    file: "sql/functions/release_items.sql",
    find: "select a.most - (a.open - a.behind)",
    replace: "select a.most + 1 - (a.open - a.behind)",
    ...atOnce,
  },
  {
    name: "An item that failed is not counted",
    file: "sql/functions/count_changes.sql",
    find: "case when l.id is not null then 1 else 0 end as failed",
    replace: "0 as failed",
    ...tolerated,
  },
  {
    name: "A redrive has no failed items go on",
    file: "sql/functions/repeat_item.sql",
    find: "perform baton.redrive_child(id, moment);",
    replace: "null;",
    ...repeated,
  },
  {
    name: "A page of items begins where the last one did",
    file: "sql/functions/gather_items.sql",
    find: "first := baton.count_folded(parent, path);",
    replace: "first := 0;",
    ...journey("more than a part are started one part a round, and collected page by page"),
  },
  {
    name: "Each round starts the first part of a map's items",
    file: "sql/functions/spawn_items.sql",
    find: "lpad(entry.part::text, 5, '0')",
    replace: "lpad('0', 5, '0')",
    ...journey("more than a part are started one part a round, and collected page by page"),
  },
];

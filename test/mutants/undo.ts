import { caught, type Mutant } from "./mutant.ts";

const domain = (title: string) => caught("domain/undo.test.ts", title);
const engine = (title: string) => caught("db/undo.test.ts", title);

/** Runs that are undone before they end. */
export const undos: readonly Mutant[] = [
  {
    name: "What was over first is undone first",
    file: "shared/domain/undo/undoing.ts",
    find: "b.at - a.at));",
    replace: "a.at - b.at));",
    ...domain("the last one to be over is undone first; of what was over together, the last of its chain"),
  },
  {
    name: "What was over together is undone by the names of the nodes",
    file: "shared/domain/undo/undoing.ts",
    find: "a.rank < b.rank ? 1 : -1",
    replace: "a.path < b.path ? 1 : -1",
    ...domain("the last one to be over is undone first; of what was over together, the last of its chain"),
  },
  {
    name: "What has failed is undone though its undo does not say so",
    file: "shared/domain/undo/undoing.ts",
    find: "!node.undo.evenIfFailed || ",
    replace: "",
    ...domain("what has begun and brought nothing is undone where its undo says so, with null"),
  },
  {
    name: "An undo that failed for good ends the run",
    file: "shared/domain/undo/undoing.ts",
    find: "this.pass(this.failed + 1)",
    replace: "this.with(this.entries.length, noTries, this.failed + 1)",
    ...domain("an undo that fails for good leaves the others to be undone, and the run failed"),
  },
  {
    name: "A run that was undone is redriven",
    file: "sql/functions/forget_undo.sql",
    find: "and c.output = '0'",
    replace: "",
    ...engine("a run that is undone and was cancelled ends so; a redrive of one that has failed is refused"),
  },
  {
    name: "Poison ends a run that has something to undo",
    file: "sql/functions/crash_members.sql",
    find: "doubtful := baton.undo_failed(doubtful, poison, moment, true);",
    replace: "",
    ...engine("a poison of a workflow that can be undone is undone first; the next poison ends it, incomplete"),
  },
  {
    name: "A stop does not look whether a run has just said that it is undone",
    file: "sql/functions/take_parked.sql",
    find: "undone := baton.runs_with_verdict(unready || unblocked);",
    replace: "undone := '{}';",
    ...caught("stops/undo.test.ts", ", held up before any of its statements while a round says that the run is undone: it is undone"),
  },
  {
    name: "A repeated round does not say when its sleeps began",
    file: "sql/functions/repeat_round.sql",
    find: "'applied_at', held.told -> 'applied_at',",
    replace: "",
    ...caught("faults/lost-sleeps.test.ts", "a sleep that began in a round whose answer was lost ends when it was stored to end"),
  },
  {
    name: "A claim does not read passes of a run that is undone",
    file: "sql/functions/list_ranges.sql",
    find: "and (m.undoes is null or not exists (",
    replace: "and (true or not exists (",
    ...engine("a claim tells all of a run that is undone, and when each path was over; of others it tells no times"),
  },
];

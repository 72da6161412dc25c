import { caught, type Mutant } from "./mutant.ts";

const domain = (title: string) => caught("domain/queue.test.ts", title);
const engine = (title: string) => caught("db/queues.test.ts", title);

/** Runs that go on elsewhere. */
export const queues: readonly Mutant[] = [
  {
    name: "A poller calls the handlers of other queues",
    file: "shared/domain/draft.ts",
    find: "return there === queue ? undefined : there;",
    replace: "return undefined;",
    ...domain("is parked there at once, in the round that stores what it has done"),
  },
  {
    name: "Pollers that disagree hand a run to and fro at once",
    file: "shared/domain/queue.ts",
    find: "HAND_ON_AFTER_MS = 10_000",
    replace: "HAND_ON_AFTER_MS = 0",
    ...domain("is handed on by the first poller that sees it, and by another one in ten seconds"),
  },
  {
    name: "What waits for others waits where nobody wakes a poller",
    file: "shared/domain/decide-fate.ts",
    find: "...(!staysHere && { queue: DEFAULT_QUEUE })",
    replace: "...(staysHere && {})",
    ...domain("stays where it is while it sleeps, and waits for others on the default queue"),
  },
  {
    name: "What crashes on a queue is a suspect on the default one",
    file: "sql/functions/crash_members.sql",
    find: "crashes, home => held.queue);",
    replace: "crashes);",
    ...engine("what a lease gives back goes to the bands of its queue: released, asleep, or suspect after a crash"),
  },
  {
    name: "A claim of a queue takes what is blocked",
    file: "sql/functions/claim.sql",
    find: "if queue = 0 then",
    replace: "if true then",
    ...engine("blocked runs are claimed again by the default poller alone, and a poison run ends on any queue"),
  },
  {
    name: "The lease of another queue keeps the default pollers awake",
    file: "sql/functions/tick.sql",
    find: " from baton.lease where queue is null))",
    replace: " from baton.lease))",
    ...engine("a tick tells how it stands with each queue, and of the default one as if there were no other"),
  },
  {
    name: "A round's claim is of the default queue",
    file: "sql/functions/refill_lease.sql",
    find: "16 * coalesce(held.queue, 0)",
    replace: "0",
    ...engine("a claim takes the runs of its own queue alone, by priority, and its rounds claim more of them"),
  },
];

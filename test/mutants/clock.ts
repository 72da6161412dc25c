import { caught, type Mutant } from "./mutant.ts";

const jumps = "db/clock-jumps.test.ts";
const back = "no run waits longer than it was asked to";

/** What heals a clock that was set back. */
export const clocks: readonly Mutant[] = [
  {
    name: "A clock that comes back to where it had been is taken for a night without a tick",
    file: "sql/functions/heal_clock.sql",
    find: "interval '2 hours' and exists",
    replace: "interval '2 hours' and not exists",
    ...caught(jumps, back),
  },
  {
    name: "Two ticks set the clock right one after the other",
    file: "sql/functions/heal_clock.sql",
    find: "for update skip locked",
    replace: "for update",
    ...caught(jumps, "is set right by one tick at a time"),
  },
  {
    name: "A lease that lasts too long says nothing of the clock",
    file: "sql/functions/heal_clock.sql",
    find: "if overlong or moment <",
    replace: "if moment <",
    ...caught(jumps, "is noticed by a lease that lasts too long"),
  },
  {
    name: "A wait that began by the right clock is over when the clock comes back",
    file: "sql/functions/recompute_due.sql",
    find: "v.began <= moment then v.until",
    replace: "v.began <= moment then moment",
    ...caught(jumps, back),
  },
  {
    name: "A start that was named as a moment is counted from now",
    file: "sql/functions/recompute_due.sql",
    find: "case when r.start_is_named then '-infinity' else r.created_at end",
    replace: "r.created_at",
    ...caught(jumps, "leaves a start that was named as a moment where it is"),
  },
  {
    name: "A row that somebody holds while all are set right is forgotten",
    file: "sql/functions/heal_waits.sql",
    find: "jump.again := true;",
    replace: "jump.again := jump.again;",
    ...caught(jumps, "is set right by one tick at a time"),
  },
  {
    name: "Runs that are set right lose their turn",
    file: "sql/functions/move_waits.sql",
    find: "w.due + w.nth * interval '1 microsecond'",
    replace: "w.due",
    ...caught(jumps, "makes a backlog due again, 10,000 runs a tick, in the order in which it was"),
  },
  {
    name: "A dead poller's lease lasts as long as the clock was ahead",
    file: "sql/functions/cut_leases.sql",
    find: "set expires_at = moment + interval '30 seconds'",
    replace: "set expires_at = expires_at",
    ...caught(jumps, "takes no run from a poller that goes on with its lease"),
  },
  {
    name: "A key is remembered for as long as the clock was ahead",
    file: "sql/functions/cut_keys.sql",
    find: "set expires_at = moment + interval '7 days'",
    replace: "set expires_at = expires_at",
    ...caught(jumps, "keeps an idempotency key for seven days from then"),
  },
];

import { caught, type Mutant } from "./mutant.ts";

const ofDatabase = "db/signals.test.ts";
const waits = "domain/nodes/wait-for.test.ts";

/** Waits for signals, and who sends them. */
export const signals: readonly Mutant[] = [
  {
    name: "A timeout beats a signal that was stored before",
    file: "sql/functions/find_late.sql",
    find: "exists (select from baton.message m where m.run_id = t.run and m.name = any (t.names))",
    replace: "false",
    ...caught(ofDatabase, "claim at the deadline, then signal: the signal is stored, and the wait does not time out"),
  },
  {
    name: "A timeout is stored while a sender has the mail",
    file: "sql/functions/find_late.sql",
    find: "t.run <> all (locked) or exists",
    replace: "exists",
    ...caught(ofDatabase, "signal, then timeout: the round waits for nobody, and nothing of the run is stored"),
  },
  {
    name: "A run parks for a signal that is there",
    file: "sql/functions/park_waiting.sql",
    find: "when exists (select from baton.message",
    replace: "when false and exists (select from baton.message",
    ...caught(ofDatabase, "a signal that was there before makes its park due at once"),
  },
  {
    name: "A run parks although a sender has its mail",
    file: "sql/functions/park_waiting.sql",
    find: "when e.run <> all (locked) then moment + interval '1 second'",
    replace: "when false then moment",
    ...caught(ofDatabase, "signal, then park: the round waits for nobody, and the run is due when the signal is there"),
  },
  {
    name: "A signal wakes nobody",
    file: "sql/functions/signal.sql",
    find: "if request ->> 'name' = any (mail.names) then",
    replace: "if false then",
    ...caught(ofDatabase, "park, then signal: the sender waits for the round, and wakes the run"),
  },
  {
    name: "A message that was taken stays",
    file: "sql/functions/take_messages.sql",
    find: "m.n = e.n",
    replace: "m.n < e.n",
    ...caught(ofDatabase, "a claim brings of each awaited name the oldest, a round takes it away, and one that stays may ask"),
  },
  {
    name: "A redrive does not wait anew",
    file: "shared/domain/nodes/waiting.ts",
    find: "if (deadline?.index !== tries.forgiven)",
    replace: "if (deadline === undefined)",
    ...caught(waits, "fails the run, and says on what that rests; a redrive waits as long again"),
  },
  {
    name: "A wait times out without asking what has come",
    file: "shared/domain/nodes/waiting.ts",
    find: "if (scene.mail().asOf < deadline.until)",
    replace: "if (scene.mail().asOf < -Infinity)",
    ...caught(waits, "asks first what has come since its poller was told, while something else of its run goes on"),
  },
];

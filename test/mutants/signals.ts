import { caught, type Mutant } from "./mutant.ts";

const ofDatabase = "db/signals.test.ts";
const mail = "db/mail.test.ts";
const waits = "domain/nodes/wait-for.test.ts";
const shared = "domain/nodes/shared-mail.test.ts";
const byKey = "db/signal-keys.test.ts";
const races = "db/key-races.test.ts";

/** Waits for signals, and who sends them. */
export const signals: readonly Mutant[] = [
  {
    name: "A timeout beats a signal that was stored before",
    file: "sql/functions/find_late.sql",
    find: "exists (select from baton.message m where m.run_id = t.run and m.name = any (t.names) and m.n <> all (taken))",
    replace: "false",
    ...caught(ofDatabase, "claim at the deadline, then signal: the signal is stored, and the wait does not time out"),
  },
  {
    name: "A timeout is stored while a sender has the mail",
    file: "sql/functions/find_late.sql",
    find: "(t.run <> all (locked)\n      or exists",
    replace: "(exists",
    ...caught(ofDatabase, "signal, then timeout: the round waits for nobody, and nothing of the run is stored"),
  },
  {
    name: "A message that the round itself takes keeps a wait from timing out",
    file: "sql/functions/find_late.sql",
    find: " and m.n <> all (taken)",
    replace: "",
    ...caught(mail, "that the same round takes, the wait times out"),
  },
  {
    name: "A delete leaves the message of a sender who ends later",
    file: "sql/functions/remove_runs.sql",
    find: "  delete from baton.run where id = any (ids);\n  delete from baton.message where run_id = any (ids);",
    replace: "  delete from baton.message where run_id = any (ids);\n  delete from baton.run where id = any (ids);",
    ...caught(mail, "is deleted with the message of a sender whose transaction ends later"),
  },
  {
    name: "The maintenance waits for who sends to a run that is over",
    file: "sql/functions/let_go.sql",
    find: "  ids := baton.try_mail(ids);",
    replace: "",
    ...caught("db/retention.test.ts", "keeps that run and its week, and nobody waits for him"),
  },
  {
    name: "A repair wakes nobody",
    file: "sql/functions/repair.sql",
    find: "where q.run_id = waiting.run_id and q.run_at > moment;",
    replace: "where false;",
    ...caught(mail, "a repair wakes a run whose signal is there, and no other"),
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
    file: "sql/functions/deliver_signal.sql",
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
    name: "What a stopped run has taken stays",
    file: "sql/functions/advance.sql",
    find: "request -> 'consumed', lost)",
    replace: "request -> 'consumed', skipped)",
    ...caught(ofDatabase, "a run that is stopped by the round that stores its answer has taken it: its parent's redrive may let it go on"),
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
    find: "if (!scene.mail().knows(names, deadline.until))",
    replace: "if (false)",
    ...caught(waits, "asks first what has come since its poller was told, while something else of its run goes on"),
  },
  {
    name: "Two nodes take one message",
    file: "shared/domain/decide.ts",
    find: "this.letters.lacks(move.consumes!)",
    replace: "this.letters.lacks([])",
    ...caught(shared, "goes to one of two nodes that wait for its name, and the other waits on"),
  },
  {
    name: "A wait times out in the round that takes a message of its name",
    file: "shared/domain/mail.ts",
    find: "this.names?.filter((name) => !gone.some((each) => each.name === name))",
    replace: "this.names",
    ...caught(shared, "that its schema refuses after the deadline is taken away, and the wait asks before it times out"),
  },
  {
    name: "A wait times out whose poller was told of other signals alone",
    file: "shared/domain/mail.ts",
    find: "names.every((name) => this.names!.includes(name))",
    replace: "names.length > 0",
    ...caught(shared, "of which its poller was told nothing is asked for before a wait times out"),
  },
  {
    name: "A poller takes a key that a sender is sending by",
    file: "sql/functions/take_keys.sql",
    find: "'locked', pg_try_advisory_xact_lock(baton.key_lock(r.workflow, k.name, k.key))",
    replace: "'locked', true",
    ...caught(races, ": signal, then park: the round waits for nobody, and the run has the message a second later"),
  },
  {
    name: "A run takes the key of another that has not ended",
    file: "sql/functions/take_keys.sql",
    find: "where w.locked and s.run_id <> all (owners)",
    replace: "where w.locked",
    ...caught(byKey, "a second run that waits by the same key is told whose it is not, and has it once the first has ended"),
  },
  {
    name: "A round waits for who deletes the owner of a key",
    file: "sql/functions/take_keys.sql",
    find: " for update of s skip locked",
    replace: "",
    ...caught(races, "delete, then another run's park by its key: the round waits for nobody, and the run has the key a second later"),
  },
  {
    name: "A wait by a key times out although it does not have it",
    file: "sql/functions/find_late.sql",
    find: "baton.take_keys(baton.try_mail(members), timeouts, moment)",
    replace: "baton.try_mail(members)",
    ...caught(races, ": signal, then timeout: the round waits for nobody, and nothing of the run is stored"),
  },
  {
    name: "A run whose key another has waits on",
    file: "shared/domain/nodes/waiting.ts",
    find: "if (scene.mail().lostTo(addresses))",
    replace: "if (false)",
    ...caught(
      "domain/nodes/wait-key.test.ts",
      "fails where another run has it, without waiting anew, and a redrive waits once that has not",
    ),
  },
];

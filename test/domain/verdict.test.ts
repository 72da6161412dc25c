import { expect, it } from "vitest";
import {
  DatabaseBusyError,
  DatabaseRefusedError,
  DatabaseUnknownOutcomeError,
  OlderSchemaError,
} from "../../shared/domain/database-errors.ts";
import { judge, noTry, unsureSince, type Patience, type Tally, type Verdict } from "../../shared/domain/verdict.ts";

const outcomes = {
  unknown: new DatabaseUnknownOutcomeError("no answer", {}),
  away: new DatabaseBusyError("too many connections", {}),
  deadlock: new DatabaseBusyError("deadlock detected", { sqlstate: "40P01" }),
  raised: new DatabaseBusyError("raised by a statement", { sqlstate: "53100", rolledBack: true }),
  full: new DatabaseBusyError("disk full", { sqlstate: "53100", rolledBack: true, where: "PL/pgSQL function advance(uuid,integer,jsonb)" }),
  missing: new OlderSchemaError("older", { sqlstate: "42883", rolledBack: true }),
  older: new OlderSchemaError("older"),
  mute: new DatabaseRefusedError("permission denied", { sqlstate: "42501", rolledBack: true }),
  no: new DatabaseRefusedError("too long", { sqlstate: "22001", rolledBack: true }),
  bug: new TypeError("a bug"),
};
type Outcome = keyof typeof outcomes;

/** The verdict on the last of some tries, one a second. */
function verdictOn(tries: readonly Outcome[], patience: Patience, tally: Tally): Verdict {
  let verdict: Verdict = "again";
  for (const [n, outcome] of tries.entries()) ({ verdict, tally } = judge(outcomes[outcome], tally, patience, n * 1_000));
  return verdict;
}

const times = (n: number, outcome: Outcome) => Array.from({ length: n }, () => outcome);

it.each<[tries: Outcome[], patience: Patience, verdict: Verdict]>([
  [["no"], {}, "a no"],
  [["mute"], {}, "a no"],
  [["older"], {}, "a no"],
  [["bug"], {}, "a bug"],
  [["unknown", "bug"], {}, "a bug"],
  [["unknown"], {}, "again"],
  [["unknown", "no"], {}, "a no"],
  [["unknown", "mute"], {}, "again"],
  [["unknown", "older"], {}, "again"],
  [["away", "mute"], {}, "a no"],
  [times(30, "away"), {}, "again"],
  [times(4, "missing"), {}, "again"],
  [times(5, "missing"), {}, "a no"],
  [["unknown", ...times(5, "missing")], {}, "again"],
  [times(30, "deadlock"), {}, "again"],
  [times(4, "deadlock"), { busyTries: 5 }, "again"],
  [times(5, "deadlock"), { busyTries: 5 }, "a no"],
  [times(5, "raised"), { busyTries: 5 }, "a no"],
  [times(5, "full"), { busyTries: 5 }, "again"],
  [["unknown", ...times(5, "deadlock")], { busyTries: 5 }, "again"],
  [times(30, "unknown"), {}, "again"],
  [times(19, "unknown"), { unknownMs: 0 }, "again"],
  [times(20, "unknown"), { unknownMs: 0 }, "give up"],
  [["unknown", ...times(19, "mute")], { unknownMs: 0 }, "give up"],
  [times(20, "unknown"), { unknownMs: 20_000 }, "again"],
  [times(21, "unknown"), { unknownMs: 20_000 }, "give up"],
  [["unknown"], { unknownTries: 1, unknownMs: 0 }, "give up"],
  [times(3, "away"), { tries: 4 }, "again"],
  [times(4, "away"), { tries: 4 }, "give up"],
  [[...times(3, "away"), "no"], { tries: 4 }, "a no"],
])("after %j with the patience %j the verdict is: %s", (tries, patience, verdict) => {
  expect(verdictOn(tries, patience, noTry)).toBe(verdict);
});

it("a no that says nothing of earlier tries leaves a call unsure that was unsure before its first try", () => {
  expect(verdictOn(["mute"], {}, unsureSince(0))).toBe("again");
  expect(verdictOn(["no"], {}, unsureSince(0))).toBe("a no");
});

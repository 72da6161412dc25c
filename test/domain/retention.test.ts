import { expect, test } from "vitest";
import { InvalidRetentionError, keepsAll, retentionRules } from "../../shared/domain/retention.ts";

const DAY = 86_400_000;

test("a retention becomes milliseconds by status and workflow, with an empty name for every other workflow", () => {
  const workflows = { law: { done: "for ever", failed: "3650 days" } } as const;
  expect(retentionRules({ every: { done: "30 days", failed: "12 weeks" }, workflows })).toEqual({
    done: { "": 30 * DAY, law: null },
    failed: { "": 84 * DAY, law: 3_650 * DAY },
  });
});

test("without a time for anything all is kept for ever", () => {
  for (const retention of [{}, { every: {} }, { every: { done: "for ever" } }, { workflows: { law: {} } }] as const)
    expect(keepsAll(retentionRules(retention))).toBe(true);
  expect(keepsAll(retentionRules({ workflows: { law: { cancelled: "1 day" } } }))).toBe(false);
});

test.each([
  [
    { every: { done: "23 hours" } },
    'The retention of every workflow, done, is "23 hours": it takes "for ever", or "1 day" to "3652 days".',
  ],
  [{ every: { done: "soon" } }, 'The retention of every workflow, done, is "soon": it takes '],
  [{ every: { failed: "-30 days" } }, 'The retention of every workflow, failed, is "-30 days": it takes '],
  [{ every: { done: "11 weeks." } }, 'is "11 weeks.": it takes '],
  [{ every: { done: "4000 days" } }, 'is "4000 days": it takes '],
  [{ every: { done: 30 } }, "is 30: it takes "],
  [{ every: null }, "The retention of every workflow is null, and takes an object."],
  [null, "The retention is null, and takes an object."],
  [{ evry: { done: "30 days" } }, 'The retention names "evry": it takes every, workflows.'],
  [{ workflows: { law: "30 days" } }, 'The retention of workflow "law" is "30 days", and takes an object.'],
  [{ workflows: { "Bad Name": {} } }, 'The retention of workflow "Bad Name" is of a name that no workflow can have.'],
  [{ workflows: { law: { dead: "30 days" } } }, 'The retention of workflow "law" names "dead": it takes done, failed, cancelled.'],
])("%j is refused with where to correct it", (retention, message) => {
  const refused = () => retentionRules(retention as never);
  expect(refused).toThrow(InvalidRetentionError);
  expect(refused).toThrow(message);
  expect(refused).toThrow("Correct the retention that maintain is given: nothing was let go.");
});

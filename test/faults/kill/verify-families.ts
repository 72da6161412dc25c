import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { TestDatabase } from "../../support/database.ts";

/** How many runs end for each family and each saga that is fed: with those that they start. */
export const RUNS_OF_FAMILY = 5;
export const RUNS_OF_SAGA = 3;

/** Children once, joins not lost, a hook's run for each ending, and all that was done is undone. */
export async function verifyFamilies(database: TestDatabase, ledger: string, fed: number): Promise<void> {
  const statuses = await database.query(
    `select r.workflow, e.status, count(*)::int as n from baton.run r left join baton.ending e on e.run_id = r.id
     where r.workflow not in ('ledger', 'waiting') group by 1, 2 order by 1`,
  );
  expect(statuses).toEqual([
    { workflow: "family", status: "done", n: fed },
    { workflow: "note", status: "done", n: 3 * fed },
    { workflow: "part", status: "done", n: 3 * fed },
    { workflow: "saga", status: "failed", n: fed },
  ]);
  const joined = await database.query<{ n: number; output: unknown }>(
    "select (r.input ->> 'n')::int as n, c.output from baton.run r join baton.checkpoint c on c.run_id = r.id and c.node = 'join' order by n",
  );
  expect(joined).toEqual(
    Array.from({ length: fed }, (_, index) => index + 1).map((n) => ({ n, output: [`left of ${n}`, `right of ${n}`] })),
  );
  await verifyChildren(database, fed);
  await verifySagas(database, fed);
  await verifyAttempts(database, ledger);
}

async function verifyChildren(database: TestDatabase, fed: number): Promise<void> {
  const children =
    "select path, count(*)::int as n, count(distinct parent_id)::int as parents from baton.child group by path order by path";
  expect(await database.query(children)).toEqual(
    ["alone", "parts/left/part", "parts/right/part"].map((path) => ({ path, n: fed, parents: fed })),
  );
  const followed = `
    select r.workflow, h.hook, h.ending, n.input ->> 'status' as told, count(*)::int as n, count(distinct h.run_id)::int as runs
    from baton.hook_run h join baton.run r on r.id = h.run_id join baton.run n on n.id = h.hook_run_id group by 1, 2, 3, 4 order by 1, 2`;
  expect(await database.query(followed)).toEqual([
    { workflow: "family", hook: "ended", ending: 0, told: "done", n: fed, runs: fed },
    { workflow: "saga", hook: "ended", ending: 0, told: "failed", n: fed, runs: fed },
    { workflow: "saga", hook: "failed", ending: 0, told: "failed", n: fed, runs: fed },
  ]);
}

async function verifySagas(database: TestDatabase, fed: number): Promise<void> {
  const undone = await database.query(
    `select string_agg(c.node, ' ' order by c.finished_at, c.started_at) as undone, count(*)::int as n from baton.run r
     join baton.checkpoint c on c.run_id = r.id and starts_with(c.node, '~undo/') where r.workflow = 'saga' group by r.id`,
  );
  expect(undone).toEqual(Array.from({ length: fed }, () => ({ undone: "~undo/ship ~undo/charge ~undo/reserve", n: 3 })));
  const verdicts = "select count(*)::int as n from baton.checkpoint where node = '~undone' and output = '3'";
  expect(await database.query(verdicts)).toEqual([{ n: fed }]);
  const charges =
    "select count(*)::int as entries, count(distinct (run_id, amount))::int as different, coalesce(sum(amount), 0)::int as total from test.charge";
  expect(await database.query(charges)).toEqual([{ entries: 2 * fed, different: 2 * fed, total: 0 }]);
}

/** What is stored was done, and what was done more than once was so after a crash. */
async function verifyAttempts(database: TestDatabase, ledger: string): Promise<void> {
  const made = Map.groupBy(readFileSync(ledger, "utf8").split("\n").slice(0, -1), (key) => key);
  const stored = await database.query<{ key: string; crashes: number }>(
    `select c.run_id || '/' || c.node as key, (select count(*)::int from baton.failure f where f.run_id = c.run_id and f.node = '') as crashes
     from baton.checkpoint c where c.node in ('make', 'note', 'reserve', '~undo/reserve', '~undo/ship')`,
  );
  for (const { key, crashes } of stored) {
    const times = made.get(key)?.length ?? 0;
    expect(times, `${key} was done`).toBeGreaterThan(0);
    expect(times - 1, `${key} is done again only after a crash`).toBeLessThanOrEqual(crashes);
  }
}

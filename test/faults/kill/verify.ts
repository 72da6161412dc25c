import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { TestDatabase } from "../../support/database.ts";
import type { LedgerLine } from "./workflow.ts";

interface StoredStep {
  readonly key: string;
  readonly attempt: number;
  readonly nonce: string;
  readonly crashes: number;
  /** Failed attempts of the script that it is in. */
  readonly restarts: number;
}

export const readLedger = (path: string): LedgerLine[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LedgerLine);

/** The outputs as stored now: read again and again while pollers die, they must never change. */
export async function storedNonces(database: TestDatabase): Promise<Map<string, string>> {
  const rows = await database.query<{ key: string; nonce: string }>(
    `select run_id || '/' || node as key, output ->> 'nonce' as nonce from baton.checkpoint where output ->> 'nonce' is not null`,
  );
  return new Map(rows.map(({ key, nonce }) => [key, nonce]));
}

/**
 * Holds the engine against the ledger; returns how many attempts there were beyond the first of
 * each step.
 */
export async function verifyLedger(database: TestDatabase, ledger: readonly LedgerLine[], runs: number): Promise<{ extra: number }> {
  const statuses = await database.query(
    `select status, error ->> 'name' as error, count(*)::int as n from baton.ending join baton.run on id = run_id
     where workflow = 'ledger' group by 1, 2`,
  );
  expect(statuses).toEqual([{ status: "done", error: null, n: runs }]);
  const byKey = Map.groupBy(ledger, ({ key }) => key);
  const steps = await database.query<StoredStep>(`
    select c.run_id || '/' || c.node as key, c.attempt, c.output ->> 'nonce' as nonce,
      (select count(*)::int from baton.failure f where f.run_id = c.run_id and f.node = '') as crashes,
      (select count(*)::int from baton.failure f where f.run_id = c.run_id and c.node like 'code/%' and f.node = 'code') as restarts
    from baton.checkpoint c join baton.run r on r.id = c.run_id
    where r.workflow = 'ledger' and c.node not in ('book', 'code', 'items')`);
  expect(steps.length).toBe(7 * runs);
  const nonces = new Map(steps.map(({ key, nonce }) => [key, nonce]));
  for (const step of steps) verifyStep(step, byKey.get(step.key) ?? [], nonces);
  await verifyEntries(database, runs);
  return { extra: ledger.length - steps.length };
}

/** Whose nonce each step is told. */
const before: Record<string, string> = {
  "sides/left/second": "first",
  "sides/right/third": "first",
  "items/00000/part": "sides/left/second",
  "items/00001/part": "sides/left/second",
  "code/one": "items/00001/part",
  "code/two/n": "code/one",
};

function verifyStep(step: StoredStep, lines: readonly LedgerLine[], nonces: ReadonlyMap<string, string>): void {
  const committed = lines.filter(({ nonce }) => nonce === step.nonce);
  expect(committed, `${step.key}: its output is that of one started attempt`).toHaveLength(1);
  expect(committed[0]!.attempt, `${step.key}: the attempt that was stored`).toBe(step.attempt);
  const numbers = [...new Set(lines.map(({ attempt }) => attempt))].toSorted((a, b) => a - b);
  expect(numbers, `${step.key}: the engine counts the attempts that were made`).toEqual(
    Array.from({ length: step.attempt }, (_, n) => n + 1),
  );
  expect(lines.length - numbers.length, `${step.key}: repeated only after a crash`).toBeLessThanOrEqual(step.crashes + step.restarts);
  const run = step.key.slice(0, 36);
  const node = step.key.slice(37);
  const previous = before[node] === undefined ? null : nonces.get(`${run}/${before[node]}`);
  for (const line of lines) expect(line.saw, `${step.key}: what it was told of the step before`).toBe(previous);
}

/** Exactly once: one debit and one credit for each run, and their sum is nothing. */
export async function verifyEntries(database: TestDatabase, runs: number): Promise<void> {
  const [sums] = await database.query(`
    select count(*)::int as entries, count(distinct (run_id, account))::int as different, coalesce(sum(amount), 0)::int as total from test.entry`);
  expect(sums).toEqual({ entries: 2 * runs, different: 2 * runs, total: 0 });
}

/**
 * The longest time from the death of a poller to the next attempt, elsewhere, at a run that it had
 * begun.
 */
export function longestGap(ledger: readonly LedgerLine[], deaths: ReadonlyMap<number, number>): number {
  const gaps = [...Map.groupBy(ledger, ({ key }) => key.slice(0, 36)).values()].flatMap((lines) =>
    lines.slice(1).map((line, n) => {
      const died = deaths.get(lines[n]!.pid);
      return died === undefined || line.pid === lines[n]!.pid ? 0 : line.at - died;
    }),
  );
  return Math.max(0, ...gaps);
}

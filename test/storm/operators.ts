import { setTimeout as pause } from "node:timers/promises";
import { type Database, DatabaseBusyError, DatabaseUnknownOutcomeError } from "../../shared/db/database.ts";
import { type RunRepository, runRepository } from "../../shared/db/run-repository.ts";
import type { RunStatus } from "../../shared/domain/run-protocol.ts";
import type { Ledger } from "./ledger.ts";

const STATUSES: readonly RunStatus[] = ["ready", "running", "waiting", "done", "failed", "cancelled", "blocked"];

/**
 * Finds, lists, cancels and redrives until the storm is over, each call once: its answer may be
 * lost.
 */
export async function operate(database: Database, ledger: Ledger, random: () => number, lasts: () => boolean): Promise<void> {
  const runs = runRepository(database);
  for (; lasts(); await pause(20 + random() * 180)) {
    const choice = random();
    const id = pick([...ledger.accepted.keys()].slice(-1_000), random());
    if (id === undefined) continue;
    const call =
      choice < 0.2 ? () => cancel(id) : choice < 0.6 ? () => find(id) : choice < 0.8 ? () => list(random()) : () => redriveFailed(runs);
    await call().catch(ignoreWeather);
  }

  async function cancel(id: string): Promise<void> {
    ledger.cancels.add(id);
    const redrives = await runs.redrives(id);
    // Every other one is undone first, where it can be.
    const undo = parseInt(id.at(-1)!, 16) % 2 === 0 && ({ undo: true } as const);
    if (redrives === null || (await runs.cancel(id, { redrives, ...undo })) === null)
      ledger.problem(`${id} was promised, and cancel does not know it`);
  }

  async function find(id: string): Promise<void> {
    const facts = await runs.findRun(id);
    if (facts === null) ledger.problem(`${id} was promised, and find does not know it`);
  }

  async function list(chance: number): Promise<void> {
    await runs.listRuns({ status: pick(STATUSES, chance)!, limit: 20 });
  }
}

/**
 * Redrives what failed, each in the life that the list has seen, so that a late copy means no later
 * one.
 */
export async function redriveFailed(runs: RunRepository): Promise<void> {
  for (let before: string | null | undefined; before !== null;) {
    const page = await runs.listRuns({ status: "failed", limit: 100, ...(before !== undefined && { before }) });
    for (const { id } of page.runs) await redrive(runs, id);
    before = page.next;
  }
}

async function redrive(runs: RunRepository, id: string): Promise<void> {
  const redrives = await runs.redrives(id);
  if (redrives !== null) await runs.redrive(id, { redrives });
}

/** Ticks beside the pollers. */
export async function tickOn(database: Database, random: () => number, lasts: () => boolean): Promise<void> {
  const { tick } = runRepository(database);
  for (; lasts(); await pause(200 + random() * 800)) await tick().catch(ignoreWeather);
}

export function ignoreWeather(thrown: unknown): undefined {
  if (!(thrown instanceof DatabaseUnknownOutcomeError || thrown instanceof DatabaseBusyError)) throw thrown;
}

function pick<Item>(items: readonly Item[], chance: number): Item | undefined {
  return items[Math.floor(chance * items.length)];
}

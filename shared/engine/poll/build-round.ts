import type { Decision, Failure, Row } from "../../domain/decision.ts";
import type { AdvanceRequest, FailureEntry, StepEntry } from "../../domain/protocol.ts";
import { encodeRound } from "../../domain/wire.ts";
import type { Decided, Entry } from "./member.ts";

interface Round {
  steps: StepEntry[];
  failures: FailureEntry[];
  sleeps: NonNullable<AdvanceRequest["sleeps"]>[number][];
  parks: NonNullable<AdvanceRequest["parks"]>[number][];
  released: NonNullable<AdvanceRequest["released"]>[number][];
  done: NonNullable<AdvanceRequest["done"]>[number][];
  failed: NonNullable<AdvanceRequest["failed"]>[number][];
  blocked: NonNullable<AdvanceRequest["blocked"]>[number][];
  attributes: NonNullable<AdvanceRequest["attributes"]>[number][];
}

/** What a round asks for beside storing what finished. */
export type RoundExtras = Pick<AdvanceRequest, "claim" | "strict" | "checked">;

/**
 * The frozen text of one round; or what was thrown while it was made, which is a bug of ours that
 * one of its entries has met: alone in a round, that one is found out.
 */
export function writeRound(
  entries: readonly Entry[],
  ttlMs: number,
  now: number,
  extras: RoundExtras = {},
): { readonly request: string } | { readonly broken: Error } {
  try {
    return { request: encodeRound(buildRound(entries, ttlMs, now, extras)) };
  } catch (thrown) {
    return { broken: thrown as Error };
  }
}

/**
 * The request of one round, from what was decided; now is the clock time at which it is sent.
 */
export function buildRound(entries: readonly Entry[], ttlMs: number, now: number, extras: RoundExtras = {}): AdvanceRequest {
  const round: Round = { steps: [], failures: [], sleeps: [], parks: [], released: [], done: [], failed: [], blocked: [], attributes: [] };
  for (const entry of entries) {
    const at = { place: entry.member.slot, run: entry.member.run.id };
    if (entry.kind === "decided") addDecided(round, entry, at, now);
    else if (entry.kind === "fail") round.failed.push({ ...at, error: entry.error });
    else if (entry.kind === "park") round.parks.push({ ...at, delay_ms: entry.delayMs });
    else if (entry.kind === "release") round.released.push({ ...at, delay_ms: 0 });
    else round.blocked.push({ ...at, workflow: entry.workflow, version: entry.version, shape: entry.shape, reason: entry.reason });
  }
  const filled = Object.fromEntries(Object.entries(round).filter(([, rows]) => rows.length > 0));
  return { ttl_ms: ttlMs, ...filled, ...extras };
}

interface At {
  readonly place: number;
  readonly run: string;
}

function addDecided(round: Round, { came, decision }: Decided, at: At, now: number): void {
  for (const { patch } of came) if (patch !== undefined) round.attributes.push({ ...at, patch });
  for (const row of decision.rows) round.steps.push(stepOf(row, at, now));
  for (const failure of decision.failures) round.failures.push(failureOf(failure, at, now));
  for (const { path, position, attempt, durationMs } of decision.sleeps)
    round.sleeps.push({ ...at, node: path, position, attempt, delay_ms: durationMs });
  addFate(round, decision, at);
}

function addFate(round: Round, { fate, sleeps }: Decision, at: At): void {
  if (fate.kind === "done") round.done.push(at);
  else if (fate.kind === "failed") round.failed.push({ ...at, error: fate.error });
  // A sleep that begins parks its run.
  else if (fate.kind === "park" && sleeps.length === 0) round.parks.push({ ...at, delay_ms: fate.delayMs });
}

function stepOf(row: Row, at: At, now: number): StepEntry {
  return { ...at, node: row.path, position: row.position, attempt: row.attempt, ...agesOf(row, now), output: row.output };
}

function failureOf(failure: Failure, at: At, now: number): FailureEntry {
  const { path, attempt, delayMs, error } = failure;
  return { ...at, node: path, attempt, ...agesOf(failure, now), delay_ms: delayMs, error };
}

function agesOf({ startedAt, finishedAt }: Row | Failure, now: number): { age_ms: number; took_ms: number } {
  return { age_ms: Math.floor(now - finishedAt), took_ms: Math.floor(finishedAt - startedAt) };
}

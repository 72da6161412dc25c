import type { AdvanceRequest, FailureEntry, StepEntry } from "../../domain/protocol.ts";
import type { ErrorRecord } from "../../domain/errors.ts";
import { encodeRound } from "../../domain/wire.ts";
import type { Finished, FinishedNode } from "./member.ts";

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
  finished: readonly Finished[],
  ttlMs: number,
  now: number,
  extras: RoundExtras = {},
): { readonly request: string } | { readonly broken: Error } {
  try {
    return { request: encodeRound(buildRound(finished, ttlMs, now, extras)) };
  } catch (thrown) {
    return { broken: thrown as Error };
  }
}

/**
 * The request of one round, from what finished since the last; now is the clock time at which it is
 * sent.
 */
export function buildRound(finished: readonly Finished[], ttlMs: number, now: number, extras: RoundExtras = {}): AdvanceRequest {
  const round: Round = { steps: [], failures: [], sleeps: [], parks: [], released: [], done: [], failed: [], blocked: [], attributes: [] };
  for (const entry of finished) {
    const at = { place: entry.member.slot, run: entry.member.run.id };
    if (entry.kind === "node") addNode(round, entry, at, now);
    else if (entry.kind === "end") round.done.push(at);
    else if (entry.kind === "fail") round.failed.push({ ...at, error: entry.error });
    else if (entry.kind === "park") round.parks.push({ ...at, delay_ms: entry.delayMs });
    else if (entry.kind === "release") round.released.push({ ...at, delay_ms: 0 });
    else round.blocked.push({ ...at, workflow: entry.workflow, version: entry.version, shape: entry.shape, reason: entry.reason });
  }
  const filled = Object.fromEntries(Object.entries(round).filter(([, entries]) => entries.length > 0));
  return { ttl_ms: ttlMs, ...filled, ...extras };
}

function addNode(round: Round, entry: FinishedNode, at: { place: number; run: string }, now: number): void {
  const { node, transition, member } = entry;
  const { position } = member.run;
  if (entry.patch !== undefined) round.attributes.push({ ...at, patch: entry.patch });
  switch (transition.kind) {
    case "continue":
    case "finish":
      round.steps.push({ ...at, node: node.name, position, attempt: entry.attempt, ...agesOf(entry, now), output: transition.output });
      if (transition.kind === "finish") round.done.push(at);
      return;
    case "sleep":
      round.sleeps.push({ ...at, node: node.name, position, attempt: entry.attempt, delay_ms: Math.ceil(transition.durationMs) });
      return;
    case "retry":
      round.failures.push(failureOf(entry, at, now, transition.error, Math.ceil(transition.delayMs)));
      if (transition.place === "ready") round.parks.push({ ...at, delay_ms: Math.ceil(transition.delayMs) });
      return;
    case "fail":
      round.failures.push(failureOf(entry, at, now, transition.error, null));
      round.failed.push({ ...at, error: transition.error });
  }
}

function failureOf(
  entry: FinishedNode,
  at: { place: number; run: string },
  now: number,
  error: ErrorRecord,
  delayMs: number | null,
): FailureEntry {
  return { ...at, node: entry.node.name, attempt: entry.attempt, ...agesOf(entry, now), delay_ms: delayMs, error };
}

function agesOf(entry: FinishedNode, now: number): { age_ms: number; took_ms: number } {
  return { age_ms: Math.floor(now - entry.finishedAt), took_ms: Math.floor(entry.finishedAt - entry.startedAt) };
}

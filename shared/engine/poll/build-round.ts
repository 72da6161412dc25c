import { keysOf, namesOf, type SignalKey } from "../../domain/address.ts";
import type { Decision, Failure, NewRow } from "../../domain/decision.ts";
import type { AdvanceRequest, FailureEntry, StepEntry } from "../../domain/protocol.ts";
import type { ChildEntry, FamilyEntry, ItemsEntry } from "../../domain/family-protocol.ts";
import type { ChildStart, ItemsStart } from "../../domain/family.ts";
import { bytesOf, waitsForSignals, type Run } from "../../domain/run.ts";
import { encodeRound } from "../../domain/wire.ts";
import type { Decided, Entry } from "./member.ts";

const none: readonly never[] = [];

interface Round {
  steps: StepEntry[];
  failures: FailureEntry[];
  sleeps: NonNullable<AdvanceRequest["sleeps"]>[number][];
  timers: NonNullable<AdvanceRequest["timers"]>[number][];
  parks: NonNullable<AdvanceRequest["parks"]>[number][];
  released: NonNullable<AdvanceRequest["released"]>[number][];
  done: NonNullable<AdvanceRequest["done"]>[number][];
  failed: NonNullable<AdvanceRequest["failed"]>[number][];
  cancelled: NonNullable<AdvanceRequest["cancelled"]>[number][];
  blocked: NonNullable<AdvanceRequest["blocked"]>[number][];
  attributes: NonNullable<AdvanceRequest["attributes"]>[number][];
  consumed: NonNullable<AdvanceRequest["consumed"]>[number][];
  timeouts: NonNullable<AdvanceRequest["timeouts"]>[number][];
  asks: NonNullable<AdvanceRequest["asks"]>[number][];
  waits: NonNullable<AdvanceRequest["waits"]>[number][];
  children: ChildEntry[];
  items: ItemsEntry[];
  family: FamilyEntry[];
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
  const round: Round = {
    steps: [],
    failures: [],
    sleeps: [],
    timers: [],
    parks: [],
    released: [],
    done: [],
    failed: [],
    cancelled: [],
    blocked: [],
    attributes: [],
    consumed: [],
    timeouts: [],
    asks: [],
    waits: [],
    children: [],
    items: [],
    family: [],
  };
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
  addSleeps(round, decision, at);
  addMail(round, decision, at);
  addFamily(round, decision, at);
  addFate(round, decision, at);
}

function addMail(round: Round, { consumed, timedOut, fate }: Decision, at: At): void {
  for (const n of consumed) round.consumed.push({ ...at, n });
  if (timedOut.length > 0) round.timeouts.push({ ...at, ...awaitedOf(timedOut) });
  if (fate.kind === "stay" && fate.asks !== undefined) round.asks.push({ ...at, ...awaitedOf(fate.asks.names) });
}

/** Also of a run that only waits: it is told of its children, or woken by them. */
function addFamily(round: Round, { family, fate }: Decision, at: At): void {
  const awaits = "children" in fate ? fate.children : undefined;
  if (family === undefined && awaits === undefined) return;
  const { starts = none, redriven = none, items = none, repeats = none } = family ?? {};
  for (const start of starts) round.children.push(childOf(start, at));
  for (const start of items) round.items.push(itemsOf(start, at));
  if (awaits === undefined && redriven.length + repeats.length === 0) return;
  const children = redriven.map(({ path, run }) => ({ node: path, child: run }));
  round.family.push({
    ...at,
    ...(awaits && { awaits }),
    ...(children.length > 0 && { redriven: children }),
    ...(repeats.length > 0 && { repeats: repeats.map(({ path, anew }) => (anew ? { node: path, anew } : { node: path })) }),
  });
}

function itemsOf({ path, part, workflow, version, concurrency, tolerated }: ItemsStart, at: At): ItemsEntry {
  return { ...at, node: path, part, workflow, version, ...(concurrency !== undefined && { most: concurrency }), tolerated };
}

function childOf({ path, run, workflow, version, input, attributes, delayMs, detached }: ChildStart, at: At): ChildEntry {
  return {
    ...at,
    node: path,
    id: run,
    workflow,
    version,
    input,
    ...(attributes !== undefined && { attributes }),
    ...(delayMs > 0 && { delay_ms: delayMs }),
    ...(detached && { detached }),
  };
}

function awaitedOf(addresses: readonly string[]): { names: string[]; keys?: SignalKey[] } {
  const keys = keysOf(addresses);
  return { names: namesOf(addresses), ...(keys.length > 0 && { keys }) };
}

/** A sleep for which its run is parked parks it itself, which saves a list. */
function addSleeps(round: Round, decision: Decision, at: At): void {
  const { sleeps, run } = decision;
  for (const { path, position, attempt, durationMs } of sleeps) {
    const sleep = { ...at, node: path, position, attempt, delay_ms: durationMs };
    if (parksItself(decision)) round.sleeps.push({ ...sleep, bytes: bytesOf(run) });
    else round.timers.push(sleep);
  }
}

function parksItself({ sleeps, fate, run }: Decision): boolean {
  return (
    fate.kind === "park" &&
    fate.queue === undefined &&
    !isRuled(run) &&
    sleeps.length === 1 &&
    sleeps[0]!.durationMs === fate.delayMs &&
    !waitsForSignals(run)
  );
}

function addFate(round: Round, decision: Decision, at: At): void {
  const { fate, run } = decision;
  if (fate.kind === "done") round.done.push(at);
  else if (fate.kind === "cancelled") round.cancelled.push(at);
  else if (fate.kind === "failed") round.failed.push({ ...at, error: fate.error });
  // Its next claim reads all of it: how much that is, the database knows.
  else if (fate.kind === "park" && isRuled(run)) round.parks.push({ ...at, delay_ms: 0 });
  else if (fate.kind === "park" && !parksItself(decision)) {
    const park = {
      ...at,
      delay_ms: fate.delayMs === null ? null : Math.ceil(fate.delayMs),
      bytes: bytesOf(run),
      ...(fate.queue !== undefined && { queue: fate.queue }),
    };
    if (waitsForSignals(run)) round.waits.push({ ...park, ...awaitedOf(fate.names ?? []) });
    else round.parks.push(park);
  }
}

/** It is to be undone, and nothing is out of it. */
function isRuled({ ruling, undoing }: Run): boolean {
  return ruling !== undefined && undoing === undefined;
}

function stepOf(row: NewRow, at: At, now: number): StepEntry {
  const { path, position, attempt, output } = row;
  const { age_ms, took_ms } = agesOf(row, now);
  return { place: at.place, run: at.run, node: path, position, attempt, age_ms, took_ms, output };
}

function failureOf(failure: Failure, at: At, now: number): FailureEntry {
  const { path, attempt, delayMs, error } = failure;
  return { ...at, node: path, attempt, ...agesOf(failure, now), delay_ms: delayMs, error };
}

function agesOf({ startedAt, finishedAt }: NewRow | Failure, now: number): { age_ms: number; took_ms: number } {
  return { age_ms: Math.floor(now - finishedAt), took_ms: Math.floor(finishedAt - startedAt) };
}

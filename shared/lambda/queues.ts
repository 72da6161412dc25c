import * as z from "zod";
import { DEFAULT_QUEUE } from "../domain/queue.ts";
import type { Logger } from "../domain/node.ts";
import { createNudge } from "./nudge.ts";
import { wakeBoard } from "./wake-board.ts";

const rule = "give it each queue with the function of its pollers, as heavy=my-service-prod-pollHeavy, separated by commas";

/** The pollers of each queue. */
export const queueSettings = {
  BATON_QUEUES: z
    .string()
    .default("")
    .transform((text) => text.split(",").flatMap((entry) => (entry.trim() === "" ? [] : [entry.trim().split("=")])))
    .refine((entries) => entries.every((entry) => entry.length === 2 && entry.every(Boolean)), rule)
    .transform((entries): Readonly<Record<string, string>> => Object.fromEntries(entries)),
};

/**
 * That of another queue than the default one stands beside its own: /baton/prod/next-wake-heavy.
 */
export function nameOfQueue(name: string, queue: string): string {
  return queue === DEFAULT_QUEUE ? name : `${name}-${queue}`;
}

interface Nudged {
  /** The functions of the pollers, by queue. */
  readonly functions: Readonly<Record<string, string | undefined>>;
  /** The wake hint of the default queue; undefined: no gate is before the pollers. */
  readonly wakeParameter: string | undefined;
}

/**
 * Makes what wakes pollers of each queue. It never throws; a queue whose pollers it does not know
 * is left to their schedule.
 */
export function createNudges({ functions, wakeParameter }: Nudged, logger: Logger): (pollers: number, queue?: string) => Promise<void> {
  const nudges = Object.entries(functions).map(([queue, name]) => {
    const gate = wakeParameter === undefined ? undefined : wakeBoard({ parameter: nameOfQueue(wakeParameter, queue) });
    return [queue, createNudge(name, logger, gate)] as const;
  });
  const known = new Map(nudges);
  return async (pollers, queue = DEFAULT_QUEUE) => known.get(queue)?.(pollers);
}

import type { Logger } from "../domain/node.ts";
import type { TicketKeys } from "../engine/tickets.ts";
import { keptKeys } from "./kept-keys.ts";
import { ticketKeysParameter } from "./keys-parameter.ts";
import { TicketKeysError } from "./ticket-keys.ts";
import type { TicketSettings } from "./ticket-settings.ts";

/**
 * What tells the ticket keys as they are now; of: the id of a key that is looked for. Throws
 * TicketKeysError or KeysUnavailableError.
 */
export type TicketRing = (of?: string) => Promise<TicketKeys>;

/**
 * A poller may sign with a key that is new before another function has heard of it. So that one is
 * looked for at once, but not as often as somebody makes up ids.
 */
const LOOKED_FOR_MS = 5_000;

/**
 * The ticket keys of a function: those of its environment, or else those of its SSM parameter,
 * fetched as `keptKeys` says; undefined where it is told of none.
 */
export function ticketRing({ ticketKeys, ticketKeysParameter: name }: TicketSettings, logger: Logger): TicketRing | undefined {
  if (ticketKeys !== undefined) return async () => ticketKeys;
  if (name === undefined) return undefined;
  const isRefusal = (thrown: unknown) => thrown instanceof TicketKeysError;
  const current = keptKeys({ what: "ticket keys", read: ticketKeysParameter(name), isRefusal, now: Date.now, logger });
  return async (of) => {
    const keys = await current();
    return of === undefined || keys.some(({ id }) => id === of) ? keys : current(LOOKED_FOR_MS);
  };
}

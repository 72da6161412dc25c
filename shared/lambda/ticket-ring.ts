import type { Logger } from "../domain/node.ts";
import type { TicketKeys } from "../engine/tickets.ts";
import { keptKeys } from "./kept-keys.ts";
import { ticketKeysParameter } from "./keys-parameter.ts";
import { TicketKeysError } from "./ticket-keys.ts";
import type { TicketSettings } from "./ticket-settings.ts";

/** What tells the ticket keys as they are now. Throws TicketKeysError or KeysUnavailableError. */
export type TicketRing = () => Promise<TicketKeys>;

/**
 * The ticket keys of a function: those of its environment, or else those of its SSM parameter,
 * fetched as `keptKeys` says; undefined where it is told of none.
 */
export function ticketRing({ ticketKeys, ticketKeysParameter: name }: TicketSettings, logger: Logger): TicketRing | undefined {
  if (ticketKeys !== undefined) return async () => ticketKeys;
  if (name === undefined) return undefined;
  const isRefusal = (thrown: unknown) => thrown instanceof TicketKeysError;
  return keptKeys({ what: "ticket keys", read: ticketKeysParameter(name), isRefusal, now: Date.now, logger });
}

import type { Ticket } from "../../shared/domain/ticket.ts";
import { signTicket, type TicketKeys } from "../../shared/engine/tickets.ts";

/** The ticket keys of the tests, and the text that the functions read them from. */
export const ticketKeys: TicketKeys = [{ id: "test", secret: "a-secret-of-the-tests-that-is-long-enough" }];
export const ticketKeysText = ticketKeys.map(({ id, secret }) => `${id}:${secret}`).join(",");

/** A time that no test comes to. */
export const LATER = Date.UTC(2200, 0, 1);

/** The token of a link that a person gets; what is not said is that of a first asking. */
export function linkOf(run: string, more: Partial<Omit<Extract<Ticket, { kind: "approval" }>, "kind" | "run">> = {}): string {
  return signTicket(ticketKeys, { kind: "approval", run, path: "sign-off", generation: 0, choice: "approve", expires: LATER, ...more });
}

/** The token of a callback's first attempt, if nothing else is said. */
export function tokenOf(run: string, more: Partial<Omit<Extract<Ticket, { kind: "callback" }>, "kind" | "run">> = {}): string {
  return signTicket(ticketKeys, { kind: "callback", run, path: "transcribe", attempt: 1, expires: LATER, ...more });
}

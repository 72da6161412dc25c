import type { Ticket } from "../domain/ticket.ts";
import { keyIdOf, readTicket, type RefusedTicket } from "../engine/tickets.ts";
import type { AnswerApp } from "./answer-app.ts";
import type { HttpEvent } from "./http-event.ts";

/** A link or a token that gives no leave. */
export class TicketRefusedError extends Error {
  override readonly name = "TicketRefusedError";
  readonly reason: RefusedTicket["refused"];

  constructor(reason: RefusedTicket["refused"]) {
    super(reason === "expired" ? "The token has expired: the answer would come too late." : "This token was not made by this service.");
    this.reason = reason;
  }
}

/**
 * The ticket in the path of a request, of the kind that its route takes. Before it nothing of the
 * request is looked at, the database included.
 */
export async function ticketOf<Kind extends Ticket["kind"]>(
  event: HttpEvent,
  { keys, now }: AnswerApp,
  kind: Kind,
): Promise<Extract<Ticket, { kind: Kind }>> {
  const text = event.pathParameters?.["token"] ?? "";
  const keyId = keyIdOf(text);
  if (keyId === undefined) throw new TicketRefusedError("malformed");
  const ticket = readTicket(await keys(keyId), text, now());
  if ("refused" in ticket) throw new TicketRefusedError(ticket.refused);
  if (ticket.kind !== kind) throw new TicketRefusedError("malformed");
  return ticket as Extract<Ticket, { kind: Kind }>;
}

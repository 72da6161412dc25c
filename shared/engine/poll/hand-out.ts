import { NonRetryableError } from "../../domain/errors.ts";
import type { StepContext } from "../../domain/node.ts";
import type { ApprovalContext } from "../../domain/nodes/approval.ts";
import type { CallbackContext } from "../../domain/nodes/callback.ts";
import type { Offer } from "../../domain/moves.ts";
import { signTicket, type TicketKeys } from "../tickets.ts";

/** What a poller signs what handlers hand out with. */
export interface TicketOffice {
  /** Throws where they cannot be fetched: the attempt is tried again. */
  readonly keys: () => Promise<TicketKeys>;
  /** What links begin with, without a slash at its end. */
  readonly publicUrl: string;
}

/** What a handler is given more, which hands something out. */
type Handed = Omit<ApprovalContext<string>, keyof StepContext> | Omit<CallbackContext, keyof StepContext>;

/**
 * The links or the token of an offer, signed.
 *
 * Throws NonRetryableError where the poller has nothing to sign with: no further attempt would help
 * before it is deployed with that, and then a redrive does.
 */
export async function handOut(office: TicketOffice | undefined, run: string, offer: Offer): Promise<Handed> {
  if (office === undefined)
    throw new NonRetryableError(
      `"${offer.path}" hands out links or tokens, and this poller has nothing to sign them with: set BATON_TICKET_KEYS_PARAMETER (or BATON_TICKET_KEYS) and BATON_PUBLIC_URL, then redrive the run.`,
    );
  const keys = await office.keys();
  const { path, expires } = offer;
  if (offer.kind === "callback") {
    const token = signTicket(keys, { kind: "callback", run, path, attempt: offer.attempt, expires });
    return { callback: { token, url: `${office.publicUrl}/callbacks/${token}` } };
  }
  const { generation, choices } = offer;
  const linkTo = (choice: string) => signTicket(keys, { kind: "approval", run, path, generation, choice, expires });
  const links = Object.fromEntries(choices.map((choice) => [choice, `${office.publicUrl}/approvals/${linkTo(choice)}`]));
  return { links, deadline: new Date(expires).toISOString() };
}

import { createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { pathPattern } from "../domain/path.ts";
import type { Ticket } from "../domain/ticket.ts";

/** A secret that signs tickets. */
export interface TicketKey {
  /** Stands in each ticket that the key has signed. */
  readonly id: string;
  readonly secret: string;
}

/** The first one signs, all verify. */
export type TicketKeys = readonly [TicketKey, ...(readonly TicketKey[])];

/** A text that gives no leave. */
export interface RefusedTicket {
  /** malformed: it is no ticket; forged: none of the keys has signed it; expired: one has. */
  readonly refused: "malformed" | "forged" | "expired";
  /** Of one that has expired: milliseconds since 1970. */
  readonly expires?: number;
}

/**
 * `b1.<id of the key>.<what it says>.<signature>`, of characters that a URL takes as they are; the
 * first part is the version of this form.
 */
const form = /^(b1\.([\w-]{1,32})\.([\w-]{1,1024}))\.([\w-]{43})$/;

const count = z.int().min(0);
const place = [z.uuid(), z.string().regex(pathPattern), count, count] as const;
/** As lists, without the names of what they say: a link stands in mails. */
const Said = z.union([
  z
    .tuple([z.literal("approval"), ...place, z.string()])
    .transform(([kind, run, path, generation, expires, choice]): Ticket => ({ kind, run, path, generation, choice, expires })),
  z
    .tuple([z.literal("callback"), ...place])
    .transform(([kind, run, path, attempt, expires]): Ticket => ({ kind, run, path, attempt, expires })),
]);

/** A link's or a token's text, signed with the first of the keys. */
export function signTicket([key]: TicketKeys, ticket: Ticket): string {
  const says = `b1.${key.id}.${Buffer.from(JSON.stringify(listOf(ticket))).toString("base64url")}`;
  return `${says}.${signatureOf(key, says)}`;
}

/** The id of the key that a text says it was signed with; undefined: it is no ticket. */
export function keyIdOf(text: string): string | undefined {
  return form.exec(text)?.[2];
}

/**
 * What a text gives leave to; now is in milliseconds since 1970. What it says is looked at only
 * once its signature holds.
 */
export function readTicket(keys: TicketKeys, text: string, now: number): Ticket | RefusedTicket {
  const [, says = "", id, said = "", signature = ""] = form.exec(text) ?? [];
  if (signature === "") return { refused: "malformed" };
  const key = keys.find((each) => each.id === id);
  if (key === undefined || !isSame(signature, signatureOf(key, says))) return { refused: "forged" };
  const ticket = parse(said);
  if (ticket === undefined) return { refused: "malformed" };
  return now < ticket.expires ? ticket : { refused: "expired", expires: ticket.expires };
}

function listOf(ticket: Ticket): readonly unknown[] {
  const { kind, run, path, expires } = ticket;
  return kind === "approval" ? [kind, run, path, ticket.generation, expires, ticket.choice] : [kind, run, path, ticket.attempt, expires];
}

function signatureOf({ secret }: TicketKey, says: string): string {
  return createHmac("sha256", secret).update(says).digest("base64url");
}

/** In constant time. As texts: several of them stand for the same bytes, and one of them is it. */
function isSame(given: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(given), Buffer.from(right));
}

/** Undefined where another version has signed what this one does not know. */
function parse(said: string): Ticket | undefined {
  try {
    return Said.safeParse(JSON.parse(Buffer.from(said, "base64url").toString())).data;
  } catch {
    return undefined;
  }
}

import { randomBytes } from "node:crypto";

/** A new ticket key as `id:secret`, as `parseTicketKeys` reads it; its id says nothing. */
export function newTicketKey(): string {
  return `${randomBytes(3).toString("hex")}:${randomBytes(32).toString("base64url")}`;
}

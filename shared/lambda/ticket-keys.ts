import type { TicketKey, TicketKeys } from "../engine/tickets.ts";

/**
 * A text of ticket keys is not what it should be; the message says where, and nothing of what
 * stands there.
 */
export class TicketKeysError extends Error {
  override readonly name = "TicketKeysError";
}

const rule = "give an id, a colon and 32 to 128 letters, digits, dashes or underscores; several keys are separated by commas";
const form = /^([\w-]{1,32}):([\w-]{32,128})$/;

/**
 * Reads keys from `id:secret,id:secret`: the first signs, all verify.
 *
 * @throws TicketKeysError
 */
export function parseTicketKeys(text: string): TicketKeys {
  const [first, ...others] = text.split(",").map((part, index) => keyIn(part.trim(), index + 1));
  const keys: TicketKeys = [first!, ...others];
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new TicketKeysError("two keys have the same id");
  return keys;
}

function keyIn(text: string, nth: number): TicketKey {
  const [, id, secret] = form.exec(text) ?? [];
  if (id === undefined || secret === undefined) throw new TicketKeysError(`key ${nth} is none: ${rule}`);
  return { id, secret };
}

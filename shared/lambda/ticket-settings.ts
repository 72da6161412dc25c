import * as z from "zod";
import type { TicketKeys } from "../engine/tickets.ts";
import { parameterSetting } from "./config.ts";
import { parseTicketKeys } from "./ticket-keys.ts";

/** Where there is no SSM: the keys themselves. */
const ticketKeys = z.string().transform((text, context): TicketKeys => {
  try {
    return parseTicketKeys(text);
  } catch (thrown) {
    context.addIssue({ code: "custom", message: (thrown as Error).message });
    return z.NEVER;
  }
});

/** What signs links and tokens, and verifies them. */
export const ticketSettings = {
  BATON_TICKET_KEYS: ticketKeys.optional(),
  BATON_TICKET_KEYS_PARAMETER: parameterSetting,
};

/** Whose keys sign links and tokens: some that are known, or those of an SSM parameter. */
export interface TicketSettings {
  /** Undefined: see the parameter. */
  readonly ticketKeys: TicketKeys | undefined;
  /** Its name. */
  readonly ticketKeysParameter: string | undefined;
}

/** Keys of the environment stand in for those of the parameter. */
export function readTicketSettings(settings: z.output<z.ZodObject<typeof ticketSettings>>): TicketSettings {
  return { ticketKeys: settings.BATON_TICKET_KEYS, ticketKeysParameter: settings.BATON_TICKET_KEYS_PARAMETER };
}

import * as z from "zod";
import type { UnclaimedAnswer, UnclaimedKey, UnclaimedRequest } from "../../domain/mail-protocol.ts";
import type { Caller } from "../ask.ts";
import { repeatCall } from "../repeat-call.ts";
import { cursorRule, pageLimit, parseFilter } from "./page-filter.ts";
import { utc } from "./run-format.ts";

/** What listing unclaimed signals needs of the database. */
export interface UnclaimedLister extends Caller {
  readonly runs: { listUnclaimed(request: UnclaimedRequest, options: { readonly timeoutMs: number }): Promise<UnclaimedAnswer> };
}

/** Which unclaimed signals to list; without any: all. */
export interface UnclaimedFilter {
  readonly workflow?: string | undefined;
  /** The most keys of a page, 1 to 100 (default 20). */
  readonly limit?: number | undefined;
  /** The cursor of the page before. */
  readonly cursor?: string | undefined;
}

/** A key by which signals were sent that no run has waited for yet. */
export interface UnclaimedSignals extends UnclaimedKey {
  /** How many there are. */
  readonly count: number;
  /** When the first of them came. */
  readonly oldestAt: string;
  /** When it is deleted, unless a run waits by the key before. */
  readonly expiresAt: string;
}

/** A page of keys, by workflow, name and key. */
export interface UnclaimedPage {
  readonly signals: readonly UnclaimedSignals[];
  /** To ask for the next page; null on the last. */
  readonly cursor: string | null;
  /** Whether there are more. */
  readonly more: boolean;
}

/** In base64url: a key may have what a shell reads as its own. */
const cursorOf = ({ workflow, name, key }: UnclaimedKey) => Buffer.from(JSON.stringify([workflow, name, key])).toString("base64url");

const cursor = z.string().transform((text, context): UnclaimedKey => {
  try {
    const [workflow, name, key] = z
      .tuple([z.string(), z.string(), z.string()])
      .parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    return { workflow, name, key };
  } catch {
    context.addIssue({ code: "custom", message: cursorRule });
    return z.NEVER;
  }
});

const filter = z
  .strictObject({
    workflow: z.string().optional(),
    limit: pageLimit,
    cursor: cursor.optional(),
  })
  .transform(({ limit, workflow, cursor: after }): UnclaimedRequest => {
    return { limit, ...(workflow !== undefined && { workflow }), ...(after && { after }) };
  });

/** Throws InvalidFilterError, which names what is wrong. */
export function readUnclaimedFilter(given: UnclaimedFilter): UnclaimedRequest {
  return parseFilter(filter, given);
}

/** Lists the keys by which signals were sent that no run has claimed. */
export async function listUnclaimed(lister: UnclaimedLister, request: UnclaimedRequest): Promise<UnclaimedPage> {
  const { signals, more } = await repeatCall(lister, (options) => lister.runs.listUnclaimed(request, options));
  const page = signals.map(({ workflow, name, key, count, oldest_at, expires_at }) => {
    return { workflow, name, key, count, oldestAt: utc(oldest_at), expiresAt: utc(expires_at) };
  });
  return { signals: page, cursor: more ? cursorOf(page.at(-1)!) : null, more };
}

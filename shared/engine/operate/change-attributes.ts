import { validate } from "uuid";
import { AttributesTooLargeError, checkPatch } from "../../domain/attributes.ts";
import { DatabaseRefusedError } from "../../domain/database-errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { AttributesAnswer, AttributesRequest } from "../../domain/life-protocol.ts";
import type { Caller } from "../ask.ts";
import { RunNotFoundError } from "../producer-errors.ts";
import { repeatCall } from "../repeat-call.ts";

/** What changing attributes needs of the database. */
export interface AttributeKeeper extends Caller {
  readonly runs: {
    changeAttributes(id: string, request: AttributesRequest, options: { readonly timeoutMs: number }): Promise<AttributesAnswer | null>;
  };
}

/**
 * Changes the attributes of a run, whatever its status: key by key at the top level, and null takes
 * a key away. Answers with all that it has now; repeated, it changes nothing. by: who asks, for the
 * audit.
 *
 * @throws NotJsonError, AttributesTooLargeError over 2 KiB, RunNotFoundError.
 */
export async function changeAttributes(
  keeper: AttributeKeeper,
  id: string,
  patch: unknown,
  by?: string,
): Promise<{ readonly id: string; readonly attributes: JsonObject }> {
  const request = { patch: checkPatch(patch, { refuseMinusZero: true }), checked: true, ...(by !== undefined && { by }) } as const;
  if (!validate(id)) throw new RunNotFoundError(id);
  const answer = await repeatCall(keeper, (options) => keeper.runs.changeAttributes(id, request, options)).catch((thrown: unknown) => {
    throw isTooLarge(thrown) ? new AttributesTooLargeError(Number(thrown.detail)) : thrown;
  });
  if (answer === null) throw new RunNotFoundError(id);
  return { id, attributes: answer.attributes };
}

function isTooLarge(thrown: unknown): thrown is DatabaseRefusedError {
  return thrown instanceof DatabaseRefusedError && thrown.sqlstate === "BT053";
}

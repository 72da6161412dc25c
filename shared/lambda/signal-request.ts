import { IdempotencyConflictError, InvalidSignalError } from "../engine/producer-errors.ts";
import { idempotencyKeyOf } from "./enqueue-request.ts";
import { answer, runIdOf } from "./http-event.ts";
import type { Answerer } from "./http-function.ts";
import { readJson } from "./json-body.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";

/** `POST /runs/{id}/signals/{name}`: the body is the payload. */
export const signalRun: Answerer = async (event, { client }) => {
  readQuery(event);
  const [run, name, id] = [runIdOf(event), event.pathParameters?.["name"] ?? "", idempotencyKeyOf(event)];
  const sent = await client
    .signal(run, name, readJson(event), { id })
    .catch((thrown: unknown) => Promise.reject(problemOf(thrown) as Error));
  return answer(202, { id: run, signal: name, ...sent });
};

function problemOf(thrown: unknown): unknown {
  if (thrown instanceof IdempotencyConflictError)
    return new Problem("idempotency-conflict", "Send the first signal again, or use a new key.", { errors: [] });
  if (!(thrown instanceof InvalidSignalError)) return thrown;
  return new Problem("invalid-body", "Correct what is listed under errors and send the signal again; nothing of it was stored.", {
    errors: thrown.issues,
  });
}

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
  const sent = await client.signal(run, name, readJson(event), { id }).catch(rethrow);
  return answer(202, { id: run, signal: name, ...sent });
};

/** `POST /workflows/{workflow}/signals/{name}/{key}`: the same by a business key. */
export const signalKey: Answerer = async (event, { client, registry }) => {
  readQuery(event);
  const { workflow = "", name: signal = "", key = "" } = event.pathParameters ?? {};
  if (registry.find(workflow) === undefined) throw new Problem("unknown-workflow", "This service has no workflow of this name.");
  const sent = await client.signalKey(workflow, signal, key, readJson(event), { id: idempotencyKeyOf(event) }).catch(rethrow);
  return answer(202, { workflow, signal, key, ...sent });
};

function rethrow(thrown: unknown): never {
  throw problemOf(thrown);
}

function problemOf(thrown: unknown): unknown {
  if (thrown instanceof IdempotencyConflictError)
    return new Problem("idempotency-conflict", "Send the first signal again, or use a new key.", { errors: [] });
  if (!(thrown instanceof InvalidSignalError)) return thrown;
  return new Problem("invalid-body", "Correct what is listed under errors and send the signal again; nothing of it was stored.", {
    errors: thrown.issues,
  });
}

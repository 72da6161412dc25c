import * as z from "zod";
import type { Json } from "../domain/json.ts";
import type { Registry } from "../domain/registry.ts";
import type { AnyWorkflow } from "../domain/workflow-types.ts";
import { maxRuns } from "../engine/produce/draft-runs.ts";
import { IdempotencyConflictError, InputTooLargeError, InvalidRunError } from "../engine/producer-errors.ts";
import { idempotencyKeyPattern, idempotencyKeyRule, type RunRequest } from "../engine/produce/run-settings.ts";
import { issue, schemaIssues, sentences } from "../engine/schema-issues.ts";
import { headerOf, type HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";

const rule = `give 1 to ${maxRuns} runs`;
const Batch = z.strictObject({ runs: z.array(z.unknown(), { error: rule }).min(1, { error: rule }).max(maxRuns, { error: rule }) });

/** The runs of a body; pointerTo says where in the body a run stands. */
export interface EnqueueRequest {
  readonly runs: readonly RunRequest<Json>[];
  readonly isBatch: boolean;
  readonly pointerTo: (run: number) => string;
}

/** Reads a body as `{ runs: […] }` or as one run; the runs themselves are checked by the client. */
export function readRuns(body: Json): EnqueueRequest {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, "runs")) {
    return { runs: [body as unknown as RunRequest<Json>], isBatch: false, pointerTo: () => "" };
  }
  const batch = Batch.safeParse(body, { error: sentences });
  if (!batch.success) throw invalidBody(schemaIssues(batch.error));
  return { runs: batch.data.runs as RunRequest<Json>[], isBatch: true, pointerTo: (run) => `/runs/${run}` };
}

/** The workflow that the path names, in its newest version. */
export function workflowOf(registry: Registry, event: HttpEvent): AnyWorkflow {
  const workflow = registry.find(event.pathParameters?.["name"] ?? "");
  if (workflow === undefined) throw new Problem("unknown-workflow", "This service has no workflow of this name.");
  return workflow;
}

/** The Idempotency-Key of the whole request, if there is one. */
export function idempotencyKeyOf(event: HttpEvent): string | undefined {
  const key = headerOf(event, "idempotency-key");
  if (key !== undefined && !idempotencyKeyPattern.test(key))
    throw new Problem("invalid-idempotency-key", `Idempotency-Key: ${idempotencyKeyRule}.`);
  return key;
}

/** What the client refused, in the words of the request; anything else is passed on as it is. */
export function enqueueProblem(thrown: unknown, { pointerTo }: EnqueueRequest): unknown {
  if (thrown instanceof InvalidRunError) {
    return invalidBody(thrown.issues.map(({ run, pointer, message }) => issue(pointerTo(run) + pointer, message)));
  }
  if (thrown instanceof InputTooLargeError) {
    const what = thrown.run === undefined ? "the inputs together are" : "the input is";
    const pointer = thrown.run === undefined ? "/runs" : `${pointerTo(thrown.run)}/input`;
    const message = `${what} ${thrown.bytes} bytes of JSON as the database writes it, more than ${thrown.maxBytes}`;
    return new Problem("input-too-large", "Store the data elsewhere and send a reference to it.", { errors: [issue(pointer, message)] });
  }
  if (thrown instanceof IdempotencyConflictError) {
    const errors = thrown.run === undefined ? [] : [issue(`${pointerTo(thrown.run)}/idempotencyKey`, "this key was used with another run")];
    return new Problem("idempotency-conflict", "Send the first body again, or use a new key.", { errors });
  }
  return thrown;
}

function invalidBody(errors: readonly { pointer: string; message: string }[]): Problem {
  return new Problem("invalid-body", "Correct what is listed under errors and send the request again; nothing of it was stored.", {
    errors,
  });
}

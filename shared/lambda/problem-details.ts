import type { MiddlewareObj } from "@middy/core";
import { DatabaseBusyError, DatabaseUnknownOutcomeError, OlderSchemaError } from "../domain/database-errors.ts";
import type { Logger } from "../domain/node.ts";
import { InvalidFilterError, MailboxFullError, RunNotFoundError, UndoBegunError, WrongStatusError } from "../engine/producer-errors.ts";
import { callerOf } from "./bearer-auth.ts";
import type { HttpAnswer, HttpEvent } from "./http-event.ts";
import { errorFields } from "./error-fields.ts";
import { KeysUnavailableError } from "./kept-keys.ts";
import type { RejectionMetrics } from "./metrics.ts";
import { Problem, type ProblemPage } from "./problem.ts";

const unavailable =
  "The request may or may not have been stored. Send it again in a moment; with the same Idempotency-Key it is stored only once.";

const unavailableRead = "The database did not answer. Nothing was changed: this only reads. Send it again in a moment.";

const keysAway = (what: string) => `Nothing was done: the ${what} could not be looked up. Send the request again in a moment.`;

const notMigrated =
  "Nothing was stored: this version is being deployed and its database is not migrated yet. Send the request again later.";

/**
 * Turns whatever was thrown into `application/problem+json`, or into a page; what is not meant for
 * the caller is logged and shown as nothing but a 500.
 */
export function problemDetails(
  logger: () => Logger,
  rejected: RejectionMetrics,
  pageOf?: ProblemPage,
): MiddlewareObj<HttpEvent, HttpAnswer> {
  return {
    // Set, not returned: middy would end the stack here and leave the security headers out.
    onError: (request) => {
      const { error, event, context } = request;
      const problem = problemOf(error, isRead(event));
      const instance = event.requestContext?.requestId ?? context.awsRequestId;
      rejected(problem.status);
      if (problem.status >= 500)
        logger().error("a request failed", { requestId: instance, key: callerOf(event)?.name, error: errorFields(error) });
      request.response = pageOf?.(problem, event) ?? answerOf(problem, instance);
    },
  };
}

function answerOf({ kind, title, status, message: detail, errors, headers }: Problem, instance: string): HttpAnswer {
  return {
    statusCode: status,
    headers: { ...headers, "content-type": "application/problem+json" },
    body: JSON.stringify({ type: `urn:baton:problem:${kind}`, title, status, detail, instance, errors }),
  };
}

function isRead(event: HttpEvent): boolean {
  return ["GET", "HEAD"].includes(event.requestContext?.http?.method);
}

function problemOf(thrown: unknown, reads: boolean): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof RunNotFoundError) return new Problem("unknown-run", "No run has this id.");
  if (thrown instanceof InvalidFilterError)
    return new Problem("invalid-query", "The query string is not as this route knows it.", { errors: thrown.issues });
  if (thrown instanceof UndoBegunError) return new Problem("undo-begun", thrown.message);
  if (thrown instanceof WrongStatusError) return new Problem("wrong-status", thrown.message);
  if (thrown instanceof MailboxFullError) return new Problem("mailbox-full", thrown.message, { headers: { "retry-after": "60" } });
  if (thrown instanceof OlderSchemaError) return new Problem("unavailable", notMigrated, { headers: { "retry-after": "30" } });
  if (thrown instanceof KeysUnavailableError)
    return new Problem("unavailable", keysAway(thrown.what), { headers: { "retry-after": "10" } });
  if (isTemporary(thrown)) return new Problem("unavailable", reads ? unavailableRead : unavailable, { headers: { "retry-after": "2" } });
  return new Problem("internal", "This was logged. If it lasts, tell the operator the instance.");
}

/** Also middy's own error when the time of the invocation is nearly up. */
function isTemporary(thrown: unknown): boolean {
  if (thrown instanceof DatabaseUnknownOutcomeError || thrown instanceof DatabaseBusyError) return true;
  return thrown instanceof Error && thrown.name === "TimeoutError";
}

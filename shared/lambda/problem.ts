import type { HttpAnswer, HttpEvent } from "./http-event.ts";
import type { SchemaIssue } from "../engine/schema-issues.ts";

/**
 * Every kind of problem that the API answers with: its type is `urn:baton:problem:<kind>` and never
 * changes.
 */
const kinds = {
  unauthorized: [401, "The API key is missing or wrong"],
  forbidden: [403, "The API key may not do this"],
  "unknown-route": [404, "There is no such route"],
  "unknown-workflow": [404, "There is no such workflow"],
  "unknown-run": [404, "There is no such run"],
  "unknown-report": [404, "There is no such report"],
  "unknown-ticket": [404, "The token gives no leave here"],
  "ticket-expired": [410, "The token has expired"],
  "invalid-query": [400, "The query string is not valid"],
  "invalid-idempotency-key": [400, "The Idempotency-Key header is not valid"],
  "invalid-encoding": [400, "The body is not UTF-8"],
  "invalid-json": [400, "The body is not JSON"],
  "unsupported-media-type": [415, "The content type is not application/json"],
  "body-too-large": [413, "The body is too large"],
  "input-too-large": [413, "The input of a run is too large"],
  "invalid-body": [422, "The body does not say what is needed"],
  "idempotency-conflict": [422, "The idempotency key was used with another body"],
  "mailbox-full": [429, "The run has too many signals that nobody has taken"],
  "wrong-status": [409, "The status of the run does not allow this"],
  "undo-begun": [409, "What the run has done is being undone, or was"],
  "wait-over": [409, "Nobody waits for this answer any more"],
  "not-enabled": [501, "This database was migrated without what the request needs"],
  "report-too-long": [504, "The report takes longer than a request may"],
  unavailable: [503, "The service is not available"],
  internal: [500, "Something went wrong"],
} as const;

export type ProblemKind = keyof typeof kinds;

/**
 * Where in the request the problem lies: a JSON pointer into the body, or the name of a query
 * parameter.
 */
export type ProblemPlace = SchemaIssue | { readonly parameter: string; readonly message: string };

/** An answer that is a problem (RFC 9457); whatever it holds is shown to the caller. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly status: number;
  readonly title: string;
  readonly errors: readonly ProblemPlace[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    kind: ProblemKind,
    detail: string,
    facts: { readonly errors?: readonly ProblemPlace[]; readonly headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.kind = kind;
    [this.status, this.title] = kinds[kind];
    this.errors = facts.errors;
    this.headers = facts.headers ?? {};
  }
}

/** What an answer says of a problem, where it is not `application/problem+json`. */
export type ProblemPage = (problem: Problem, event: HttpEvent) => HttpAnswer | undefined;

import type { MiddlewareObj, Request } from "@middy/core";
import type { HttpAnswer, HttpEvent } from "./http-event.ts";

const headers = {
  "cache-control": "no-store",
  "strict-transport-security": "max-age=63072000",
  "x-content-type-options": "nosniff",
};

/**
 * Adds to every answer, problems included, what keeps caches and browsers from guessing. Comes
 * first in a stack, so that it runs last.
 */
export function securityHeaders(): MiddlewareObj<HttpEvent, HttpAnswer> {
  const add = (request: Request<HttpEvent, HttpAnswer>) => {
    if (request.response) request.response = { ...request.response, headers: { ...request.response.headers, ...headers } };
  };
  return { after: add, onError: add };
}

import type { MiddlewareObj } from "@middy/core";
import type { Logger } from "../domain/node.ts";
import { callerOf } from "./bearer-auth.ts";
import type { HttpAnswer, HttpEvent } from "./http-event.ts";

/**
 * Logs who asked for what, one line a request; one that failed has a line of its own, with its
 * error.
 */
export function requestLog(logger: () => Logger): MiddlewareObj<HttpEvent, HttpAnswer> {
  const log = ({ event, response }: { event: HttpEvent; response: HttpAnswer | null | undefined }) => {
    const status = response?.statusCode ?? 500;
    if (status >= 500) return;
    const { requestId, http } = event.requestContext ?? {};
    logger().info("a request was answered", {
      requestId,
      key: callerOf(event)?.name,
      method: http?.method,
      path: loggable(event.rawPath),
      status,
    });
  };
  // First in a stack, so that it runs last: the answer is made then.
  return { after: log, onError: log };
}

/** A token gives leave to whoever reads it, so that it stands in no log. */
function loggable(path: string | undefined): string | undefined {
  return path?.replace(/^\/(approvals|callbacks)\/[^/]+/, "/$1/…");
}

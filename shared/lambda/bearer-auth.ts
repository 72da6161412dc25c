import type { MiddlewareObj } from "@middy/core";
import type { ApiKey } from "./api-key.ts";
import { headerOf, type HttpAnswer, type HttpEvent } from "./http-event.ts";
import type { KeyRing } from "./key-ring.ts";
import { Problem } from "./problem.ts";

/** Whose key each request carries, for as long as the request lives. */
const callers = new WeakMap<HttpEvent, ApiKey>();

/** The key that a request carries; undefined before it was looked at, or when it is nobody's. */
export function callerOf(event: HttpEvent): ApiKey | undefined {
  return callers.get(event);
}

/** Lets a request pass that carries one of the API keys. */
export function bearerAuth(keys: () => KeyRing): MiddlewareObj<HttpEvent, HttpAnswer> {
  return {
    before: async ({ event }) => {
      const [, key] = /^bearer ([^\s,]+)$/i.exec(headerOf(event, "authorization") ?? "") ?? [];
      const caller = key === undefined ? undefined : await keys().find(key);
      if (caller !== undefined) return void callers.set(event, caller);
      throw new Problem("unauthorized", "Send a valid API key as: Authorization: Bearer <key>", {
        headers: { "www-authenticate": 'Bearer realm="baton"' },
      });
    },
  };
}

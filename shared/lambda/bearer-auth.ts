import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareObj } from "@middy/core";
import { headerOf, type HttpAnswer, type HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";

/**
 * Lets a request pass that carries one of the API keys, of which only the SHA-256 digests are
 * known; two may be valid while one is replaced.
 */
export function bearerAuth(hashes: () => readonly Buffer[]): MiddlewareObj<HttpEvent, HttpAnswer> {
  return {
    before: ({ event }) => {
      const [, key] = /^bearer ([^\s,]+)$/i.exec(headerOf(event, "authorization") ?? "") ?? [];
      if (key !== undefined && matches(key, hashes())) return;
      throw new Problem("unauthorized", "Send a valid API key as: Authorization: Bearer <key>", {
        headers: { "www-authenticate": 'Bearer realm="baton"' },
      });
    },
  };
}

/** Compares with every digest, whichever matches, so that the time taken says nothing. */
function matches(key: string, hashes: readonly Buffer[]): boolean {
  const digest = createHash("sha256").update(key).digest();
  return hashes.reduce((found, hash) => timingSafeEqual(digest, hash) || found, false);
}

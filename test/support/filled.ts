import { afterAll } from "vitest";
import { createTestDatabase, fillDatabase, type FilledDatabase, type QueryAsOwner, type TestDatabase } from "./database.ts";

/**
 * Clones of databases that are each filled once for a test file, when the first is asked for.
 * `what` tells them apart.
 */
export function clonesOf<What extends string | number>(
  fill: (query: QueryAsOwner, what: What) => Promise<void>,
): (what: What) => Promise<TestDatabase> {
  const filled = new Map<What, Promise<FilledDatabase>>();
  afterAll(async () => {
    for (const each of filled.values()) await (await each)[Symbol.asyncDispose]();
  });
  return async (what) => {
    const made = filled.get(what) ?? fillDatabase((query) => fill(query, what));
    filled.set(what, made);
    return createTestDatabase((await made).name);
  };
}

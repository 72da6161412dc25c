/**
 * The door for tests with vitest: gives `expect` the matchers for runs.
 *
 * ```ts
 * import "pgbaton/testing/vitest";
 *
 * expect(await t.run(run)).toBeDone({ output: { message: "Hello Ada" } });
 * ```
 */
import { expect } from "vitest";
import { type ExpectedError, matchers } from "./matchers.ts";

expect.extend(matchers);

declare module "vitest" {
  interface Matchers<R extends void | Promise<void>, T> {
    /** The run is done; with this output, if it is given. */
    toBeDone(expected?: { readonly output?: unknown }): R;
    /** The run has failed, with such an error. */
    toHaveFailedWith(expected: ExpectedError): R;
    /** The run waits at this node: for the end of a sleep, or for the next attempt. */
    toBeWaitingFor(node: string): R;
  }
}

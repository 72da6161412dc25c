/**
 * The door for tests of a service's own: the real engine on a real Postgres, and the clock in the
 * test's hands.
 *
 * ```ts
 * import { testRuntime } from "pgbaton/testing";
 * import { workflows, fulfilOrder } from "./workflows.ts";
 *
 * await using t = await testRuntime({ workflows });
 * const run = await t.enqueue(fulfilOrder, { orderId: "o-1", amountCents: 1250 });
 * await t.advance("3 days");
 * ```
 */
export { testRuntime, type TestRuntime, type TestRuntimeOptions } from "./testing/runtime.ts";
export type { FailOptions } from "./testing/handlers.ts";
export { type ExpectedError, matchers } from "./testing/matchers.ts";
export { EscapedError, NoHandlerError, TestServerRefusedError, UnknownNodeError } from "./testing/errors.ts";
export { PostgresMissingError } from "./local/postgres/binaries.ts";

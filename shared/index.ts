/**
 * The public door for authors of workflows.
 *
 * ```ts
 * import * as z from "zod";
 * import { defineWorkflow, walk } from "../index.ts";
 *
 * const Order = z.object({ orderId: z.string(), amountCents: z.int().positive() });
 * const Charge = z.object({ chargeId: z.string() });
 *
 * export const fulfilOrder = defineWorkflow({ name: "fulfil-order", version: 1, input: Order })
 *   .step("charge", { output: Charge, retry: { maxAttempts: 5 } }, (_, { idempotencyKey }) => ({
 *     chargeId: `charge-${idempotencyKey}`,
 *   }))
 *   .sql("record", ({ input, charge }) => ({
 *     statements: [
 *       {
 *         text: "insert into example.sales values ($1, $2, $3)",
 *         values: [input.orderId, charge.chargeId, input.amountCents],
 *       },
 *     ],
 *   }))
 *   .sleep("cooling-off", "3 days")
 *   .step("notify", ({ input, charge }) => ({
 *     message: `Order ${input.orderId} is paid by ${charge.chargeId}.`,
 *   }));
 *
 * export const walked = await walk(fulfilOrder, { orderId: "o-1", amountCents: 1250 });
 * ```
 */

// A workflow, one that other code runs, and a walk through one without a database.
export { defineWorkflow } from "./domain/workflow.ts";
export { workflowOf } from "./domain/nodes/child.ts";
export { walk } from "./domain/walk.ts";

// What a run is told that follows the ending of another: `whenFailed` and `whenEnded`.
export { Ending } from "./engine/ending.ts";
export type { HookRef } from "./domain/workflow.ts";

// What a handler may throw to say more than "it failed", and what is thrown at the author.
export { InvalidWorkflowError, NonRetryableError, RetryAfterError, StepTimeoutError } from "./domain/errors.ts";
export { runErrors, type RunErrorName } from "./domain/run-errors.ts";
export { InvalidDurationError } from "./domain/duration.ts";
export { NotJsonError } from "./domain/json.ts";
export { AttributesTooLargeError } from "./domain/attributes.ts";
export { InvalidStatementError } from "./domain/check-statements.ts";
export { UnknownCaseError } from "./domain/nodes/choose.ts";
export { CallbackFailedError, CallbackRefusedError, CallbackTimeoutError, HeartbeatMissedError } from "./domain/nodes/calling.ts";
export { ChildCancelledError, ChildFailedError, ChildGoneError } from "./domain/nodes/parent.ts";
export { ItemsFailedError } from "./domain/nodes/item-endings.ts";
export { TooManyItemsError } from "./domain/nodes/map-options.ts";
export { SignalKeyTakenError, SignalRefusedError, SignalTimeoutError } from "./domain/nodes/waiting.ts";
export { RepeatedTooOftenError } from "./domain/nodes/repeat.ts";

// What masks secrets in what is stored, shown and logged: `shared/workflows/redact.ts` is where a
// service adds its own.
export { redactSecrets, type Redact } from "./domain/redact.ts";

// Where runs go before they are let go: `shared/workflows/retention.ts` names one.
export { archiveToFolder } from "./archive/folder.ts";
export { archiveToS3, type S3Place } from "./archive/s3.ts";

// What a handler is given and what it returns.
export type { Handler, Logger, NodeOptions, SleepOutput, SqlResult, StepContext } from "./domain/workflow.ts";
export type { Approval, ApprovalContext } from "./domain/nodes/approval.ts";
export type { WorkflowElsewhere } from "./domain/nodes/child.ts";
export type { Callback, CallbackContext } from "./domain/nodes/callback.ts";
export type { Script, ScriptContext, ScriptStep } from "./domain/nodes/script.ts";
export type { Statement } from "./domain/statement.ts";
export type { UndoForm, UndoHandler } from "./domain/nodes/undo.ts";
export type { Duration } from "./domain/duration.ts";
export type { Archive, ArchiveBatch } from "./domain/archive.ts";
export type { Retention, ServiceRetention } from "./domain/retention.ts";
export type { RetryPolicy } from "./domain/retry-policy.ts";
export type { Json, JsonObject } from "./domain/json.ts";

// Types taken from a workflow: `InputOf<typeof fulfilOrder>`.
export type { AnyWorkflow, AttributesOf, InputOf, OutputOf, ParsedInputOf, StateOf, Workflow, WorkflowRef } from "./domain/workflow.ts";
export type { Walked, WalkOptions } from "./domain/walk.ts";

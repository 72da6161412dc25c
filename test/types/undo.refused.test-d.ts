/**
 * What must not compile of undos: each line below an `@ts-expect-error` is refused, or `tsc` says
 * that the comment is unused.
 */
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.object({ id: z.string() }) });
const text = z.string();

// @ts-expect-error what the output does not have
order.step("a", { output: text, undo: (output) => output.chargeId }, () => "");
// @ts-expect-error what the output does not have, behind the handler
order.step("a", {}, ({ input }) => input.id, { undo: (output) => output.chargeId });
// @ts-expect-error the node itself, which its state does not have
order.step("a", { output: text, undo: (_output, { a }) => a }, () => "");
// @ts-expect-error a later node
order.step("a", { output: text, undo: (_output, { b }) => b }, () => "").step("b", () => 1);
// @ts-expect-error the output of what may have failed, which may be null
order.step("a", {}, ({ input }) => input.id, { undo: { run: (output) => output.length, evenIfFailed: true } });
// @ts-expect-error an undo without a function
order.step("a", { undo: { evenIfFailed: true } }, () => 1);
// @ts-expect-error another option
order.step("a", { undo: { run: () => 1, retries: 3 } }, () => 1);
// @ts-expect-error an undo of a sql node that gives no statements
order.sql("a", { undo: () => 1 }, () => ({ statements: [] }));
// @ts-expect-error an undo of a script
order.script("a", { undo: () => 1 }, () => 1);
// @ts-expect-error another option behind the handler
order.step("a", {}, () => 1, { when: () => true });

import { expect, test } from "vitest";
import type { Json } from "../../shared/domain/json.ts";
import type { StepPage } from "../../shared/operator.ts";
import { LAMBDA_RESPONSE_LIMIT, stepsAnswer } from "../../shared/lambda/run-answer.ts";

const at = "2026-01-31T10:00:00.000Z";
const MB = 1_000_000;

/** So many steps, each with so many attempts, a stack of this length, and this output. */
function pageOf(steps: number, { attempts = 1, stack = 10, output = null as Json }): StepPage {
  const attempt = (n: number) => ({
    number: n,
    startedAt: at,
    finishedAt: at,
    error: { name: "Error", message: "m", stack: "s".repeat(stack) },
  });
  const numbers = Array.from({ length: attempts }, (_, n) => n + 1);
  const step = (n: number) => ({ name: `s${n}`, path: `s${n}`, status: "failed" as const, output, attempts: numbers.map(attempt) });
  return { steps: Array.from({ length: steps }, (_, n) => step(n)), cursor: null, more: false };
}

test.each([
  ["nothing", pageOf(10, {}), undefined],
  ["stacks", pageOf(10, { stack: MB }), ["stacks"]],
  ["outputs", pageOf(10, { output: "o".repeat(MB) }), ["stacks", "outputs"]],
  ["attempts", pageOf(10, { attempts: 10_000 }), ["stacks", "outputs", "attempts"]],
  ["what the database had cut already, once", { ...pageOf(10, { output: "o".repeat(MB) }), leftOut: ["outputs"] }, ["outputs", "stacks"]],
])("an answer that Lambda would not take is without its stacks, then outputs, then attempts: %s", (_, page, leftOut) => {
  const answered = stepsAnswer(page);
  expect(Buffer.byteLength(JSON.stringify(answered))).toBeLessThan(LAMBDA_RESPONSE_LIMIT);
  const body = answered.isBase64Encoded ? Buffer.from(answered.body!, "base64").toString() : answered.body!;
  expect((JSON.parse(body) as StepPage).leftOut).toEqual(leftOut);
});

import type { RunView } from "../engine/operate/describe-run.ts";
import type { StepView } from "../engine/operate/describe-steps.ts";
import type { StepPage } from "../engine/operate/list-steps.ts";
import { answer, type HttpAnswer } from "./http-event.ts";

/** What Lambda takes from a function, in bytes of JSON, less what the stack adds in headers. */
export const LAMBDA_RESPONSE_LIMIT = 6_291_556;
const roomForHeaders = 4_096;

interface Reduction {
  readonly leftOut: string;
  readonly of: (step: StepView) => StepView;
}

/** What a reader misses least goes first. */
const reductions: readonly Reduction[] = [
  { leftOut: "stacks", of: (step) => ({ ...step, attempts: step.attempts.map(withoutStack) }) },
  { leftOut: "outputs", of: (step) => ({ ...step, output: null }) },
  { leftOut: "attempts", of: (step) => ({ ...step, attempts: step.attempts.slice(-1).map(withoutStack) }) },
  { leftOut: "children", of: ({ name, path, status, output, attempts }) => ({ name, path, status, output, attempts }) },
];

/** What has steps, and may have to do without something of them. */
interface Stepped {
  readonly steps: readonly StepView[];
  /** What the database had no room for. */
  readonly leftOut?: readonly string[];
}

/**
 * The answer to a GET of a run, which always fits into what Lambda takes: as it is, or in base64,
 * which the gateway decodes and which does not grow with the quotes in it; at last without
 * something of its steps, named in `leftOut`.
 */
export function runAnswer(run: RunView): HttpAnswer {
  const fitted = fittedAnswer(run);
  if (fitted !== undefined) return fitted;
  throw new Error(`Run ${run.id} is larger than a run can be: its input and its output alone do not fit into an answer.`);
}

/** The answer to a GET of steps, which fits in the same way. */
export function stepsAnswer(page: StepPage): HttpAnswer {
  const fitted = fittedAnswer(page);
  if (fitted !== undefined) return fitted;
  throw new Error("Steps without their outputs do not fit into an answer.");
}

function fittedAnswer(view: Stepped): HttpAnswer | undefined {
  const whole = fitting(view);
  if (whole !== undefined) return whole;
  let { steps } = view;
  const leftOut = new Set(view.leftOut);
  for (const { leftOut: what, of } of reductions) {
    steps = steps.map((step) => reduced(step, of));
    leftOut.add(what);
    const answered = fitting({ ...view, steps, leftOut: [...leftOut] });
    if (answered !== undefined) return answered;
  }
  return undefined;
}

/** A step without something, and all below it. */
function reduced(step: StepView, of: Reduction["of"]): StepView {
  const { children, ...rest } = of(step);
  return children === undefined ? rest : { ...rest, children: children.map((child) => reduced(child, of)) };
}

function fitting(view: Stepped): HttpAnswer | undefined {
  const plain = answer(200, view);
  if (fits(plain)) return plain;
  const encoded = { ...plain, body: Buffer.from(plain.body!).toString("base64"), isBase64Encoded: true };
  return fits(encoded) ? encoded : undefined;
}

function fits(result: HttpAnswer): boolean {
  return Buffer.byteLength(JSON.stringify(result)) + roomForHeaders <= LAMBDA_RESPONSE_LIMIT;
}

function withoutStack<Attempt extends StepView["attempts"][number]>(attempt: Attempt): Attempt {
  if (attempt.error?.stack === undefined) return attempt;
  const { name, message } = attempt.error;
  return { ...attempt, error: { name, message } };
}

/** The steps of a script: what `step` does inside its handler. */
import type * as z from "zod";
import { NonRetryableError } from "./errors.ts";
import type { Json } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import { MAX_OUTPUT_BYTES } from "./limits.ts";
import { namePattern, nameRule } from "./name.ts";
import type { Memory, State, StepContext } from "./node.ts";
import { outputParser } from "./nodes/handler.ts";
import { problemOfOptions } from "./options.ts";
import { MAX_PATH_BYTES } from "./path.ts";
import { delayBeforeRetry, resolveRetry, type ResolvedRetry, type RetryPolicy } from "./retry-policy.ts";

/** The most steps that one script may have stored. */
export const MAX_NAMES = 3_000;
/** The longest `of`, percent-encoded. */
const MAX_OF_BYTES = 64;

interface Options {
  readonly of?: string | number;
  readonly retry?: RetryPolicy;
  readonly output?: z.ZodType;
}
type Run = (context: StepContext) => unknown;
type Given = [Run] | [Options, Run];

const memoPath = /^[a-z][a-zA-Z0-9-]{0,62}(?:\/(?:[A-Za-z0-9._-]|%[0-9A-F]{2}){1,64})?$/;

/** Whether a row may have that path below a script. */
export function isMemoPath(below: string): boolean {
  return memoPath.test(below);
}

/**
 * Calls a script. Rejects with what it throws, and with `NonRetryableError` where it has returned
 * before its steps have.
 */
export async function runScript(
  script: (state: State, context: object) => unknown,
  state: State,
  context: StepContext,
  memory: Memory = forgetful,
): Promise<unknown> {
  const steps = new ScriptSteps(context, memory);
  const step = (name: string, ...given: Given): Promise<Json> => steps.step(name, ...given);
  try {
    // The context has getters, which a spread would ask at once.
    const own = { step: { value: step }, sleep: { value: refuseSleep }, waitFor: { value: refuseSleep } };
    const returned = await script(state, Object.create(context, own) as object);
    steps.refuseOpen();
    return returned;
  } finally {
    steps.end();
  }
}

/** That of a handler which is called by itself, as in a unit test. */
const forgetful: Memory = {
  recall: () => undefined,
  store: () => Promise.resolve(),
  pause: () => Promise.resolve(),
  now: () => 0,
  random: () => 0,
};

function refuseSleep(): never {
  throw new NonRetryableError(
    "A script cannot sleep or wait for a signal, for its invocation would: end the script here, and put .sleep(…) or .repeat(…) around it.",
  );
}

class ScriptSteps {
  readonly #context: StepContext;
  readonly #memory: Memory;
  readonly #used = new Set<string>();
  readonly #open = new Set<string>();
  #isOver = false;

  constructor(context: StepContext, memory: Memory) {
    this.#context = context;
    this.#memory = memory;
  }

  step(name: string, ...given: Given): Promise<Json> {
    const step = this.#step(name, ...given);
    // Whoever awaits it hears of its end; of one that nobody awaits the script's end says so.
    step.catch(() => undefined);
    return step;
  }

  async #step(name: string, ...given: Given): Promise<Json> {
    // In JavaScript nothing may be given.
    const [options, run] = typeof given[0] === "function" ? [{}, given[0]] : [given[0] ?? {}, given[1] as Run];
    const below = this.#use(name, options);
    const retry = retryOf(below, options);
    const known = this.#memory.recall(below);
    if (known !== undefined) return known;
    this.#open.add(below);
    try {
      return await this.#do(below, { ...options, retry }, run);
    } finally {
      this.#open.delete(below);
    }
  }

  /** The path below the script, which one attempt uses once. */
  #use(name: string, { of }: Options): string {
    if (this.#isOver) throw new Error(`"${name}" was called after its script was over: await each step, nothing of this one was done.`);
    if (typeof name !== "string" || !namePattern.test(name))
      throw new NonRetryableError(`The step "${name}" cannot be stored: ${nameRule}.`);
    const below = of === undefined ? name : `${name}/${encode(name, of)}`;
    if (this.#used.has(below)) throw new NonRetryableError(twice(name, of));
    if (this.#used.size >= MAX_NAMES)
      throw new NonRetryableError(`A script has at most ${MAX_NAMES} steps: "${below}" is one more. Use a map, or several scripts.`);
    if (this.#context.idempotencyKey.length - this.#context.runId.length + below.length > MAX_PATH_BYTES)
      throw new NonRetryableError(`The path of the step "${below}" has more than ${MAX_PATH_BYTES} bytes: use shorter names.`);
    this.#used.add(below);
    return below;
  }

  async #do(below: string, { retry, output }: Pick<Options, "output"> & { retry: ResolvedRetry }, run: Run): Promise<Json> {
    if (typeof run !== "function") throw new NonRetryableError(`The step "${below}" has no function: write step("${below}", () => …).`);
    const parse = outputParser(output);
    const { startedAt, returned } = await this.#try(below, retry, run);
    const value = await parse(returned);
    const bytes = jsonbBytes(value);
    if (bytes > MAX_OUTPUT_BYTES)
      throw new NonRetryableError(
        `The output of the step "${below}" is ${bytes} bytes of JSON, more than ${MAX_OUTPUT_BYTES}: store the data elsewhere and return a reference to it.`,
      );
    if (this.#isOver) throw new Error(`"${below}" came back after its script was over: nothing of it is stored.`);
    await this.#memory.store(below, value, startedAt);
    return value;
  }

  /** A failure is the script's to see, and nothing of it is stored. */
  async #try(below: string, retry: ResolvedRetry, run: Run): Promise<{ startedAt: number; returned: unknown }> {
    for (let attempt = 1; ; attempt++) {
      const startedAt = this.#memory.now();
      try {
        return { startedAt, returned: await run(this.#contextOf(below, attempt)) };
      } catch (thrown) {
        if (thrown instanceof NonRetryableError || attempt >= retry.maxAttempts || this.#context.signal.aborted) throw thrown;
        await this.#memory.pause(delayBeforeRetry(retry, attempt, this.#memory.random()));
      }
    }
  }

  #contextOf(below: string, attempt: number): StepContext {
    const idempotencyKey = `${this.#context.idempotencyKey}/${below}`;
    return Object.create(this.#context, { idempotencyKey: { value: idempotencyKey }, attempt: { value: attempt } }) as StepContext;
  }

  refuseOpen(): void {
    const [open] = this.#open;
    if (open === undefined) return;
    throw new NonRetryableError(`The script returned while its step "${open}" was not over: await each step.`);
  }

  end(): void {
    this.#isOver = true;
  }
}

const once: ResolvedRetry = resolveRetry({ maxAttempts: 1 });
const OPTION_NAMES = ["of", "retry", "output"];

/** How often it is tried. Throws NonRetryableError, also for options that are none. */
function retryOf(below: string, options: Options): ResolvedRetry {
  const refuse = (problem: string) => new NonRetryableError(`The step "${below}": ${problem.replace(/\.$/, "")}.`);
  const problem = problemOfOptions("a script's step", options, OPTION_NAMES);
  if (problem !== undefined) throw refuse(problem);
  try {
    return options.retry === undefined ? once : resolveRetry(options.retry);
  } catch (thrown) {
    throw refuse((thrown as Error).message);
  }
}

function encode(name: string, of: string | number): string {
  const text = encodeURIComponent(String(of).toWellFormed()).replaceAll(
    /[!'()*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (text.length > 0 && text.length <= MAX_OF_BYTES) return text;
  throw new NonRetryableError(
    `The of of the step "${name}" has ${text.length} bytes, percent-encoded: use 1 to ${MAX_OF_BYTES}, such as an id.`,
  );
}

function twice(name: string, of: string | number | undefined): string {
  return of === undefined
    ? `The step "${name}" was called twice in one attempt: say what each is for, such as step("${name}", { of: order.id }, …).`
    : `The step "${name}" was called twice of ${JSON.stringify(of)} in one attempt: give each its own of.`;
}

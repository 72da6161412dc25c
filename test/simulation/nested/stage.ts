import { NonRetryableError } from "../../../shared/domain/errors.ts";
import type { Json } from "../../../shared/domain/json.ts";
import type { StepContext } from "../../../shared/domain/node.ts";
import type { ScriptContext } from "../../../shared/domain/nodes/script.ts";
import type { Statement } from "../../../shared/domain/statement.ts";
import { currentAttempt } from "../../../shared/engine/poll/attempt.ts";
import type { Clock } from "../../../shared/engine/ports.ts";
import type { ApprovalContext } from "../../../shared/domain/nodes/approval.ts";
import type { CallbackContext } from "../../../shared/domain/nodes/callback.ts";
import type { Answerers } from "./answerers.ts";
import { doomAt, flakyAt, hookFailsOf, memosAt, outputAt, returnsAt, stumblesAt, undoFailsAt } from "./behaviour.ts";
import type { DatabaseClock } from "./clock.ts";
import { differ, type Seen } from "./expectation.ts";
import type { Faults } from "./faults.ts";
import { askedAt, type Model } from "./model-shape.ts";
import type { ApprovalSpec, CallbackSpec, HandlerSpec } from "./spec.ts";
import type { Stored } from "./stored.ts";

export type State = Readonly<Record<string, unknown>>;

export const TIMEOUT_MS = 10_000;

/** What the functions of all workflows of a seed do, and what they see that should not be. */
export class Stage {
  readonly #clock: DatabaseClock;
  readonly #faults: Faults;
  readonly #stored: Stored;
  readonly #answerers: Answerers;
  readonly models = new Map<string, Model>();
  readonly wrong: string[] = [];
  readonly #stumbled = new Set<string>();
  /** Items that are worked on: by lease and map, how many handlers of each. */
  readonly #busy = new Map<string, Map<string, number>>();
  handlers = 0;
  /** Of runs what was undone, each when it was first tried. */
  readonly undone = new Map<string, readonly string[]>();

  /** Runs that were given another answer, for as long as that decision takes. */
  readonly #misled = new Set<string>();

  constructor(clock: DatabaseClock, faults: Faults, stored: Stored, answerers: Answerers) {
    this.#clock = clock;
    this.#faults = faults;
    this.#stored = stored;
    this.#answerers = answerers;
  }

  /**
   * What a function that decides says: as the model does until that is stored, and something else
   * afterwards. path: where it is asked; rows: of which one is stored then.
   */
  ask<Answer>(state: State, path: string, rows: readonly string[], answer: Answer, other: Answer): Answer {
    const run = runOf(state);
    if (!this.#misled.has(run)) this.#check(run, askedAt(path), state);
    const asked = `${run}/${path}`;
    if (stumblesAt(path) && !this.#stumbled.has(asked)) {
      this.#stumbled.add(asked);
      throw new Error(`"${path}" stumbles`);
    }
    if (!rows.some((row) => this.#stored.has(run, row))) return answer;
    // A poller whose lease is lost: what it asks next in the same decision rests on this.
    this.#misled.add(run);
    queueMicrotask(() => this.#misled.delete(run));
    return other;
  }

  async step(node: HandlerSpec, state: State, context: StepContext): Promise<unknown> {
    const path = pathOf(context);
    const seen = this.#check(runOf(state), path, state);
    const leave = this.#enter(runOf(state), path, context.signal);
    try {
      await this.#work(node, path, context);
      if (node.kind === "script") await this.#remember(node, path, context as ScriptContext);
      this.#fail(node, path, context.attempt);
    } finally {
      leave();
    }
    const output = outputAt(node.gives, path);
    return node.gives === "place" && seen.size > 0 ? { ...(output as object), seen: Object.fromEntries(seen) } : output;
  }

  async sql(node: HandlerSpec, state: State, context: StepContext): Promise<{ statements: Statement[]; output: unknown }> {
    const output = await this.step({ ...node, flaky: 0 }, state, context);
    const path = pathOf(context);
    const effect = { text: "insert into test.effect values ($1, $2)", values: [context.runId, path] };
    const fails = context.attempt <= flakyAt(node, path);
    return { statements: fails ? [effect, { text: "select 1 / 0", values: [] }] : [effect], output };
  }

  /** Takes back what a node has done. */
  async undo(node: HandlerSpec, output: Json, state: State, context: StepContext): Promise<{ statements: Statement[] }> {
    const [path, run] = [pathOf(context).slice("~undo/".length), runOf(state)];
    this.#noteUndo(context.runId, path);
    this.#check(run, path, state);
    const problem = output === null ? undefined : differ(this.models.get(run)?.rows.get(path)?.output, output, new Map());
    if (problem !== undefined) this.#say(`${path} of ${run} is undone with another output: ${problem}`);
    await this.#work({ ...node, flaky: 0 }, path, context);
    const fails = undoFailsAt(node.undo!, path);
    if (fails === Infinity) throw new NonRetryableError(`the undo of "${path}" is doomed`);
    if (context.attempt <= fails) throw new Error(`the undo of "${path}" is flaky`);
    const effect = { text: "insert into test.effect values ($1, $2)", values: [context.runId, `~undo/${path}`] };
    return { statements: node.kind === "sql" ? [effect] : [] };
  }

  #noteUndo(run: string, path: string): void {
    const before = this.undone.get(run) ?? [];
    if (!before.includes(path)) this.undone.set(run, [...before, path]);
  }

  /** Is told of an ending. */
  async hook(context: StepContext): Promise<void> {
    this.handlers++;
    const fails = hookFailsOf(context.runId);
    if (fails === Infinity) throw new NonRetryableError("the hook is doomed");
    if (context.attempt <= fails) throw new Error("the hook is flaky");
    await pause(currentAttempt()!.lease.poller.clock, this.#faults.between(1, 500), undefined);
  }

  /** Asks somebody, before or after some of its attempts fail; one that is doomed asks nobody. */
  async approval({ name, ask, isAnswered }: ApprovalSpec, state: State, context: ApprovalContext<string>): Promise<void> {
    const path = pathOf(context).slice(0, -"/~asked/00000".length);
    const generation = Number(context.idempotencyKey.slice(-5));
    this.#check(runOf(state), `${path}/~asked/*`, state);
    if (doomAt(ask, path) === Infinity || generation < doomAt(ask, path)) throw new NonRetryableError(`"${name}" asks nobody`);
    const hand = () => isAnswered && this.#answerers.decide(path, context.links);
    await this.#hand(hand, () => this.#attempt({ ...ask, doom: "never" }, pathOf(context), state, context));
  }

  /** Some complete it themselves; the attempts of others fail here or outside. */
  async callback({ handler, beats }: CallbackSpec, state: State, context: CallbackContext): Promise<unknown> {
    const path = pathOf(context);
    this.#check(runOf(state), path, state);
    if (returnsAt(path)) {
      await this.#attempt(handler, path, state, context);
      return { told: path };
    }
    const hand = () => this.#answerers.work({ path, handler, attempt: context.attempt, token: context.callback.token }, beats);
    const failsHere = this.#faults.random() < 0.3 ? handler : { ...handler, flaky: 0 };
    return this.#hand(hand, () => this.#attempt({ ...failsHere, doom: "never" }, path, state, context));
  }

  async #hand(hand: () => unknown, attempt: () => Promise<void>): Promise<void> {
    const isEarly = this.#faults.random() < 0.3;
    if (isEarly) hand();
    await attempt();
    if (!isEarly) hand();
  }

  async #attempt(node: HandlerSpec, path: string, state: State, context: StepContext): Promise<void> {
    const leave = this.#enter(runOf(state), path, context.signal);
    try {
      await this.#work(node, path, context);
      this.#fail(node, path, context.attempt);
    } finally {
      leave();
    }
  }

  #check(run: string, path: string, state: State): Seen {
    const seen: Seen = new Map();
    const expected = this.models.get(run)?.states.get(path);
    if (expected === undefined) this.#say(`${path} of ${run} is none of the model's`);
    else {
      const problem = differ(expected, state, seen, "the state");
      if (problem !== undefined) this.#say(`${path} of ${run}: ${problem}`);
      this.#checkTimes(run, path, state);
    }
    return seen;
  }

  /** What slept before it sleeps no longer. */
  #checkTimes(run: string, path: string, state: unknown): void {
    if (typeof state !== "object" || state === null) return;
    const { until, decision, at } = state as { until?: unknown; decision?: unknown; at?: unknown };
    const end = decision === "expired" ? at : until;
    if (typeof end === "string" && Date.parse(end) > this.#clock.latest)
      this.#say(`${path} of ${run} begins at ${this.#clock.latest}, before ${end} is over`);
    for (const inner of Object.values(state)) this.#checkTimes(run, path, inner);
  }

  /** The pause before a pass is over. */
  #checkPause(run: string, path: string): void {
    for (const { index } of path.matchAll(/\/\d{5}\//g)) {
      const before = String(Number(path.slice(index + 1, index + 6)) - 1).padStart(5, "0");
      const end = this.#stored.endOf(run, `${path.slice(0, index)}/${before}/~again`);
      if (end !== undefined && end > this.#clock.latest)
        this.#say(`${path} of ${run} begins at ${this.#clock.latest}, before the pause is over`);
    }
  }

  /** Counts an attempt for the items that it is below. */
  #enter(run: string, path: string, signal: AbortSignal): () => void {
    this.handlers++;
    this.#checkPause(run, path);
    const lease = currentAttempt()!.lease;
    const left: (() => void)[] = [];
    const leave = () => left.splice(0).forEach((each) => each());
    // Who was told to stop counts no more.
    signal.addEventListener("abort", leave);
    for (const [map, most] of this.models.get(run)!.limits) {
      if (!path.startsWith(`${map}/`)) continue;
      const key = `${lease.token} ${run} ${map}`;
      const items = this.#busy.get(key) ?? new Map<string, number>();
      this.#busy.set(key, items);
      const item = path.slice(map.length + 1, map.length + 6);
      items.set(item, (items.get(item) ?? 0) + 1);
      if (items.size > most) this.#say(`${items.size} items of ${map} of ${run} are worked on, more than ${most}`);
      left.push(() => (items.get(item) === 1 ? items.delete(item) : items.set(item, items.get(item)! - 1)));
    }
    return leave;
  }

  async #work(node: HandlerSpec, path: string, context: StepContext): Promise<void> {
    const { clock } = currentAttempt()!.lease.poller;
    const takes = Math.floor(this.#faults.random() * (node.mostMs + 1));
    const heeds = this.#faults.random() < 0.5;
    if (takes > 0) await pause(clock, takes, heeds ? context.signal : undefined);
    if (heeds) context.signal.throwIfAborted();
    // Some take longer than their time.
    if (context.attempt <= flakyAt(node, path) && node.flaky === 3) await pause(clock, 2 * TIMEOUT_MS, undefined);
  }

  async #remember(node: HandlerSpec, path: string, { step, attempt }: ScriptContext): Promise<void> {
    for (const below of memosAt(node, path)) {
      const [name, of] = below.split("/") as [string, string | undefined];
      const run = (context: StepContext) => {
        const own = pathOf(context);
        return this.#stored.has(context.runId, own) ? "again" : own;
      };
      const told = of === undefined ? await step(name, run) : await step(name, { of: decodeURIComponent(of) }, run);
      if (told !== `${path}/${below}`) this.#say(`${path}/${below} told ${told}`);
      if (attempt <= flakyAt(node, path)) this.#fail(node, path, attempt);
    }
  }

  #fail(node: HandlerSpec, path: string, attempt: number): void {
    if (attempt <= doomAt(node, path)) throw new NonRetryableError(`"${path}" is doomed`);
    if (attempt <= flakyAt(node, path)) throw new Error(`"${path}" is flaky`);
  }

  #say(what: string): void {
    this.wrong.push(what);
  }
}

function runOf({ input }: State): string {
  return (input as { run: string }).run;
}

function pathOf({ runId, idempotencyKey }: StepContext): string {
  return idempotencyKey.slice(runId.length + 1);
}

function pause(clock: Clock, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const callOff = clock.after(milliseconds, resolve);
    signal?.addEventListener("abort", () => {
      callOff();
      reject(signal.reason as Error);
    });
  });
}

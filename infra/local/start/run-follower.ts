import { setTimeout as pause } from "node:timers/promises";
import type { Api, Run, Step } from "./api.ts";

const ENDED = new Set(["done", "failed", "cancelled"]);
const EVERY_MS = 250;
/**
 * A run that sleeps longer than this, or is blocked, is not followed any further, so that an idle
 * database may sleep too.
 */
const LONG_SLEEP_MS = 60_000;
/** Runs followed at the same time; more would only fill the screen. */
const AT_MOST = 20;

/** Prints what happens in runs, a line for each attempt of a step, until they end. */
export class RunFollower {
  readonly #api: Api;
  readonly #print: (line: string) => void;
  readonly #followed = new Set<string>();
  readonly #begun = Promise.withResolvers<void>();
  readonly #ended = new AbortController();

  constructor(api: Api, print: (line: string) => void) {
    this.#api = api;
    this.#print = print;
  }

  /** Lets it print; what happens before is shown then. */
  begin(): void {
    this.#begun.resolve();
  }

  follow(id: string): void {
    this.#follow(id, new Set());
  }

  /** Follows a run from here on: what has happened before is not printed. */
  async followOn(id: string): Promise<void> {
    this.#follow(id, new Set(linesOf(await this.#api.run(id))));
  }

  end(): void {
    this.#ended.abort();
  }

  #follow(id: string, shown: Set<string>): void {
    if (this.#followed.has(id) || this.#followed.size >= AT_MOST) return;
    this.#followed.add(id);
    this.#show(id, shown)
      .catch((error: unknown) => {
        if (!this.#ended.signal.aborted) this.#print(`…${id.slice(-6)}  goes on unseen: ${(error as Error).message}`);
      })
      .finally(() => this.#followed.delete(id));
  }

  async #show(id: string, shown: Set<string>): Promise<void> {
    await this.#begun.promise;
    for (;;) {
      const run = await this.#api.run(id);
      for (const line of linesOf(run)) {
        if (!shown.has(line)) this.#print(line);
        shown.add(line);
      }
      if (ENDED.has(run.status) || run.status === "blocked" || sleepMs(run) > LONG_SLEEP_MS) return;
      await pause(EVERY_MS, undefined, { ref: false, signal: this.#ended.signal });
    }
  }
}

/**
 * Everything that is to be said about a run so far, a line each; what was said once stays the same.
 */
export function linesOf(run: Run): string[] {
  const start = `${run.workflow.padEnd(16)} …${run.id.slice(-6)}`;
  const steps = run.steps.flatMap((step) => stepLines(step).map((line) => `${start}  ${step.name.padEnd(12)} ${line}`));
  if (run.waiting?.for === "blocked") steps.push(`${start}  is blocked`);
  if (sleepMs(run) > LONG_SLEEP_MS) steps.push(`${start}  sleeps until ${run.waiting?.until}`);
  if (ENDED.has(run.status)) steps.push(`${start}  ${run.status}${run.error === null ? "" : `: ${run.error.message}`}`);
  return steps;
}

function stepLines({ status, attempts }: Step): string[] {
  if (attempts.length === 0) return status === "waiting" ? ["sleeps"] : [];
  return attempts.flatMap(({ number, startedAt, finishedAt, error }) => {
    if (finishedAt === null || Date.parse(finishedAt) > Date.now()) return [];
    const took = `${Date.parse(finishedAt) - Date.parse(startedAt)} ms`;
    return [`attempt ${number}  ${error == null ? `done in ${took}` : `failed after ${took}: ${error.message}`}`];
  });
}

function sleepMs({ status, waiting }: Run): number {
  return status === "waiting" && waiting?.until != null ? Date.parse(waiting.until) - Date.now() : 0;
}

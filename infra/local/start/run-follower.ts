import { setTimeout as pause } from "node:timers/promises";
import { inOneLine } from "./one-line.ts";
import type { ShownRun, ShownStep } from "./shown-run.ts";

const ENDED = new Set(["done", "failed", "cancelled"]);
const EVERY_MS = 250;
/**
 * A run that sleeps longer than this, or is blocked, is not followed any further, so that an idle
 * database may sleep too.
 */
const LONG_SLEEP_MS = 60_000;
/** Runs followed at the same time; more would only fill the screen. */
const AT_MOST = 20;
const FULL = `Only ${AT_MOST} runs are shown here at the same time. The others run all the same: GET /runs lists them.`;

export type ReadRuns = (ids: readonly string[]) => Promise<readonly ShownRun[]>;

/**
 * Prints what happens in runs, a line for each attempt of a step, until they end. It asks for all
 * of them at once, and for none when there is none.
 */
export class RunFollower {
  readonly #read: ReadRuns;
  readonly #print: (line: string) => void;
  readonly #everyMs: number;
  /** The lines that were printed of each run. */
  readonly #followed = new Map<string, Set<string>>();
  readonly #ended = new AbortController();
  #begun = false;
  #looking = false;
  #unseen = false;
  /** Whether runs were left out, and whether that was said. */
  #full: "no" | "unsaid" | "said" = "no";

  constructor(read: ReadRuns, print: (line: string) => void, everyMs = EVERY_MS) {
    this.#read = read;
    this.#print = print;
    this.#everyMs = everyMs;
  }

  /** Lets it print; what happens before is shown then. */
  begin(): void {
    this.#begun = true;
    if (this.#full === "unsaid") this.#sayFull();
    this.#startLooking();
  }

  follow(id: string): void {
    this.#add(id, new Set());
  }

  /** Follows a run from here on: what has happened before is not printed. */
  async followOn(id: string): Promise<void> {
    if (this.#isFull()) return;
    const [run] = await this.#read([id]);
    this.#add(id, new Set(run && linesOf(run)));
  }

  end(): void {
    this.#ended.abort();
  }

  #add(id: string, printed: Set<string>): void {
    if (this.#followed.has(id) || this.#isFull()) return;
    this.#followed.set(id, printed);
    this.#startLooking();
  }

  /** Whether one more run is left out, which is said once. */
  #isFull(): boolean {
    if (this.#followed.size < AT_MOST) return false;
    if (this.#full === "no") this.#sayFull();
    return true;
  }

  #sayFull(): void {
    if (this.#begun) this.#print(FULL);
    this.#full = this.#begun ? "said" : "unsaid";
  }

  #startLooking(): void {
    if (this.#looking || !this.#begun || this.#followed.size === 0) return;
    this.#looking = true;
    void this.#look().finally(() => (this.#looking = false));
  }

  async #look(): Promise<void> {
    while (this.#followed.size > 0 && !this.#ended.signal.aborted) {
      await this.#read([...this.#followed.keys()]).then(
        (runs) => this.#show(runs),
        (error: unknown) => this.#sayUnseen(error as Error),
      );
      await pause(this.#everyMs, undefined, { ref: false, signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  #show(runs: readonly ShownRun[]): void {
    this.#unseen = false;
    for (const run of runs) {
      const printed = this.#followed.get(run.id)!;
      for (const line of linesOf(run)) {
        if (!printed.has(line)) this.#print(line);
        printed.add(line);
      }
      if (isOver(run)) this.#followed.delete(run.id);
    }
  }

  /** Once, until it sees again: the runs go on, whether they are shown or not. */
  #sayUnseen(error: Error): void {
    if (!this.#unseen && !this.#ended.signal.aborted) this.#print(`The database does not answer the display: ${inOneLine(error.message)}`);
    this.#unseen = true;
  }
}

function isOver(run: ShownRun): boolean {
  return ENDED.has(run.status) || run.status === "blocked" || sleepMs(run) > LONG_SLEEP_MS;
}

/**
 * Everything that is to be said about a run so far, a line each, attempts in the order in which
 * they ended; what was said once stays the same. below: steps that the run only counts, if they
 * are known.
 */
export function linesOf(run: ShownRun, below?: readonly ShownStep[]): string[] {
  const start = `${run.workflow.padEnd(17)} …${run.id.slice(-6)}`;
  const steps = run.steps.flatMap(withChildren);
  const about = ({ path }: ShownStep, text: string) => `${start}  ${path.padEnd(12)} ${text}`;
  const ends = [...steps, ...(below ?? [])].flatMap((step) => endsOf(step).map(({ at, text }) => ({ at, line: about(step, text) })));
  const lines = ends.toSorted((one, other) => one.at - other.at).map(({ line }) => line);
  if (below === undefined) lines.unshift(...steps.flatMap((step) => (step.more ? [about(step, noteOf(step.more.link))] : [])));
  if (run.waiting?.for === "blocked") lines.push(`${start}  is blocked: ${inOneLine(run.waiting.reason)}`);
  if (sleepMs(run) > LONG_SLEEP_MS) lines.push(`${start}  sleeps until ${run.waiting?.until}`);
  if (ENDED.has(run.status)) lines.push(`${start}  ${run.status}${run.error === null ? "" : `: ${inOneLine(run.error.message)}`}`);
  return lines;
}

/** A step, and all that is shown below it. */
export function withChildren<Step extends { readonly children?: readonly Step[] }>(step: Step): Step[] {
  return [step, ...(step.children ?? []).flatMap(withChildren)];
}

/** What came of the attempts that have ended, and when. */
function endsOf({ attempts }: ShownStep): { readonly at: number; readonly text: string }[] {
  return attempts.flatMap(({ number, startedAt, finishedAt, error }) => {
    if (finishedAt === null || Date.parse(finishedAt) > Date.now()) return [];
    const at = Date.parse(finishedAt);
    const took = `${at - Date.parse(startedAt)} ms`;
    return [{ at, text: `attempt ${number}  ${error == null ? `done in ${took}` : `failed after ${took}: ${inOneLine(error.message)}`}` }];
  });
}

function noteOf(link: string): string {
  return `only the first 100 below it are shown here: GET ${link.replace(/&cursor=.*/, "")} lists all`;
}

function sleepMs({ status, waiting }: ShownRun): number {
  return status === "waiting" && waiting?.until != null ? Date.parse(waiting.until) - Date.now() : 0;
}

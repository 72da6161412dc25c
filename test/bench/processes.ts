import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Workload } from "./contender.ts";

/** What a cell is told. everyMs: one run at a time, that far apart. */
export type ToCell =
  { readonly kind: "send"; readonly count: number; readonly everyMs?: number } | { readonly kind: "go" } | { readonly kind: "stop" };

interface Usage {
  readonly cpuSeconds: number;
  readonly maxRssBytes: number;
}

/** Milliseconds from the call that enqueued a run to its first step, and to its end. */
export interface Latency {
  readonly start: number;
  readonly done: number;
}

export type FromCell =
  | { readonly kind: "ready"; readonly name: string; readonly version: string; readonly settings: Readonly<Record<string, unknown>> }
  | ({ readonly kind: "sent"; readonly seconds: number; readonly calls: readonly number[] } & Usage)
  | { readonly kind: "working"; readonly startedAt: number }
  | { readonly kind: "done"; readonly done: number }
  | ({ readonly kind: "stopped"; readonly latencies: readonly Latency[] } & Usage);

type Answer<Kind extends FromCell["kind"]> = Extract<FromCell, { kind: Kind }>;

/** A process of a measurement. */
export interface Cell {
  tell(message: ToCell): void;
  /** The next message of a kind; throws when the process ends before. */
  answer<Kind extends FromCell["kind"]>(kind: Kind): Promise<Answer<Kind>>;
  /** Runs that its handlers have done. */
  readonly done: number;
  readonly ended: Promise<void>;
  kill(): void;
}

const script = fileURLToPath(new URL("cell.ts", import.meta.url));

/** The module of a contender and what it is to do; see cell.ts. */
export interface CellTask {
  readonly module: URL;
  readonly workload: Workload;
  readonly url: string;
  readonly what: "prepare" | "produce" | "work";
  readonly mode?: "backlog" | "low-load";
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
}

/** Starts a process of its own for one part of a measurement; it ends with this one. */
export function startCell({ module, workload, url, what, mode = "backlog", env = {}, execArgv = [] }: CellTask): Cell {
  const child = fork(script, [fileURLToPath(module), workload, url, what, mode], {
    env: { ...process.env, NODE_ENV: "production", ...env },
    execArgv: [...execArgv],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let done = 0;
  child.on("message", (message: FromCell) => {
    if (message.kind === "done") done = message.done;
  });
  const ended = once(child, "exit").then(([code]) => {
    if (code !== 0) throw new Error(`${fileURLToPath(module)} ${workload} ${what} ended with ${code}`);
  });
  ended.catch(() => undefined);
  return {
    tell: (message) => void child.send(message),
    answer: (kind) => Promise.race([answerOf(child, kind), ended.then(() => never(kind))]),
    get done() {
      return done;
    },
    ended,
    kill: () => void child.kill("SIGKILL"),
  };
}

function answerOf<Kind extends FromCell["kind"]>(child: ChildProcess, kind: Kind): Promise<Answer<Kind>> {
  return new Promise((resolve) => {
    const listen = (message: FromCell) => {
      if (message.kind !== kind) return;
      child.off("message", listen);
      resolve(message as Answer<Kind>);
    };
    child.on("message", listen);
  });
}

function never(kind: string): never {
  throw new Error(`the process ended before it said "${kind}"`);
}

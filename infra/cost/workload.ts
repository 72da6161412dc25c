import { parseArgs } from "node:util";

/** The months of this calculation have 730 hours, as those of cloud bills do. */
export const hoursOfMonth = 730;

const PLANS = ["launch", "scale", "free"] as const;

/** What is to be paid for, in a month. */
export interface Workload {
  readonly runs: number;
  readonly steps: number;
  /** How long the handler of a step takes, in milliseconds. */
  readonly stepMs: number;
  /** JSON of the input, and of what each step returns, in bytes. */
  readonly stateBytes: number;
  /** Of the poller, and of the function that does a step elsewhere, in MB. */
  readonly memory: number;
  /** Handlers that run at the same time in one poller: BATON_CONCURRENCY. */
  readonly concurrency: number;
  /** Runs that arrive in one request, together. */
  readonly burst: number;
  /** Hours of each day over which the runs are spread evenly. */
  readonly activeHours: number;
  readonly neon: (typeof PLANS)[number];
  /** Size of the database's compute, in CU of Neon. */
  readonly cu: number;
  /** A round trip to the database, in milliseconds, beyond what the measurements had. */
  readonly distanceMs: number;
  /** How long finished runs are kept, and how far back the database can be restored, in days. */
  readonly retentionDays: number;
  readonly historyDays: number;
}

export const defaultWorkload: Workload = {
  runs: 1_000_000,
  steps: 3,
  stepMs: 100,
  stateBytes: 200,
  memory: 1024,
  concurrency: 50,
  burst: 1,
  activeHours: 24,
  neon: "launch",
  cu: 0.25,
  distanceMs: 2,
  retentionDays: 30,
  historyDays: 1,
};

/** What each option may be, and whether it is a whole number. */
const RANGES: Readonly<Record<Exclude<keyof Workload, "neon">, readonly [least: number, most: number, whole: boolean]>> = {
  runs: [0, 1e12, true],
  steps: [1, 10_000, true],
  stepMs: [0, 890_000, false],
  stateBytes: [0, 1_000_000, true],
  memory: [128, 10_240, true],
  concurrency: [1, 1_000, true],
  burst: [1, 1_000, true],
  activeHours: [1, 24, false],
  cu: [0.25, 16, false],
  distanceMs: [0, 1_000, false],
  retentionDays: [0, 3_650, false],
  historyDays: [0, 30, false],
};

/** An argument that is not one, or has no sense; the message says what is taken. */
export class WrongArgumentError extends Error {
  override readonly name = "WrongArgumentError";
}

const flagOf = (name: string) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
const FLAGS = new Map(Object.keys(defaultWorkload).map((name) => [flagOf(name).slice(2), name as keyof Workload]));

/**
 * Reads the arguments of `npm run cost`; what is not given is as in `defaultWorkload`.
 *
 * @throws WrongArgumentError
 */
export function readWorkload(args: readonly string[]): Workload {
  const options = Object.fromEntries([...FLAGS.keys()].map((flag) => [flag, { type: "string" as const }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given: Record<string, number | string> = {};
  for (const token of tokens) {
    const name = token.kind === "option" ? FLAGS.get(token.name) : undefined;
    if (token.kind !== "option" || name === undefined) throw new WrongArgumentError(unknown(token));
    given[name] = valueOf(name, token.value);
  }
  return { ...defaultWorkload, ...given };
}

function unknown(token: { readonly kind: string; readonly rawName?: string; readonly value?: string | undefined }): string {
  const said = token.kind === "option" ? token.rawName : token.value;
  return `Unknown argument ${said ?? "--"}: npm run cost takes ${[...FLAGS.keys()].map((flag) => `--${flag}`).join(", ")}.`;
}

function valueOf(name: keyof Workload, text = ""): number | string {
  if (name === "neon") {
    if (!PLANS.some((plan) => plan === text)) throw new WrongArgumentError(`--neon takes ${PLANS.join(", ")}.`);
    return text;
  }
  const [least, most, whole] = RANGES[name];
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new WrongArgumentError(`${flagOf(name)} takes a ${whole ? "whole " : ""}number from ${least} to ${most}.`);
}

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { bundledScript } from "../../support/bundled-script.ts";
import type { TestDatabase } from "../../support/database.ts";
import { startScript } from "../../support/processes.ts";
import type { PollerProcessOptions } from "./poller-process.ts";

export type KillPoint = PollerProcessOptions["point"];

/** What a series of kills came to: how many of each kind, and when which process died. */
export interface Kills {
  readonly byPoint: Record<KillPoint, number>;
  readonly deaths: Map<number, number>;
}

interface Options {
  readonly database: TestDatabase;
  readonly ledger: string;
  readonly offers: string;
  readonly ttlMs: number;
  readonly kills: number;
  readonly random: () => number;
  /**
   * Enqueues the next runs: called before each poller that is to die, so that it has something to
   * do.
   */
  readonly feed: () => Promise<void>;
  readonly finished: () => Promise<boolean>;
}

const points: readonly KillPoint[] = ["after-claim", "after-effect", "after-advance", "at-random"];

/**
 * Keeps two pollers running as processes of their own and lets them die by SIGKILL until there were
 * `kills` deaths; then lets two live until all is finished, and ends them.
 */
export async function killPollers(options: Options): Promise<Kills> {
  const kills: Kills = { byPoint: { "after-claim": 0, "after-effect": 0, "after-advance": 0, "at-random": 0 }, deaths: new Map() };
  let begun = 0;
  const slot = async () => {
    while (begun < options.kills) await liveAndDie(options, kills, points[begun++ % points.length]!);
  };
  await Promise.all([slot(), slot()]);
  const survivors = [startPoller(options, "at-random", Infinity), startPoller(options, "at-random", Infinity)];
  while (!(await options.finished())) await new Promise((resolve) => setTimeout(resolve, 200));
  const ends = survivors.map((survivor) => once(survivor, "exit"));
  for (const survivor of survivors) survivor.kill("SIGKILL");
  await Promise.all(ends);
  return kills;
}

async function liveAndDie(options: Options, kills: Kills, point: KillPoint): Promise<void> {
  await options.feed();
  const after = Math.floor(options.random() * { "after-claim": 2, "after-effect": 60, "after-advance": 8, "at-random": 1 }[point]);
  const child = startPoller(options, point, after);
  const exit = once(child, "exit");
  if (point === "at-random") {
    await once(child.stdout!, "data");
    await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, options.random() * 400))]);
    child.kill("SIGKILL");
  }
  // The other poller may have taken all there was: then this one never comes to its point, and dies
  // at a random one.
  let counted = point;
  const idle = setTimeout(() => {
    counted = "at-random";
    child.kill("SIGKILL");
  }, 5_000);
  const [code, signal] = (await exit) as [number | null, string | null];
  clearTimeout(idle);
  if (signal !== "SIGKILL") throw new Error(`a poller ended by itself with exit code ${code}`);
  kills.byPoint[counted]++;
  kills.deaths.set(child.pid!, Date.now());
}

/** Starts a poller that dies at a point; with the test process at the latest. */
export function startPoller(
  options: Pick<Options, "database" | "ledger" | "offers" | "ttlMs">,
  point: KillPoint,
  after: number,
): ChildProcess {
  const given: PollerProcessOptions = {
    url: options.database.url("poller"),
    neonEndpoint: options.database.neon.url,
    ledger: options.ledger,
    offers: options.offers,
    ttlMs: options.ttlMs,
    point,
    after: Number.isFinite(after) ? after : 1e9,
    failing: 10,
  };
  const script = bundledScript(new URL("poller-process.ts", import.meta.url), dirname(options.ledger));
  return startScript(script, JSON.stringify(given));
}

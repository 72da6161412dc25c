import { createRegistry, type Registry } from "../../../shared/domain/registry.ts";
import type { AnyWorkflow } from "../../../shared/domain/workflow-types.ts";
import { pause } from "../../../shared/engine/ask.ts";
import { newReport, type PollReport } from "../../../shared/engine/poll/poll-report.ts";
import { pollQueue } from "../../../shared/engine/poll/poll-queue.ts";
import { defaultSettings, type Poller } from "../../../shared/engine/poll/poller.ts";
import { UnsettledError } from "../../../shared/engine/poll/settle.ts";
import type { RunStore } from "../../../shared/engine/ports.ts";
import { keys } from "./answerers.ts";
import { ProcessClock, type VirtualTime } from "./clock.ts";
import type { Faults } from "./faults.ts";

const TTL_MS = 30_000;

/** What pollers share. */
export interface Site {
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly workflows: readonly AnyWorkflow[];
  readonly storeFor: (clock: ProcessClock) => RunStore;
  readonly newId: () => string;
  /** Told what went wrong. */
  readonly wrong: string[];
}

/** Processes that poll, of which some crash or freeze. */
export class Pollers {
  readonly #site: Site;
  readonly #registry: Registry;
  readonly #clocks: ProcessClock[] = [];
  /** When the last one that is frozen wakes up. */
  thawedAt = 0;

  constructor(site: Site, count: number) {
    this.#site = site;
    this.#registry = createRegistry(site.workflows, { pollerTimeoutMs: 300_000 });
    for (let n = 0; n < count; n++) this.#start(n);
  }

  #start(n: number): void {
    const { time, faults } = this.#site;
    const clock = (this.#clocks[n] = new ProcessClock(time, time.now - faults.between(0, 1_000_000)));
    void this.#work(clock, n);
    this.#endanger(n, clock);
  }

  /** Something may happen to it until all is calm; one that is dead is followed by another. */
  #endanger(n: number, clock: ProcessClock): void {
    const { time, faults } = this.#site;
    time.after(faults.between(1, 40_000), () => {
      if (clock.isDead) return this.#start(n);
      if (!faults.isCalm) this.#strike(clock);
      this.#endanger(n, clock);
    });
  }

  #strike(clock: ProcessClock): void {
    const { time, faults } = this.#site;
    const luck = faults.random();
    if (luck < 0.2) {
      faults.count("crash");
      clock.die();
    } else if (luck < 0.4) {
      const freezes = faults.between(1, 3) * TTL_MS - faults.between(0, 10_000);
      faults.count(freezes > TTL_MS ? "freeze beyond the lease" : "freeze");
      this.thawedAt = Math.max(this.thawedAt, time.now + freezes);
      clock.freeze(freezes, faults.random() < 0.5);
    }
  }

  async #work(clock: ProcessClock, n: number): Promise<void> {
    const { faults, wrong } = this.#site;
    const poller = this.#newPoller(clock);
    for (;;) {
      const report = newReport();
      const end = clock.now() + [60_000, 120_000, 300_000][faults.between(0, 2)]!;
      try {
        await pollQueue({ ...poller, remainingMs: () => end - clock.now() }, faults.random() < 0.85, report);
      } catch (thrown) {
        if (!(thrown instanceof UnsettledError)) wrong.push(`a poll throws ${(thrown as Error).stack}`);
      }
      await pause({ clock }, restAfter(report, faults, n));
    }
  }

  #newPoller(clock: ProcessClock): Poller {
    const { faults, storeFor, newId, wrong } = this.#site;
    const grave = (message: string, fields: unknown) => wrong.push(`${message}: ${JSON.stringify(fields)}`);
    const silent = () => undefined;
    return {
      store: storeFor(clock),
      tickets: { keys: () => Promise.resolve(keys), publicUrl: "https://baton.invalid" },
      registry: this.#registry,
      logger: { debug: silent, info: silent, warn: silent, error: (message, fields) => void (isLawful(message) || grave(message, fields)) },
      clock,
      settings: {
        ...defaultSettings,
        ttlMs: TTL_MS,
        batch: [1, 3, 100][faults.between(0, 2)]!,
        concurrency: [1, 4, 50][faults.between(0, 2)]!,
        leases: faults.between(1, 2),
        lingerMs: [0, 15_000][faults.between(0, 1)]!,
      },
      memory: { low: {} },
      random: faults.random,
      newToken: newId,
      newRunId: newId,
      remainingMs: () => 300_000,
    };
  }
}

/** What the engine says of a lease whose rounds were lost, or which a late claim made anew. */
function isLawful(message: string): boolean {
  return /a lease is given up/.test(message);
}

/** Until something is due, or another's lease ends. Once all is calm one poller is enough. */
function restAfter({ dueInMs, leaseExpiresInMs }: PollReport, faults: Faults, n: number): number {
  if (faults.isCalm && n > 0) return 3_600_000;
  const soonest = Math.min(dueInMs ?? Infinity, leaseExpiresInMs ?? Infinity, 60_000);
  return Math.max(soonest, 100) + (faults.isCalm ? 0 : faults.between(0, 10_000));
}

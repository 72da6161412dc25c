import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { watchdog } from "../../infra/local/postgres/lifeline.ts";
import type { ConnectOptions, Driver } from "../../shared/db/connect.ts";
import type { Ledger } from "./ledger.ts";
import type { PollerOptions } from "./poller-process.ts";

export const TTL_MS = 2_000;

const PROGRAM = fileURLToPath(new URL("poller-process.ts", import.meta.url));
const DRIVERS: readonly Driver[] = ["neon", "pg"];

/**
 * Some pollers as processes, half of them through either driver; who dies is followed by another
 * one.
 */
export class Pollers {
  readonly #connection: (driver: Driver) => ConnectOptions;
  readonly #folder: string;
  readonly #ledger: Ledger;
  readonly #living: ChildProcess[] = [];
  #started = 0;
  #ends = false;

  constructor(folder: string, ledger: Ledger, connection: (driver: Driver) => ConnectOptions) {
    this.#folder = folder;
    this.#ledger = ledger;
    this.#connection = connection;
  }

  start(count: number): void {
    for (let slot = 0; slot < count; slot++) this.#startIn(slot);
  }

  /** The poller in a slot dies at once. */
  async kill(slot: number): Promise<void> {
    const poller = this.#living[slot % this.#living.length]!;
    if (poller.exitCode !== null || poller.signalCode !== null) return;
    const exit = once(poller, "exit");
    poller.kill("SIGKILL");
    await exit;
  }

  /** The poller in a slot stands still, and then goes on as if nothing had happened. */
  async freeze(slot: number, milliseconds: number): Promise<void> {
    const poller = this.#living[slot % this.#living.length]!;
    poller.kill("SIGSTOP");
    await pause(milliseconds);
    poller.kill("SIGCONT");
  }

  get count(): number {
    return this.#living.length;
  }

  async end(): Promise<void> {
    this.#ends = true;
    await Promise.all(this.#living.map((_poller, slot) => this.kill(slot)));
  }

  #startIn(slot: number): void {
    const options: PollerOptions = {
      connection: this.#connection(DRIVERS[slot % DRIVERS.length]!),
      ledger: join(this.#folder, `poller-${this.#started++}.jsonl`),
      ttlMs: TTL_MS,
    };
    const poller = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ["ignore", "ignore", "inherit"] });
    const callOff = watchdog(poller.pid!, "KILL");
    this.#living[slot] = poller;
    poller.once("exit", (code, signal) => {
      callOff();
      if (signal !== "SIGKILL") this.#ledger.problem(`a poller ended by itself: ${signal ?? `exit code ${code}`}`);
      if (!this.#ends) this.#startIn(slot);
    });
  }
}

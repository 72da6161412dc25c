import type { Json } from "../../domain/json.ts";
import type { Attempted, Logger, Memory, State, StepContext } from "../../domain/node.ts";
import type { AttemptMove } from "../../domain/moves.ts";
import type { Redact } from "../../domain/redact.ts";
import type { Registry } from "../../domain/registry.ts";
import type { TicketOffice } from "./hand-out.ts";
import type { PollReport } from "./poll-report.ts";
import type { QueueNudges } from "./queue-nudges.ts";
import type { Clock, Heartbeat, RunStore } from "../ports.ts";

/** How a poller works; sizes in runs and bytes, times in milliseconds. */
export interface PollerSettings {
  /** Runs in a lease at most (default 100). */
  readonly batch: number;
  /**
   * Input and outputs in one answer of the database at most (default 4 MiB; one run always fits).
   */
  readonly maxBytes: number;
  /** Handlers that run at the same time at most, in all leases together (default 50). */
  readonly concurrency: number;
  /**
   * Leases worked at the same time at most (default 2): while one waits for its round, the handlers
   * of another run.
   */
  readonly leases: number;
  /**
   * How long a lease lasts without a round (default 30 s); a heartbeat goes out at a third of it.
   */
  readonly ttlMs: number;
  /**
   * How long a result waits for others, while eight times as many handlers are still out (default
   * 10 ms).
   */
  readonly gatherMs: number;
  /** How far ahead the next due time may lie for the poller to wait for it (default 15 s). */
  readonly lingerMs: number;
  /**
   * What a step's own timeout must leave of the invocation's time, to store its result (default 5
   * s).
   */
  readonly reserveMs: number;
}

export const defaultSettings: PollerSettings = {
  batch: 100,
  maxBytes: 4 * 1024 * 1024,
  concurrency: 50,
  leases: 2,
  ttlMs: 30_000,
  gatherMs: 10,
  lingerMs: 15_000,
  reserveMs: 5_000,
};

/** What a process keeps from one invocation to the next; losing it costs a tick. */
export interface PollerMemory {
  /** When it last ticked, in clock time. */
  tickedAt?: number;
  /** The watermark of the last answer. */
  low: Json;
}

/** Makes one attempt, as `HandlerNode.run` does. */
export type CallHandler = (move: AttemptMove, state: State, context: StepContext, memory: Memory | undefined) => Promise<Attempted>;

/** Everything one invocation works with; remainingMs is the time it has left. */
export interface Poller {
  readonly store: RunStore;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Masks the texts of errors before they are stored (default `redactSecrets`). */
  readonly redact?: Redact;
  readonly clock: Clock;
  readonly settings: PollerSettings;
  readonly memory: PollerMemory;
  /**
   * Whose runs it claims, and whose handlers it calls. Default: those of the default queue, and
   * every handler, whatever its node says.
   */
  readonly queue?: string | undefined;
  /** Wakes pollers of other queues; without it, their schedules find what is parked for them. */
  readonly others?: QueueNudges;
  readonly random: () => number;
  readonly newToken: () => string;
  /** Makes the id of a run that starts at a time (default: a UUIDv7 of it). */
  readonly newRunId?: (now: number) => string;
  readonly remainingMs: () => number;
  /** Calls handlers in the place of their nodes: a test may have other answers. */
  readonly callHandler?: CallHandler;
  /** Signs links and tokens; without one, nodes that hand some out fail. */
  readonly tickets?: TicketOffice | undefined;
  /** Beats while a handler blocks the event loop; without one, such a lease expires. */
  readonly heartbeat?: Heartbeat;
  /** Told what there is to tell so far, at each tick while it works: once a minute. */
  readonly ticked?: (report: PollReport) => void;
}

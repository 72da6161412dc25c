import type { AdvanceAnswer, ClaimAnswer, ClaimRequest, TickAnswer } from "../domain/protocol.ts";
import type { Statement } from "../domain/statement.ts";

/** Where runs are kept: the SQL functions of the same names. Every call may be sent twice. */
export interface RunStore {
  tick(): Promise<TickAnswer>;
  claim(token: string, request: ClaimRequest): Promise<ClaimAnswer>;
  /** request is JSON text, so that a round is sent again byte for byte. */
  advance(token: string, round: number, request: string): Promise<AdvanceAnswer>;
  advanceWith(token: string, round: number, request: string, statements: readonly Statement[]): Promise<AdvanceAnswer>;
  release(token: string): Promise<{ released: number }>;
}

/**
 * Time as a poller sees it: only ever differences, in milliseconds. Stored times are the
 * database's.
 */
export interface Clock {
  now(): number;
  /** Calls back once after a time; returns what calls it off. */
  after(milliseconds: number, callback: () => void): () => void;
}

/**
 * Keeps leases alive while the poller's own thread cannot, because a handler holds it up. Times in
 * milliseconds.
 */
export interface Heartbeat {
  /**
   * The database has known of this lease since `heardAgoMs` ago; it is worth keeping for `forMs`
   * from now at most.
   */
  keep(token: string, heardAgoMs: number, forMs: number): void;
  /** The lease is over. */
  drop(token: string): void;
}

/** A timer of Node's that is longer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What is later than in 24 days it calls after 24 days, and whoever is called looks again. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, milliseconds), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

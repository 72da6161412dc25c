/**
 * The handlers that may run at the same time in one invocation, shared by its leases. A lease that
 * is worked has joined it with what starts more of its handlers.
 */
export class HandlerLimit {
  readonly #most: number;
  #running = 0;
  readonly #leases = new Map<object, () => void>();

  constructor(most: number) {
    this.#most = most;
  }

  /** How many more may run. */
  get idle(): number {
    return this.#most - this.#running;
  }

  join(lease: object, startMore: () => void): void {
    this.#leases.set(lease, startMore);
  }

  leave(lease: object): void {
    this.#leases.delete(lease);
  }

  take(): void {
    this.#running++;
  }

  /** A handler came back: its own lease may start one first, then the others. */
  free(own: object): void {
    this.#running--;
    this.#leases.get(own)?.();
    for (const [lease, startMore] of this.#leases) if (lease !== own) startMore();
  }
}

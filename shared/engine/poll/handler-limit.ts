interface Joined {
  readonly lease: object;
  readonly startMore: () => void;
}

/**
 * The handlers that may run at the same time in one invocation, shared by its leases. A lease that
 * is worked has joined it with what starts more of its handlers.
 */
export class HandlerLimit {
  readonly #most: number;
  #running = 0;
  #leases: readonly Joined[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** How many more may run. */
  get idle(): number {
    return this.#most - this.#running;
  }

  join(lease: object, startMore: () => void): void {
    this.#leases = [...this.#leases, { lease, startMore }];
  }

  leave(left: object): void {
    this.#leases = this.#leases.filter(({ lease }) => lease !== left);
  }

  take(): void {
    this.#running++;
  }

  /** A handler came back: its own lease may start one first, then the others. */
  free(own: object): void {
    this.#running--;
    for (const { lease, startMore } of this.#leases) if (lease === own) startMore();
    for (const { lease, startMore } of this.#leases) if (lease !== own) startMore();
  }
}

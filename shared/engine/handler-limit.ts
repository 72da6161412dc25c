/** What waits until a handler may start. */
interface Starter {
  startMore(): void;
}

/** The handlers that may run at the same time in one invocation, shared by its leases. */
export class HandlerLimit {
  running = 0;
  /** The leases that are worked now. */
  readonly leases = new Set<Starter>();

  /** A handler came back: its own lease may start one first, then the others. */
  free(own: Starter): void {
    this.running--;
    own.startMore();
    for (const lease of this.leases) if (lease !== own) lease.startMore();
  }
}

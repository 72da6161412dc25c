/**
 * Wakes pollers of other queues, for which runs were parked: the one case in which a poller wakes
 * another. Of a queue one call is out at a time, and one more follows it for all that was parked
 * meanwhile; so there are no more of them than rounds that park.
 */
export class QueueNudges {
  readonly #nudge: (queue: string) => Promise<void>;
  readonly #out = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();

  /** nudge: never rejects. */
  constructor(nudge: (queue: string) => Promise<void>) {
    this.#nudge = nudge;
  }

  tell(queue: string): void {
    if (this.#out.has(queue)) this.#again.add(queue);
    else this.#out.set(queue, this.#send(queue));
  }

  async #send(queue: string): Promise<void> {
    do {
      this.#again.delete(queue);
      await this.#nudge(queue);
    } while (this.#again.has(queue));
    this.#out.delete(queue);
  }

  /** What is not awaited is lost when the function freezes. */
  async settled(): Promise<void> {
    await Promise.all(this.#out.values());
  }
}

/** Tells a loop that something has changed, so that it looks again. */
export class Changes {
  #resolve: (() => void) | undefined;
  #missed = false;

  /** Resolves at the next change, or at once when there was one since the last time. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#missed) resolve();
      else this.#resolve = resolve;
      this.#missed = false;
    });
  }

  tell(): void {
    if (this.#resolve === undefined) this.#missed = true;
    else this.#resolve();
    this.#resolve = undefined;
  }
}

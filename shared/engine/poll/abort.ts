/**
 * Tells a handler to stop. The signal is made when it is first asked for: most handlers never do,
 * and an AbortController is among the most expensive parts of an attempt.
 */
export class Abort {
  private controller: AbortController | undefined;
  private reason: Error | undefined;

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason !== undefined) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  abort(reason: Error): void {
    this.reason ??= reason;
    this.controller?.abort(this.reason);
  }
}

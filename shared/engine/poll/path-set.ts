/**
 * A set of paths that mostly holds one: a Set for each member of a lease took a microsecond a step,
 * in the garbage collector.
 */
export class PathSet {
  private first: string | undefined;
  private others: Set<string> | undefined;

  get size(): number {
    return (this.first === undefined ? 0 : 1) + (this.others?.size ?? 0);
  }

  has(path: string): boolean {
    return path === this.first || this.others?.has(path) === true;
  }

  *[Symbol.iterator](): Generator<string> {
    if (this.first !== undefined) yield this.first;
    if (this.others !== undefined) yield* this.others;
  }

  add(path: string): void {
    if (this.has(path)) return;
    if (this.first === undefined) this.first = path;
    else (this.others ??= new Set()).add(path);
  }

  delete(path: string): void {
    if (path === this.first) this.first = undefined;
    else this.others?.delete(path);
  }
}

import { now, storing } from "../author.ts";
import { beginChain, type Chain, type ChainStanding } from "../chain.ts";
import { checkJson, type Json } from "../json.ts";
import { indexOf, indexText, isReadWhole } from "../parts.ts";
import type { Move } from "../moves.ts";
import {
  isRow,
  later,
  lookTogether,
  Stray,
  Turn,
  wakeTries,
  type Fact,
  type Fatal,
  type Look,
  type Scene,
  type Standing,
  type Tries,
} from "../standing.ts";
import type { Collect, Gathering } from "./map-options.ts";
import { beginning, type Fold, type Open, type Progress } from "./progress.ts";
import { failedResult, resultOf } from "./settled.ts";

/** What a map says. */
export interface Mapping extends Gathering {
  readonly chain: Chain;
  readonly concurrency: number;
}

/** How many items are collected in one row. */
export const ITEMS_IN_FOLD = 100;
/**
 * With more bytes of results that wait for their turn, fewer are collected in one row, and no more
 * items begin: behind a slow item they would fill the state.
 */
export const BYTES_OF_FOLD = 1024 * 1024;

/** A map whose list is stored. */
export class Items implements Standing {
  readonly output: Json | undefined;
  readonly fatal: Fatal | undefined;
  private readonly path: string;
  private readonly mapping: Mapping;
  private readonly items: readonly Json[];
  private readonly tries: Tries;
  private readonly at: Progress;
  private readonly planBytes: number;

  private constructor(path: string, mapping: Mapping, items: readonly Json[], planBytes: number, tries: Tries, at: Progress) {
    this.path = path;
    this.mapping = mapping;
    this.items = items;
    this.planBytes = planBytes;
    this.tries = tries;
    this.at = at;
    const exceeded = this.exceeded();
    // Where all items are over, what its functions failed with was forgiven before.
    if (exceeded === undefined && this.isOver()) this.output = mapping.collect === undefined ? at.settled.inOrder() : at.sum;
    else this.fatal = later(tries.fatal, exceeded);
  }

  static begin(path: string, mapping: Mapping, items: readonly Json[], planBytes: number, tries: Tries): Standing {
    return new Items(path, mapping, items, planBytes, tries, beginning(mapping.from));
  }

  private isOver(): boolean {
    const { begun, open, folded } = this.at;
    return begun >= this.items.length && open.length === 0 && (this.mapping.collect === undefined || folded >= this.items.length);
  }

  private exceeded(): Fatal | undefined {
    const { failed, firstFailed } = this.at;
    const tolerated = this.mapping.tolerance(this.items.length);
    if (firstFailed === undefined || failed <= tolerated) return undefined;
    const { index, at, error } = firstFailed;
    const among = `${failed} of ${this.items.length} items failed for good${tolerated > 0 ? `, more than the ${tolerated} that are tolerated` : ""}`;
    return { at, error: { ...error, message: `Item ${index} of "${this.path}": ${error.message} (${among})` } };
  }

  get bytes(): number {
    const { open, settled, ownBytes } = this.at;
    return this.planBytes + ownBytes + settled.bytes + open.reduce((sum, { chain }) => sum + chain.bytes, 0);
  }

  get stray(): string | undefined {
    return this.at.open.find(({ chain }) => chain.stray !== undefined)?.chain.stray;
  }

  private with(at: Progress, tries = this.tries): Items {
    return new Items(this.path, this.mapping, this.items, this.planBytes, tries, at);
  }

  take(path: string, fact: Fact): Standing {
    if (path === this.path && !isRow(fact)) return this.with(this.at, fact);
    const from = this.path.length + 1;
    if (path[from] === "~" && isRow(fact)) return this.fold(indexOf(path, path.lastIndexOf("/") + 1), fact.output as never, fact.bytes);
    const index = indexOf(path, from);
    if (index >= this.items.length) return new Stray(path);
    if (index < this.at.folded) return this;
    const at = index < this.at.begun ? this.at : { ...this.at, begun: index + 1, open: [...this.at.open, ...this.beginUpTo(index)] };
    const n = at.open.findIndex((open) => open.index === index);
    return n < 0 ? this : this.with(this.settle(at, n, at.open[n]!.chain.take(path, fact)));
  }

  /** An item of which nothing is stored yet may have begun before this one. */
  private beginUpTo(index: number): Open[] {
    return Array.from({ length: index + 1 - this.at.begun }, (_, n) => this.beginItem(this.at.begun + n));
  }

  private beginItem(index: number): Open {
    return { index, chain: beginChain(this.mapping.chain, `${this.path}/${indexText(index)}/`) };
  }

  private settle(at: Progress, n: number, chain: ChainStanding): Progress {
    const { index } = at.open[n]!;
    const { output, fatal, bytes } = chain;
    if (output === undefined && fatal === undefined) return { ...at, open: at.open.with(n, { index, chain }) };
    const open = at.open.toSpliced(n, 1);
    if (fatal !== undefined) return this.settleFailed({ ...at, open }, index, fatal, bytes);
    const result = resultOf(this.mapping.tolerates, output!);
    return { ...at, open, settled: at.settled.append({ index, result, bytes, failed: false }) };
  }

  private settleFailed(at: Progress, index: number, fatal: Fatal, bytes: number): Progress {
    const { firstFailed, failed, settled } = at;
    const isFirst = firstFailed === undefined || fatal.at < firstFailed.at || (fatal.at === firstFailed.at && index < firstFailed.index);
    return {
      ...at,
      settled: settled.append({ index, result: failedResult(fatal.error), bytes, failed: true }),
      failed: failed + 1,
      firstFailed: isFirst ? { ...fatal, index } : firstFailed,
    };
  }

  private fold(folded: number, { sum, failed }: Fold, ownBytes: number): Items {
    const { begun, open, settled, failed: known } = this.at;
    const rest = settled.from(folded);
    return this.with({
      ...this.at,
      begun: Math.max(begun, folded),
      open: open.filter(({ index }) => index >= folded),
      settled: rest,
      failed: Math.max(known, failed),
      folded,
      foldedFailed: failed,
      sum,
      ownBytes: isReadWhole(this.path) ? this.at.ownBytes + settled.bytes - rest.bytes + ownBytes : ownBytes,
    });
  }

  wake(now: number): Standing {
    let at = this.at;
    for (let n = at.open.length - 1; n >= 0; n--) {
      const { chain } = at.open[n]!;
      const woken = chain.wake(now);
      if (woken !== chain) at = this.settle(at, n, woken);
    }
    const tries = wakeTries(this.tries, now);
    return at === this.at && tries === this.tries ? this : this.with(at, tries);
  }

  look(scene: Scene): Look {
    const fold = this.nextFold();
    if (fold !== undefined) return { moves: [fold] };
    return lookTogether(this.toDo().map(({ index, chain }) => chain.look(new Turn(scene, { item: this.items[index]!, index }))));
  }

  /** Those that are open, and as many more as may be; a redrive may have opened more than may. */
  private toDo(): Open[] {
    const { open, begun } = this.at;
    const more = this.isFull() ? 0 : Math.min(this.mapping.concurrency - open.length, this.items.length - begun);
    return more <= 0 ? open.slice(0, this.mapping.concurrency) : [...open, ...this.beginUpTo(begun + more - 1)];
  }

  /** What is not collected is as much as may wait. */
  private isFull(): boolean {
    return this.mapping.collect !== undefined && this.at.settled.bytes >= BYTES_OF_FOLD;
  }

  private nextFold(): Move | undefined {
    const { collect } = this.mapping;
    const end = this.endOfFold();
    if (collect === undefined || end === undefined) return undefined;
    const owner = { path: this.path, tries: this.tries };
    return storing(owner, `${this.path}/~fold/${indexText(end)}`, () => this.collectUpTo(end, collect));
  }

  /** Up to which item results are collected next: a hundred, the last ones, or those that fill. */
  private endOfFold(): number | undefined {
    const { open, begun, folded } = this.at;
    const ready = open[0]?.index ?? begun;
    const isEnough = ready - folded >= ITEMS_IN_FOLD || ready === this.items.length || this.isFull();
    return isEnough && ready > folded ? Math.min(folded + ITEMS_IN_FOLD, ready) : undefined;
  }

  private collectUpTo(end: number, collect: Collect): Fold {
    const { settled, folded, sum, foldedFailed } = this.at;
    const chunk = settled.between(folded, end);
    return {
      sum: chunk.reduce<Json>((all, { result, index }) => checkJson(now(collect(all, result, index), "its collect")), sum),
      failed: foldedFailed + chunk.filter(({ failed }) => failed).length,
    };
  }
}

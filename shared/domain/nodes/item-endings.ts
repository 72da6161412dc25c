import type { ItemEnding, ItemsTold } from "../family.ts";
import type { Json } from "../json.ts";
import { indexText } from "../parts.ts";
import { failureOf } from "./parent.ts";
import { failedResult, resultOf } from "./settled.ts";

/** What an item came to, as the state shows it. */
export function resultOfItem(path: string, ending: ItemEnding, tolerates: boolean): Json {
  if (ending.status === "done") return resultOf(tolerates, ending.output ?? null);
  if (ending.status === "failed") return failedResult(ending.error!);
  const { name, message } = failureOf(`${path}/${indexText(ending.item)}`, ending);
  return failedResult({ name, message });
}

/** Why a map fails: more items failed than may. */
export function failureOfItems(path: string, { failed, firstFailed }: ItemsTold, items: number, tolerated: number): Error {
  const first = firstFailed!;
  const among = `${failed} of ${items} items failed${tolerated > 0 ? `, more than the ${tolerated} that are tolerated` : ""}`;
  return new ItemsFailedError(path, first, `${failureOf(`${path}/${indexText(first.item)}`, first).message} (${among})`);
}

/** More items of a map have failed than may, each a run of its own. */
export class ItemsFailedError extends Error {
  override readonly name = "ItemsFailedError";
  readonly node: string;
  /** The first that failed, and its run. */
  readonly item: number;
  readonly runId: string;

  constructor(node: string, { item, run }: ItemEnding, message: string) {
    super(message);
    this.node = node;
    this.item = item;
    this.runId = run;
  }
}

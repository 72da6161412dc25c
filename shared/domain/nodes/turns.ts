/** What is below an item or a pass, told from what is stored of the whole run. */
import type { Chain } from "../chain.ts";
import type { Json } from "../json.ts";
import type { Inside, StoredRows } from "../node.ts";
import { indexOf, indexText } from "../parts.ts";

/** The item that a row below a map belongs to. */
export function itemInside(chain: Chain, path: string, below: string): Inside | undefined {
  const index = indexOf(below, 0);
  if (index < 0) return undefined;
  const turn = ({ at }: StoredRows) => ({ item: (at(path) as unknown as { readonly items: readonly Json[] }).items[index]!, index });
  return { chain, prefix: `${path}/${indexText(index)}/`, turn };
}

/** The pass that a row below a repeat belongs to. */
export function passInside(chain: Chain, path: string, below: string): Inside | undefined {
  const index = indexOf(below, 0);
  if (index < 0) return undefined;
  const prefixOf = (pass: number) => `${path}/${indexText(pass)}/`;
  const turn = ({ outputOf }: StoredRows) => ({ index, previous: index === 0 ? null : outputOf(chain, prefixOf(index - 1)) });
  return { chain, prefix: prefixOf(index), turn };
}

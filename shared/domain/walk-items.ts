import type { Decision } from "./decision.ts";
import { describeError } from "./errors.ts";
import type { ItemEnding, ItemsStart, ItemsTold } from "./family.ts";
import type { Json } from "./json.ts";
import { indexText } from "./parts.ts";
import type { AnyWorkflow } from "./workflow-types.ts";

/** What an item comes to, by its path, its workflow, which may be code, and its input. */
type Do = (path: string, workflow: string, code: AnyWorkflow | undefined, input: Json) => Promise<Json>;

/** How many are told at once, as a poller is. */
const ITEMS_IN_PAGE = 1000;

/** The items of maps that a walk has come to, where they are runs. */
export class WalkItems {
  private readonly inputs = new Map<string, readonly Json[]>();
  private readonly endings = new Map<string, ItemEnding[]>();
  private readonly folded = new Map<string, number>();
  private readonly doItem: Do;

  constructor(doItem: Do) {
    this.doItem = doItem;
  }

  /** Does what a decision starts, and says how the items of each map stand then. */
  async follow({ rows, family }: Decision): Promise<[path: string, told: ItemsTold][]> {
    for (const { path, output } of rows) this.keep(path, output);
    for (const start of family?.items ?? []) await this.start(start);
    return [...this.endings].map(([path, endings]) => [path, this.tell(path, endings)]);
  }

  private keep(path: string, output: Json): void {
    const [node, mark] = path.split(/\/(~plan|~fold)\//);
    if (mark === "~plan") this.inputs.set(path, (output as unknown as { readonly inputs: readonly Json[] }).inputs);
    if (mark === "~fold" && this.endings.has(node!)) this.folded.set(node!, (output as unknown as { readonly to: number }).to);
  }

  private async start({ path, part, workflow, code }: ItemsStart): Promise<void> {
    const endings = this.endings.get(path) ?? [];
    for (const input of this.inputs.get(`${path}/~plan/${indexText(part)}`)!)
      endings.push(await this.end({ path, workflow, code }, endings.length, input));
    this.endings.set(path, endings);
  }

  private async end(
    { path, workflow, code }: Pick<ItemsStart, "path" | "workflow" | "code">,
    item: number,
    input: Json,
  ): Promise<ItemEnding> {
    try {
      return { item, run: "walk", status: "done", output: await this.doItem(`${path}/${indexText(item)}`, workflow, code, input) };
    } catch (thrown) {
      return { item, run: "walk", status: "failed", error: describeError(thrown) };
    }
  }

  private tell(path: string, endings: readonly ItemEnding[]): ItemsTold {
    const failed = endings.filter(({ status }) => status === "failed");
    const from = this.folded.get(path) ?? 0;
    return { open: 0, behind: 0, failed: failed.length, firstFailed: failed[0], page: endings.slice(from, from + ITEMS_IN_PAGE) };
  }
}

import type { MoreSteps, Operator, StepView } from "../../shared/operator.ts";
import { withChildren } from "../local/start/run-follower.ts";

const PAGE = 100;

/**
 * The steps of a run that its view only counts. Pages whose steps are all done are read once: a
 * map of 10,000 items is looked at twice a second.
 */
export class HiddenSteps {
  readonly #operator: Pick<Operator, "steps">;
  readonly #id: string;
  /** By node: the last step of the pages that need no second look. */
  readonly #done = new Map<string, string>();

  constructor(operator: Pick<Operator, "steps">, id: string) {
    this.#operator = operator;
    this.#id = id;
  }

  /** Those below these steps, however deep. */
  async below(steps: readonly StepView[]): Promise<StepView[]> {
    const found: StepView[] = [];
    for (const { path, more } of steps.flatMap(withChildren)) if (more) found.push(...(await this.#list(path, more)));
    return found;
  }

  async #list(under: string, more: MoreSteps): Promise<StepView[]> {
    const found: StepView[] = [];
    let cursor: string | null | undefined = this.#done.get(under) ?? cursorOf(more);
    for (let isDone = true; cursor !== null;) {
      const page = await this.#operator.steps(this.#id, { under, limit: PAGE, ...(cursor !== undefined && { cursor }) });
      // Items begin in their order.
      if (page === null || page.steps.every(({ status }) => status === "pending")) break;
      found.push(...page.steps.flatMap(withChildren), ...(await this.below(page.steps)));
      isDone &&= page.steps.every(({ status }) => status === "done");
      if (isDone) this.#done.set(under, page.steps.at(-1)!.name);
      cursor = page.cursor;
    }
    return found;
  }
}

function cursorOf({ link }: MoreSteps): string | undefined {
  return new URLSearchParams(link.split("?")[1]).get("cursor") ?? undefined;
}

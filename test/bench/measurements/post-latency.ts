import { setTimeout as pause } from "node:timers/promises";
import type { RunView } from "../../../shared/client.ts";
import type { RunningService } from "../../journeys/service-copy.ts";
import { until } from "../../support/until.ts";
import { withNpmStart } from "./npm-start.ts";
import { median, quantile } from "./statistics.ts";

const runs = 60;

/**
 * Milliseconds from the POST to the start of the first step, through everything that `npm start`
 * starts: reported without a goal.
 */
export function measurePost(): Promise<{ startP50: number; startP95: number }> {
  return withNpmStart("support/workflows.ts", async (service) => {
    const took: number[] = [];
    for (let n = 0; n < runs; n++) {
      const postedAt = Date.now();
      const { id } = (await (
        await service.call("/workflows/fulfil-order/runs", { input: { orderId: `o-${n}`, amountCents: 100 } })
      ).json()) as { id: string };
      await pause(1_000);
      took.push((await startOf(service, id)) - postedAt);
    }
    return { startP50: median(took), startP95: quantile(took, 0.95) };
  });
}

/** When the first step of a run started; the first runs wait for processes that begin. */
async function startOf(service: RunningService, id: string): Promise<number> {
  let startedAt: string | undefined;
  await until(`run ${id} has started`, async () => {
    const { steps } = (await (await service.call(`/runs/${id}`)).json()) as RunView;
    startedAt = steps[0]!.attempts[0]?.startedAt;
    return startedAt !== undefined;
  });
  return Date.parse(startedAt!);
}

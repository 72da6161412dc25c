import { workflows } from "../../../shared/workflows/index.ts";
import type { Api } from "./api.ts";

const INPUTS: Readonly<Record<string, () => Promise<unknown>>> = {
  "fulfil-order": async () => ({ orderId: "o-1", amountCents: 1250 }),
  "transcode-video": async () => (await import("../../../shared/workflows/transcode-video/sample.ts")).sampleUpload(),
};

/** Enqueues one run of each example that is still in the registry; returns their workflows and ids. */
export async function enqueueExamples(api: Api): Promise<{ workflow: string; id: string }[]> {
  const runs: { workflow: string; id: string }[] = [];
  for (const { name } of workflows) {
    const input = await INPUTS[name]?.();
    if (input !== undefined) runs.push({ workflow: name, id: await api.enqueue(name, input) });
  }
  return runs;
}

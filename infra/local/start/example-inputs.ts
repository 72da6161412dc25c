// Prints an input for each example that is still in the registry to the descriptor 3, since
// workflows may print to the others.
import { writeSync } from "node:fs";
import { workflows } from "../../../shared/workflows/index.ts";

const INPUTS: Readonly<Record<string, () => Promise<unknown>>> = {
  "fulfil-order": async () => ({ orderId: "o-1", amountCents: 1250 }),
  "transcode-video": async () => (await import("../../../shared/workflows/transcode-video/sample.ts")).sampleUpload(),
};

const inputs: [workflow: string, input: unknown][] = [];
for (const { name } of workflows) {
  const input = await INPUTS[name]?.();
  if (input !== undefined) inputs.push([name, input]);
}
writeSync(3, JSON.stringify(inputs));
// What the workflows have opened must not keep this process.
process.exit(0);

// Prints an input for each example that is still in the registry to the descriptor 3, since
// workflows may print to the others. `npm start` runs it in a process of its own.
import { writeSync } from "node:fs";
import { workflows } from "../shared/workflows/index.ts";
import { sampleUpload } from "./transcode-video/sample.ts";

const INPUTS: Readonly<Record<string, () => unknown>> = {
  "fulfil-order": () => ({ orderId: "o-1", amountCents: 1250 }),
  "transcode-video": sampleUpload,
  "document-pipeline": () => ({ url: new URL("README.md", import.meta.url).href }),
};

const inputs = workflows.flatMap(({ name }) => (INPUTS[name] === undefined ? [] : [[name, INPUTS[name]()]]));
writeSync(3, JSON.stringify(inputs));
// What the workflows have opened must not keep this process.
process.exit(0);

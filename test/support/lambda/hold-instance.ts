// Starts an instance of the bundle `probe` in a folder, freezes it in the middle of an invocation,
// and lives until it is killed.
import { LambdaInstance } from "./instance.ts";

const instance = await LambdaInstance.start({ functionName: "probe", taskRoot: process.argv[2]!, env: {}, timeoutMs: 300_000 });
await instance.invoke({});
void instance.invoke({ hang: true });
instance.freeze();
process.stdout.write(`${instance.pid}\n`);
setInterval(() => undefined, 60_000);

// The local Neon endpoint in a process of its own:
// `endpoint-process.ts <postgres port> <delay in ms>`; tells its URL, and its count of requests
// whenever it is asked.
import { startNeonEndpoint } from "../../infra/local/neon-endpoint.ts";

const [port, delayMs] = process.argv.slice(2).map(Number) as [number, number];
const endpoint = await startNeonEndpoint({
  postgres: { host: "127.0.0.1", port },
  ...(delayMs > 0 && { faults: () => ({ kind: "delay-before" as const, ms: delayMs }) }),
});
process.on("message", () => process.send!({ requests: endpoint.stats.requests }));
process.on("disconnect", () => process.exit(0));
process.send!({ url: endpoint.url });

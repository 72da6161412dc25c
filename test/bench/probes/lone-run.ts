// One run at a time, each enqueued by the HTTP function and then worked by a nudged poller of its
// own invocation, in a warm process; prints how long each invocation took. Its environment is that
// of the function, and says where the Neon endpoint is.
import { registerHooks } from "node:module";
import { createClient } from "../../../shared/client.ts";
import { connect } from "../../../shared/db/connect.ts";
import { pollQueue } from "../../../shared/engine/poll/poll-queue.ts";
import { context, httpEvent } from "../../support/http-event.ts";
import { createPoller } from "../../support/poller.ts";
import { workflowOf } from "../baton/workflows.ts";
import { payload } from "../contender.ts";

// The function knows the workflows of the tests.
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier.endsWith("/workflows/index.ts") ? new URL("../../support/workflows.ts", import.meta.url).href : specifier, context),
});
const { handler: enqueueRun } = await import("../../../functions/enqueue-run.http.ts");

const [runs, looks, posts] = JSON.parse(process.env["BENCH_COUNTS"]!) as [number, number, number];
const database = connect({ url: process.argv[2]!, driver: "neon", neonEndpoint: process.env["BATON_NEON_ENDPOINT"] });
const workflow = workflowOf("W2", { started() {}, done() {} });
const client = createClient({ database });
const poller = createPoller(database, [workflow], { settings: { lingerMs: 15_000 } });

/** Wall and CPU milliseconds of one call. */
async function timed(call: () => Promise<unknown>): Promise<{ wallMs: number; cpuMs: number }> {
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  await call();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1_000 };
}

const body = { input: { orderId: "o-1", amountCents: 1250 } };
const post = httpEvent({ method: "POST", path: "/workflows/fulfil-order/runs", parameters: { name: "fulfil-order" }, body });

const measured = { lone: [] as object[], look: [] as object[], post: [] as object[] };
for (let n = 0; n < runs; n++) {
  await client.enqueue(workflow, payload);
  measured.lone.push(await timed(() => pollQueue(poller, true)));
}
for (let n = 0; n < looks; n++) measured.look.push(await timed(() => pollQueue(poller)));
for (let n = 0; n < posts; n++) {
  measured.post.push(
    await timed(async () => {
      const { statusCode } = await enqueueRun(structuredClone(post), context);
      if (statusCode !== 202) throw new Error(`the function answered ${statusCode}`);
    }),
  );
}
console.log(JSON.stringify(measured));
await database[Symbol.asyncDispose]();

// One invocation of the poller that has 60 seconds and a backlog it cannot finish; prints what it
// did.
import { connect } from "../../../shared/db/connect.ts";
import { pollQueue } from "../../../shared/engine/poll/poll-queue.ts";
import { createPoller } from "../../support/poller.ts";
import { workflowOf } from "../baton/workflows.ts";

const invocationMs = 60_000;
const [batch, concurrency] = [Number(process.env["BENCH_BATCH"]), Number(process.env["BENCH_CONCURRENCY"])];
const neonEndpoint = process.env["BENCH_NEON_ENDPOINT"];
const database = connect({ url: process.argv[2]!, driver: "neon", neonEndpoint });
const workflow = workflowOf("W2", { started() {}, done() {} }, { timeout: "5 seconds" });
await database.query("select 1");

const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
const remainingMs = () => invocationMs - (performance.now() - startedAt);
const settings = { batch, concurrency, lingerMs: 15_000 };
const { leases } = await pollQueue(createPoller(database, [workflow], { settings, remainingMs }));
const wallMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1_000, leases, maxRssBytes: process.resourceUsage().maxRSS * 1_024 }));
await database[Symbol.asyncDispose]();
